"""What payments publishes: facts about money, and the state of promises and arrangements."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from shared.events.core import AllocationLine, Channel, PositiveMinor, ReversalReason, SourceRef
from shared.events.payload import AccountPayload, AmountMinor, Currency, Moment, Payload

Origin = Literal["core", "ours"]
PromiseStatus = Literal["made", "kept", "partially_kept", "broken", "cancelled"]
ArrangementStatus = Literal["proposed", "active", "at_risk", "completed", "broken", "cancelled"]
InstallmentStatus = Literal["scheduled", "due", "paid", "partial", "missed"]
_MAX_DAYS = 36_500


def _some_days(days: int) -> int:
    if not 0 <= days <= _MAX_DAYS:
        raise PydanticCustomError("days_range", "A grace is 0 to 36500 days")
    return days


GraceDays = Annotated[int, AfterValidator(_some_days)]
"""Checked beside the schema, which was released without a limit: a number that no row can hold is no state of ours."""


class PaymentPosted(AccountPayload):
    """A payment was posted: a fact, applied once by `payment_id`.

    It is published a second time, with the same content and `booked_on` set, when the core's echo shows on which day
    the core booked a payment of ours. Consumers merge the two in any order: `booked_on` only ever goes from null to
    a date.
    """

    payment_id: UUID
    amount_minor: PositiveMinor
    currency: Currency
    effective_on: date
    posted_on: date
    channel: Channel
    source: str
    source_ref: SourceRef
    origin: Origin
    booked_on: date | None = Field(
        default=None, description="For a payment of ours: the `posted_on` of the core's echo."
    )
    allocation: Annotated[tuple[AllocationLine, ...], Field(min_length=1)]
    allocation_basis: Literal["directed", "waterfall"] = Field(
        description="`directed`: sent with the payment. `waterfall`: by product rule; then all of it pays dues."
    )
    review_reasons: tuple[str, ...] = Field(
        default=(),
        description="The kinds of the restrictions on the account when it was posted, for a person's review.",
    )


class PaymentReversed(AccountPayload):
    """A posted payment was reversed, whole: a fact, applied once by `payment_id` (a second changes nothing)."""

    reversal_id: UUID
    payment_id: UUID
    amount_minor: PositiveMinor
    currency: Currency
    reason: ReversalReason
    effective_on: date
    posted_on: date
    origin: Origin
    booked_on: date | None = Field(
        default=None, description="For a reversal of ours: the `posted_on` of the core's echo."
    )


class PaymentUnapplied(AccountPayload):
    """Money is here that cannot be posted yet: its account is not, or not in this currency, or its day has not come.

    It is held, and posted when that changes.
    """

    payment_id: UUID
    amount_minor: PositiveMinor
    currency: Currency
    effective_on: date
    reason: Literal["account-unknown", "currency-mismatch", "effective-date-in-future", "posted-date-in-future"]


class PromiseState(AccountPayload):
    """The whole public state of a promise to pay; the topic says why it was published."""

    promise_id: UUID
    status: PromiseStatus
    amount_minor: PositiveMinor
    paid_minor: AmountMinor
    currency: Currency
    due_on: date
    grace_days: GraceDays
    tolerance_minor: AmountMinor
    made_on: date
    made_at: Moment
    resolved_on: date | None = Field(
        default=None, description="The business date on which it left `made`; null while made."
    )


class InstallmentState(Payload):
    """One instalment of an arrangement and what the account received towards it."""

    due_on: date
    amount_minor: PositiveMinor
    paid_minor: AmountMinor
    status: InstallmentStatus


class ArrangementState(AccountPayload):
    """The whole public state of a payment arrangement; the topic says why it was published."""

    arrangement_id: UUID
    status: ArrangementStatus
    currency: Currency
    total_minor: PositiveMinor
    paid_minor: AmountMinor
    tolerance_minor: AmountMinor
    grace_days: GraceDays
    made_on: date
    made_at: Moment
    next_due_on: date | None = Field(description="The earliest due date not yet paid; null when none is left.")
    resolved_on: date | None = Field(
        default=None, description="The business date on which it was completed, broken or cancelled."
    )
    installments: tuple[InstallmentState, ...]
