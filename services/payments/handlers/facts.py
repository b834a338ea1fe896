"""The events that payments publishes about money, made from the rows that are saved with them."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.payments.store.payments import Stored
from shared.db.transaction import Tx
from shared.events.payments import PaymentPosted, PaymentReversed, PaymentUnapplied

Row = Mapping[str, Any]

_posted = TypeAdapter(PaymentPosted).validate_python
"""Makes and checks the event in one step: calling the model, and that of each line, takes twice as long."""
_POSTED = tuple(name for name in PaymentPosted.model_fields if name != "allocation")
_posted_values = itemgetter(*_POSTED)
_REVERSED = tuple(PaymentReversed.model_fields)
_UNAPPLIED = tuple(name for name in PaymentUnapplied.model_fields if name != "reason")


def publish_posted(tx: Tx, payment: Stored, *, cause: UUID | None = None) -> None:
    """Publish `payment.posted`; again, with `booked_on`, once the core has booked a payment of ours."""
    values = dict(zip(_POSTED, _posted_values(payment.row), strict=True))
    values["allocation"] = [line._asdict() for line in payment.allocation]
    tx.emit("payment.posted", _posted(values), causation=cause)


def publish_reversed(tx: Tx, reversal: Row, *, cause: UUID | None = None) -> None:
    """Publish `payment.reversed`; again, with `booked_on`, once the core has booked a reversal of ours."""
    tx.emit("payment.reversed", PaymentReversed(**{name: reversal[name] for name in _REVERSED}), causation=cause)


def publish_unapplied(tx: Tx, payment: Row, *, cause: UUID | None = None) -> None:
    """Publish `payment.unapplied`: money is here that cannot be posted yet."""
    values = {name: payment[name] for name in _UNAPPLIED}
    tx.emit("payment.unapplied", PaymentUnapplied(**values, reason=payment["unapplied_reason"]), causation=cause)
