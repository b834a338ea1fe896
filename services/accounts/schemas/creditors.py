"""HTTP models of creditors, business dates and what is held for a creditor that is not known yet."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.events.accounts import CreditorKind
from shared.events.payload import Currency, Day

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Zone = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class CreditorIn(BaseModel):
    """What an administrator states of a creditor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name = Field(examples=["Harbor Credit Union"])
    kind: CreditorKind = Field(description="In which legal role the institution collects its debts.")
    currency: Currency
    time_zone: Zone = Field(
        description="IANA name: whose calendar its business dates are.", examples=["America/Denver"]
    )


class CreditorOut(BaseModel):
    """A creditor. `business_date` is null until its first import."""

    model_config = ConfigDict(frozen=True)

    creditor_id: UUID
    name: str
    kind: CreditorKind
    currency: Currency
    time_zone: str
    business_date: date | None
    version: int


class AgingRunIn(BaseModel):
    """Opens a business date: never back, never past today in the creditor's zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    creditor_id: UUID
    business_date: Day = Field(examples=["2026-03-02"])


class AgingRunOut(BaseModel):
    """What opening the date did to the book: accounts looked at, with another bucket or stage, cured, re-queued."""

    model_config = ConfigDict(frozen=True)

    creditor_id: UUID
    business_date: date
    scanned: int
    aged: int
    cured: int
    queues_changed: int


class HeldSnapshotOut(BaseModel):
    """A snapshot that waits for its creditor to be made, or that its creditor could not take."""

    model_config = ConfigDict(frozen=True)

    held_no: int
    creditor_id: UUID
    core_account_number: str
    business_date: date
    received_at: datetime
