"""Promises and arrangements in the latest state that payments published. They may come before their account."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, String, Table
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlmodel import Field

from services.accounts.tables.registry import Base, table_of

_AT = TIMESTAMP(timezone=True)


class PromiseView(Base, table=True):
    """The latest state of a promise that payments published."""

    __tablename__ = "promise_view"
    __table_args__ = (Index("ix_promise_view_account_id", "account_id"),)

    promise_id: UUID = Field(primary_key=True)
    account_id: UUID
    creditor_id: UUID
    status: str
    amount_minor: int = Field(sa_type=BigInteger)
    paid_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=String(3))
    due_on: date
    grace_days: int
    tolerance_minor: int = Field(sa_type=BigInteger)
    made_on: date
    made_at: datetime = Field(sa_type=_AT)
    resolved_on: date | None = None
    version: int = Field(sa_type=BigInteger)


class ArrangementView(Base, table=True):
    """The latest state of an arrangement that payments published."""

    __tablename__ = "arrangement_view"
    __table_args__ = (Index("ix_arrangement_view_account_id", "account_id"),)

    arrangement_id: UUID = Field(primary_key=True)
    account_id: UUID
    creditor_id: UUID
    status: str
    currency: str = Field(sa_type=String(3))
    total_minor: int = Field(sa_type=BigInteger)
    paid_minor: int = Field(sa_type=BigInteger)
    tolerance_minor: int = Field(sa_type=BigInteger)
    grace_days: int
    made_on: date
    made_at: datetime = Field(sa_type=_AT)
    next_due_on: date | None = None
    resolved_on: date | None = None
    terms: dict[str, Any] = Field(
        sa_column=Column(JSONB, nullable=False),
        description='{"installments": [...]}: an object, for an array of JSON arrays would be taken for a matrix.',
    )
    version: int = Field(sa_type=BigInteger)


PROMISE_VIEW: Table = table_of(PromiseView)
ARRANGEMENT_VIEW: Table = table_of(ArrangementView)
