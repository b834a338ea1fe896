"""Reads payments and the reversals that wait: one by id, or pages, newest first.

Ids are UUIDv7, so the order by id is the order of arrival.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.payments.schemas.payments import HeldReversalView, PaymentView, ReversalView, lines, unapplied_minor
from services.payments.store.payments import Row, Stored, load_stored, with_allocation
from services.payments.store.reversals import load_reversals
from shared.db.transaction import Tx

_LIST = """
SELECT * FROM payment
WHERE ($1::uuid IS NULL OR account_id = $1)
  AND ($2::uuid[] IS NULL OR creditor_id = ANY($2))
  AND ($3::text IS NULL OR status = $3)
  AND ($4::text IS NULL OR source = $4)
  AND ($5::text IS NULL OR source_ref = $5)
  AND ($6::uuid IS NULL OR payment_id < $6)
ORDER BY payment_id DESC LIMIT $7
"""

_HELD_REVERSALS = """
SELECT * FROM held_reversal
WHERE ($1::uuid[] IS NULL OR creditor_id = ANY($1)) AND ($2::uuid IS NULL OR (creditor_id, source_ref) > ($2, $3))
ORDER BY creditor_id, source_ref LIMIT $4
"""

_VIEWED = frozenset(PaymentView.model_fields) - {
    "allocation",
    "unapplied_minor",
    "arrangements_completed",
    "review_reasons",
    "reversal",
}
_REVERSAL = tuple(ReversalView.model_fields)


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """What a list of payments is limited to; None limits nothing. `creditors` empty: nothing is seen."""

    account_id: UUID | None = None
    creditors: Sequence[UUID] | None = None
    status: str | None = None
    source: str | None = None
    source_ref: str | None = None


async def get_payment(tx: Tx, payment_id: UUID) -> PaymentView | None:
    """One payment as it stands, or None."""
    stored = await load_stored(tx, [payment_id])
    views = await _views(tx, list(stored.values()))
    return views[0] if views else None


async def list_payments(tx: Tx, wanted: PaymentFilter, after: UUID | None, limit: int) -> list[PaymentView]:
    """Payments, newest first, after a payment id."""
    rows = await tx.fetch(
        _LIST, wanted.account_id, wanted.creditors, wanted.status, wanted.source, wanted.source_ref, after, limit
    )
    return await _views(tx, list((await with_allocation(tx, rows)).values()))


async def list_held_reversals(
    tx: Tx, creditors: Sequence[UUID] | None, after: tuple[UUID, str] | None, limit: int
) -> list[HeldReversalView]:
    """Reversals of the core that wait for their payment, by creditor and reference."""
    rows = await tx.fetch(_HELD_REVERSALS, creditors, *(after or (None, None)), limit)
    return [HeldReversalView(**dict(row)) for row in rows]


async def get_reversal(tx: Tx, payment_id: UUID) -> ReversalView | None:
    """The reversal of a payment, or None."""
    row = (await load_reversals(tx, [payment_id])).get(payment_id)
    return None if row is None else _reversal(row)


async def _views(tx: Tx, payments: Sequence[Stored]) -> list[PaymentView]:
    reversed_ids = [payment.row["payment_id"] for payment in payments if payment.row["status"] == "reversed"]
    reversals = await load_reversals(tx, reversed_ids)
    return [_view(payment, reversals.get(payment.row["payment_id"])) for payment in payments]


def _view(payment: Stored, reversal: Row | None) -> PaymentView:
    values: dict[str, Any] = {name: payment.row[name] for name in _VIEWED}
    return PaymentView(
        **values,
        allocation=lines(payment.allocation),
        arrangements_completed=tuple(payment.row["arrangements_completed"]),
        unapplied_minor=unapplied_minor(payment.row),
        review_reasons=tuple(payment.row["review_reasons"]),
        reversal=None if reversal is None else _reversal(reversal),
    )


def _reversal(row: Row) -> ReversalView:
    return ReversalView(**{name: row[name] for name in _REVERSAL})
