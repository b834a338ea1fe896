"""Payments and their returns, as payments published them.

Facts carry no foreign key to the account: they may come before it.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Computed, Date, Index, String, Table
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlmodel import Field

from services.accounts.tables.registry import Base, table_of

_AT = TIMESTAMP(timezone=True)

# The first snapshot date that contains a booking: the core's own from the day it was posted, ours from the day the
# core echoed it, ours without an echo from the day after (docs/what-the-words-mean.md).
_CONTAINED_ON = "COALESCE(booked_on, CASE WHEN origin = 'core' THEN posted_on ELSE posted_on + 1 END)"


class Entry(Base, table=True):
    """A payment, as `payment.posted` states it: applied once by its id, for ever. Only `booked_on` is ever added."""

    __tablename__ = "entry"
    __table_args__ = (Index("ix_entry_account_id_contained_on", "account_id", "contained_on"),)

    payment_id: UUID = Field(primary_key=True)
    account_id: UUID
    creditor_id: UUID
    amount_minor: int = Field(sa_type=BigInteger)
    dues_minor: int = Field(sa_type=BigInteger, description="The part that pays dues: see `domain.ledger.paying_dues`.")
    currency: str = Field(sa_type=String(3))
    effective_on: date
    posted_on: date
    origin: str
    booked_on: date | None = None
    contained_on: date = Field(sa_column=Column(Date, Computed(_CONTAINED_ON, persisted=True), nullable=False))
    channel: str
    source: str
    source_ref: str
    allocation: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))  # minor units by component
    received_at: datetime = Field(sa_type=_AT)


class Reversal(Base, table=True):
    """The return of a payment, as `payment.reversed` states it: one per payment. It may come before its payment."""

    __tablename__ = "reversal"
    __table_args__ = (Index("ix_reversal_account_id_contained_on", "account_id", "contained_on"),)

    payment_id: UUID = Field(primary_key=True)
    reversal_id: UUID
    account_id: UUID
    creditor_id: UUID
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=String(3))
    reason: str
    effective_on: date
    posted_on: date
    origin: str
    booked_on: date | None = None
    contained_on: date = Field(sa_column=Column(Date, Computed(_CONTAINED_ON, persisted=True), nullable=False))
    received_at: datetime = Field(sa_type=_AT)


ENTRY: Table = table_of(Entry)
REVERSAL: Table = table_of(Reversal)
