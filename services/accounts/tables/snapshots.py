"""What the core stated of accounts at the close of its days, and what waits for its creditor to be made."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index, Table
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlmodel import Field

from services.accounts.tables.registry import Base, table_of

_AT = TIMESTAMP(timezone=True)


class AccountSnapshot(Base, table=True):
    """One account at the close of one day, as the core stated it; or the mark that a complete file left it out.

    One row per day and kind: of one day the last received counts. A row that arrives takes away the mark of its day,
    so a mark that stands beside a row of the same day came after it.
    """

    __tablename__ = "account_snapshot"

    account_id: UUID = Field(primary_key=True)
    is_absent: bool = Field(primary_key=True)
    business_date: date = Field(primary_key=True)
    party_id: UUID | None = None
    product_class: str
    status: str
    opened_on: date | None = None
    charged_off_on: date | None = None
    credit_limit_minor: int | None = Field(default=None, sa_type=BigInteger)
    balance_minor: int = Field(sa_type=BigInteger)
    principal_minor: int | None = Field(default=None, sa_type=BigInteger)
    interest_minor: int | None = Field(default=None, sa_type=BigInteger)
    fees_minor: int | None = Field(default=None, sa_type=BigInteger)
    past_due_minor: int = Field(sa_type=BigInteger)
    oldest_unpaid_due_on: date | None = None
    installment_minor: int | None = Field(default=None, sa_type=BigInteger)
    frequency: str | None = None
    next_due_on: date | None = None


class HeldSnapshot(Base, table=True):
    """A snapshot whose creditor is not known yet: held and visible, applied when the creditor is made."""

    __tablename__ = "held_snapshot"
    __table_args__ = (Index("ix_held_snapshot_creditor_id", "creditor_id"),)

    held_no: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    creditor_id: UUID
    core_account_number: str
    business_date: date
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    received_at: datetime = Field(sa_type=_AT)


ACCOUNT_SNAPSHOT: Table = table_of(AccountSnapshot)
HELD_SNAPSHOT: Table = table_of(HeldSnapshot)
