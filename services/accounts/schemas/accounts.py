"""HTTP models of accounts: the state now or on a past day, and the balance item by item."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.accounts import AccountStatus, Bucket, ProductClass, Stage
from shared.events.payload import Currency, SignedMinor


class AccountOut(BaseModel):
    """An account aged at its creditor's business date, counting every posted entry; or as of a past day."""

    model_config = ConfigDict(frozen=True)

    account_id: UUID
    creditor_id: UUID
    core_account_number: str
    party_id: UUID = Field(description="The primary party.")
    product_class: ProductClass
    status: AccountStatus
    currency: Currency
    balance_minor: SignedMinor
    past_due_minor: int
    days_past_due: int = Field(description="Contractual: pauses never change it.")
    delinquent_days: int = Field(description="Days past due less paused days.")
    oldest_unpaid_due_on: date | None
    next_due_on: date | None = Field(description="The first due date with something unpaid that is not past due.")
    bucket: Bucket
    stage: Stage
    queue: str | None = Field(description="The work queue that it is in; null as of a past day.")
    restrictions: list[str] = Field(description="The kinds of those that hold now, whatever `as_of` says.")
    arrangement_status: str | None
    is_absent: bool = Field(description="The latest complete file left it out.")
    snapshot_on: date
    as_of: date = Field(description="The business date at which it is judged.")
    version: int


class DueOut(BaseModel):
    """What is unpaid of one due."""

    model_config = ConfigDict(frozen=True)

    due_on: date
    amount_minor: int = Field(ge=1)


class BalanceItemOut(BaseModel):
    """A posting that the snapshot does not contain, and what it does to the balance."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["payment", "reversal"]
    payment_id: UUID
    effective_on: date
    posted_on: date
    amount_minor: int = Field(description="Added to the balance: below zero for a payment.")


class BalanceOut(BaseModel):
    """How a balance is made: the snapshot's, and every posting on top of it."""

    model_config = ConfigDict(frozen=True)

    account_id: UUID
    currency: Currency
    as_of: date
    snapshot_on: date
    snapshot_balance_minor: SignedMinor
    items: list[BalanceItemOut]
    balance_minor: SignedMinor
    past_due_minor: int
    dues: list[DueOut] = Field(description="The unpaid dues past due, oldest first.")
    principal_minor: int | None = Field(description="As of the snapshot, like the next two; null when unknown.")
    interest_minor: int | None
    fees_minor: int | None
