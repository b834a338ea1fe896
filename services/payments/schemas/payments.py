"""HTTP models of payments, reversals and reallocations. Amounts are whole minor units of `currency`."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.payments.domain.allocation import Line
from shared.events.core import AllocationLine, Channel, CoreAccountNumber, PositiveMinor, ReversalReason, SourceRef
from shared.events.payload import AmountMinor, Currency, Day
from shared.ids import account_id as id_of_account

Status = Literal["posted", "unapplied", "reversed"]
Source = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
AchTrace = Annotated[str, StringConstraints(pattern=r"^\d{15}$")]
Allocation = Annotated[tuple[AllocationLine, ...], Field(min_length=1, max_length=20)]

_ACCOUNT = "2b0a5c9e-6f0e-5d7c-9a55-0c8d5f0e4a11"
_CREDITOR = "6f2c1a34-90d5-4f0e-8f5e-3b1f8f1d2c77"


def lines(allocation: Iterable[Line]) -> tuple[AllocationLine, ...]:
    """An allocation as it is sent."""
    return tuple(AllocationLine(component=line.component, amount_minor=line.amount_minor) for line in allocation)


def unapplied_minor(payment: Mapping[str, Any]) -> int:
    """What of a payment waits for its account: all of it or nothing."""
    amount: int = payment["amount_minor"]
    return amount if payment["status"] == "unapplied" else 0


class _Request(BaseModel):
    # A misspelt field of a money request must not be dropped in silence.
    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountName(_Request):
    """Names an account by its id, or by the pair that the id follows from; with both, they must agree."""

    account_id: UUID | None = None
    creditor_id: UUID | None = None
    core_account_number: CoreAccountNumber | None = None

    @model_validator(mode="after")
    def _names_one_account(self) -> Self:
        if (self.creditor_id is None) != (self.core_account_number is None):
            raise ValueError("creditor_id and core_account_number go together")
        if self.account_id is None and self.creditor_id is None:
            raise ValueError("account_id, or creditor_id and core_account_number, is required")
        if self.account_id is not None and self.account_id != self.resolved_account_id:
            raise ValueError("account_id is not the id of this creditor_id and core_account_number")
        return self

    @property
    def resolved_account_id(self) -> UUID:
        """The account's id, computed from the pair where that was sent."""
        if self.creditor_id is not None and self.core_account_number is not None:
            return id_of_account(self.creditor_id, self.core_account_number)
        if self.account_id is None:
            raise ValueError("no account is named")
        return self.account_id


class PaymentRequest(AccountName):
    """A payment to post."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "creditor_id": _CREDITOR,
                    "core_account_number": "0001234567-L01",
                    "amount_minor": 12550,
                    "currency": "USD",
                    "effective_on": "2026-03-02",
                    "channel": "ach",
                    "source": "lockbox",
                    "source_ref": "LB-20260302-000017",
                    "ach_trace": "091400600000001",
                }
            ]
        },
    )

    amount_minor: PositiveMinor
    currency: Currency
    effective_on: Day = Field(description="The day for which it counts.")
    posted_on: Day | None = Field(
        default=None,
        description="The day on which it was booked; not after both the business date and today. Before the business "
        "date only with the scope `payments:book`. Default: the business date.",
    )
    channel: Channel
    source: Source = Field(description="Who sends it. `core` is core banking itself: with the scope `payments:book`.")
    source_ref: SourceRef = Field(description="Unique per creditor and source, for ever.")
    ach_trace: AchTrace | None = None
    allocation: Allocation | None = Field(
        default=None, description="What it pays; sums to amount_minor. Default: the product's waterfall."
    )


class PaymentAnswer(BaseModel):
    """What became of a payment."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "payment_id": "019a7c0e-7b52-7c3e-b4a6-0d4b9f5f2f10",
                    "account_id": _ACCOUNT,
                    "creditor_id": _CREDITOR,
                    "status": "posted",
                    "allocation": [
                        {"component": "interest", "amount_minor": 2550},
                        {"component": "principal", "amount_minor": 10000},
                    ],
                    "arrangements_completed": [],
                    "unapplied_minor": 0,
                    "review_reasons": [],
                }
            ]
        },
    )

    payment_id: UUID
    account_id: UUID
    creditor_id: UUID
    status: Status
    allocation: tuple[AllocationLine, ...]
    arrangements_completed: tuple[UUID, ...] = Field(description="Arrangements that this payment completed.")
    unapplied_minor: AmountMinor = Field(description="The amount, while it waits for its account; else 0.")
    review_reasons: tuple[str, ...] = Field(
        description="The kinds of the restrictions on the account when it was posted: money is taken all the same, and "
        "a person is to look at it."
    )

    @classmethod
    def of(cls, row: Mapping[str, Any], allocation: Iterable[Line]) -> "PaymentAnswer":
        """Make the answer from a payment's columns and lines."""
        return cls(
            payment_id=row["payment_id"],
            account_id=row["account_id"],
            creditor_id=row["creditor_id"],
            status=row["status"],
            allocation=lines(allocation),
            arrangements_completed=tuple(row["arrangements_completed"]),
            unapplied_minor=unapplied_minor(row),
            review_reasons=tuple(row["review_reasons"]),
        )


