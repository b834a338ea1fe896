"""Dial lists and their records: who may be dialled, and what became of it. No number is in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.contact.tables.registry import Base


class DialList(Base, table=True):
    """A list that was asked for; a job builds it."""

    __tablename__ = "dial_list"
    __table_args__ = (CheckConstraint("status IN ('building', 'ready', 'failed')", name="status"),)

    dial_list_id: UUID = Field(primary_key=True)
    queue: str
    size: int
    creditors: list[str] | None = Field(default=None, sa_type=JSONB)
    """The creditors of the token that asked for it; null: all."""
    traits: list[str] = Field(default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": text("'[]'")})
    status: str
    reason: str | None = None
    listed: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    excluded: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    made_by: str


class DialRecord(Base, table=True):
    """One account on a list, at one number. `rules`: those that kept it off, or stopped it at dial time."""

    __tablename__ = "dial_record"
    __table_args__ = (
        CheckConstraint("status IN ('listed', 'excluded', 'released', 'blocked', 'done')", name="status"),
        Index("uq_dial_record_position", "dial_list_id", "position", unique=True),
        Index("uq_dial_record_account", "dial_list_id", "account_id", unique=True),
        Index("uq_dial_record_attempt_id", "attempt_id", unique=True, postgresql_where=text("attempt_id IS NOT NULL")),
    )

    record_id: UUID = Field(primary_key=True)
    dial_list_id: UUID = Field(foreign_key="dial_list.dial_list_id")
    position: int
    account_id: UUID
    creditor_id: UUID
    party_id: UUID
    contact_point_id: UUID | None = None
    status: str
    rules: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": text("'[]'")}
    )
    not_before: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    attempt_id: UUID | None = None
    result_code: str | None = None


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


DIAL_LIST = _table("dial_list")
DIAL_RECORD = _table("dial_record")
