"""Which topics payments consumes, and what it does in long work: the doors beside HTTP."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from services.payments.handlers.evaluate_date import EVALUATE, EvaluateDate
from services.payments.handlers.follow_accounts import follow_accounts, follow_business_dates, follow_creditors
from services.payments.handlers.receive_payments import receive_payments
from services.payments.settings import PaymentsSettings
from shared.events.topics import TOPICS
from shared.jobs import Chunk
from shared.messaging.message import Subscription, group_of
from shared.messaging.offsets import Offsets, end_offsets, group_has_passed

PAYMENTS_RECEIVED = "core.payment.received"
ACCOUNT_STATES = tuple(
    name for name, topic in TOPICS.items() if topic.owner == "accounts" and name.startswith("account.")
)


def subscriptions(_settings: PaymentsSettings) -> Sequence[Subscription]:
    """One handler for each kind of thing; a polled batch is one pass over the tables of each."""
    return (
        Subscription(("creditor.updated",), follow_creditors),
        Subscription(("business_date.advanced",), follow_business_dates),
        Subscription(ACCOUNT_STATES, follow_accounts),
        Subscription((PAYMENTS_RECEIVED,), receive_payments),
    )


def chunks(settings: PaymentsSettings) -> Mapping[str, Chunk]:
    """The kinds of long work of payments, each with what does one chunk of it."""

    async def ends() -> Offsets:
        return await end_offsets(settings, (PAYMENTS_RECEIVED,))

    async def has_passed(offsets: Mapping[str, int]) -> bool:
        return await group_has_passed(settings, group_of("payments", "main"), offsets)

    return {EVALUATE: EvaluateDate(ends, has_passed, timedelta(seconds=settings.evaluation_wait_s))}