class ReversalView(BaseModel):
    """The one reversal of a payment."""

    model_config = ConfigDict(frozen=True)

    reversal_id: UUID
    payment_id: UUID
    account_id: UUID
    amount_minor: PositiveMinor
    currency: Currency
    reason: ReversalReason
    effective_on: date
    posted_on: date | None
    origin: Literal["core", "ours"]
    booked_on: date | None
    taken_at: datetime
    taken_by: str | None


class PaymentView(PaymentAnswer):
    """A payment as it stands."""

    model_config = ConfigDict(frozen=True)

    core_account_number: str | None
    amount_minor: PositiveMinor
    currency: Currency
    effective_on: date
    posted_on: date | None
    channel: Channel
    source: str
    source_ref: str
    ach_trace: str | None
    origin: Literal["core", "ours"]
    booked_on: date | None = Field(description="For a payment of ours: the day on which the core booked it.")
    unapplied_reason: (
        Literal["account-unknown", "currency-mismatch", "effective-date-in-future", "posted-date-in-future"] | None
    )
    allocation_basis: Literal["directed", "waterfall"] | None
    reallocation_of: UUID | None = Field(description="The misapplied payment whose money this is.")
    taken_at: datetime
    taken_by: str | None
    reversal: ReversalView | None


class ReversalRequest(_Request):
    """Takes a whole payment back."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"reason": "nsf", "effective_on": "2026-03-05"}]}
    )

    reason: ReversalReason
    effective_on: Day


class ReallocationRequest(_Request):
    """Where misapplied money belongs: another account of the creditor, another allocation, or both."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"account_id": _ACCOUNT, "effective_on": "2026-03-02"}]},
    )

    account_id: UUID | None = Field(default=None, description="Default: the account where it stands.")
    effective_on: Day | None = Field(default=None, description="Default: the payment's own.")
    allocation: Allocation | None = None


class ReallocationAnswer(BaseModel):
    """The reversal of the misapplied payment, and the payment that has its money now."""

    model_config = ConfigDict(frozen=True)

    reversal: ReversalView
    payment: PaymentAnswer


class HeldReversalView(BaseModel):
    """A reversal from the core that waits for the payment that it reverses."""

    model_config = ConfigDict(frozen=True)

    creditor_id: UUID
    account_id: UUID
    source_ref: str
    reversal_of: str
    amount_minor: PositiveMinor
    currency: Currency
    reason: ReversalReason
    effective_on: date
    posted_on: date
    received_at: datetime
    held_reason: Literal[
        "payment-unknown", "reversal-mismatch", "effective-date-in-future", "posted-date-in-future"
    ] = Field(description="Why it waits: its payment is not here, it does not fit it, or its day has not come.")
