"""What core banking publishes: payments as they are booked, and the close-of-day snapshot of each account.

These come from outside: unknown fields are ignored, values are checked, and a bad message becomes a dead letter.
"""

from functools import cached_property
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared import card_numbers
from shared.events.payload import MAX_MINOR, Currency, Day, Id
from shared.ids import account_id


def _no_card_number(text: str) -> str:
    if card_numbers.is_card_number(text):
        raise PydanticCustomError(card_numbers.CODE, "This is the number of a payment card, not of an account.")
    return text


CoreAccountNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), AfterValidator(_no_card_number)
]
SourceRef = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]
PositiveMinor = Annotated[int, Field(gt=0, le=MAX_MINOR, strict=True, description="Whole minor units, above zero.")]
Channel = Literal[
    "branch",
    "ach",
    "card",
    "check",
    "lockbox",
    "share_transfer",
    "wire",
    "online",
    "payroll",
    "insurance",
    "agency",
    "other",
]
Component = Literal["interest", "principal", "principal_only", "fees", "costs", "escrow"]
ReversalReason = Literal["nsf", "returned", "misapplied", "duplicate", "error"]


class AllocationLine(BaseModel):
    """One part of a payment: what it paid. The lines of a payment sum to its amount."""

    model_config = ConfigDict(frozen=True)

    component: Component
    amount_minor: PositiveMinor


class CorePaymentReceived(BaseModel):
    """`core.payment.received`: one payment, or with `reversal_of` the return of one. Key: the core account number."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    creditor_id: Id
    core_account_number: CoreAccountNumber
    amount_minor: PositiveMinor
    currency: Currency
    effective_on: Day
    posted_on: Day | None = None
    channel: Channel
    source_ref: SourceRef
    ach_trace: Annotated[str, StringConstraints(pattern=r"^\d{15}$")] | None = None
    reversal_of: SourceRef | None = None
    reason: ReversalReason | None = None
    allocation: tuple[AllocationLine, ...] | None = None

    @cached_property
    def account_id(self) -> UUID:
        """The account that it pays: computed once, for its locks and for its posting."""
        return account_id(self.creditor_id, self.core_account_number)
