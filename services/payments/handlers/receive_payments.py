"""Takes `core.payment.received` in batches: payments, echoes of ours, and reversals.

The core's event ids cannot be trusted: what makes a message known is its reference. The payments of a batch are
posted before its reversals, so that order within a batch does not matter either.
"""

from collections.abc import Sequence
from typing import Any

from services.payments.domain.allocation import Line
from services.payments.domain.payment import PostPayment
from services.payments.domain.reversal import CoreReversal
from services.payments.handlers.post_payments import conclude, post
from services.payments.handlers.receive_reversals import receive_reversals
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.core import CorePaymentReceived
from shared.ids import new_id
from shared.messaging.message import Message, Rejected


async def receive_payments(tx: Tx, messages: Sequence[Message[Any]]) -> list[Rejected]:
    """Post and reverse what the core sent, reassess the touched accounts once, and say what was refused."""
    payments = [message for message in messages if message.payload.reversal_of is None]
    reversals = [message for message in messages if message.payload.reversal_of is not None]
    posting = await post(tx, [_payment(message) for message in payments])
    taken = await receive_reversals(tx, [_reversal(message.payload) for message in reversals])
    await conclude(tx, posting, posting.touched | taken.touched)
    return [
        Rejected(message, outcome)
        for message, outcome in (
            *zip(payments, posting.decisions, strict=True),
            *zip(reversals, taken.refusals, strict=True),
        )
        if isinstance(outcome, Refusal)
    ]


def _payment(message: Message[Any]) -> PostPayment:
    sent: CorePaymentReceived = message.payload
    return PostPayment(
        payment_id=new_id(),
        account_id=sent.account_id,
        creditor_id=sent.creditor_id,
        core_account_number=sent.core_account_number,
        amount_minor=sent.amount_minor,
        currency=sent.currency,
        effective_on=sent.effective_on,
        posted_on=sent.posted_on,
        channel=sent.channel,
        source="core",
        source_ref=sent.source_ref,
        ach_trace=sent.ach_trace,
        allocation=tuple(Line(line.component, line.amount_minor) for line in sent.allocation)
        if sent.allocation
        else None,
        caused_by=message.event_id,
        is_booked=True,
    )


def _reversal(sent: CorePaymentReceived) -> CoreReversal:
    return CoreReversal(
        reversal_id=new_id(),
        creditor_id=sent.creditor_id,
        account_id=sent.account_id,
        amount_minor=sent.amount_minor,
        currency=sent.currency,
        reason=sent.reason or "returned",
        effective_on=sent.effective_on,
        posted_on=sent.posted_on or sent.effective_on,
        source_ref=sent.source_ref,
        reversal_of=sent.reversal_of or "",
    )
