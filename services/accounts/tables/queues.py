"""Queue definitions, work items, and the history of an account's bucket, queue and commitments.

A work item is open until its account leaves the queue; an account has at most one open item (unique partial index).
The three offer indexes are what keeps `next` flat: the head of the queue, leases that ran out, dates that have come.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, String, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlmodel import Field

from services.accounts.domain.calling_hours import UNKNOWN
from services.accounts.tables.registry import Base, table_of

_AT = TIMESTAMP(timezone=True)


class QueueDefinition(Base, table=True):
    """One queue as data. `revision` is new at every change: what was compiled from it is cached under it."""

    __tablename__ = "queue_definition"

    code: str = Field(primary_key=True)
    creditor_id: UUID | None = None
    rank: int
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    version: int = Field(default=1, sa_type=BigInteger)
    revision: UUID
    updated_at: datetime = Field(sa_type=_AT)
    updated_by: str


class WorkItem(Base, table=True):
    """One account in one queue; see `domain/work_item.py`."""

    __tablename__ = "work_item"
    __table_args__ = (
        Index("uq_work_item_open_account_id", "account_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index(
            "ix_work_item_head",
            "queue",
            "creditor_id",
            "calling_group",
            text("priority DESC"),
            "work_item_id",
            postgresql_where=text(
                "closed_at IS NULL AND is_offerable AND leased_until IS NULL AND withheld_until IS NULL"
            ),
        ),
        Index(
            "ix_work_item_open",
            "queue",
            "creditor_id",
            text("priority DESC"),
            "work_item_id",
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_work_item_leased",
            "queue",
            "creditor_id",
            "leased_until",
            postgresql_where=text("closed_at IS NULL AND leased_until IS NOT NULL"),
        ),
        Index(
            "ix_work_item_withheld",
            "creditor_id",
            "queue",
            "withheld_until",
            postgresql_where=text("closed_at IS NULL AND withheld_until IS NOT NULL"),
        ),
        Index("ix_work_item_account_id", "account_id"),
        CheckConstraint("leased_until IS NULL OR withheld_until IS NULL", name="leased_or_withheld"),
        CheckConstraint("(closed_at IS NULL) = (status <> 'superseded')", name="closed_is_superseded"),
        {"postgresql_with": {"fillfactor": "85"}},
    )

    work_item_id: UUID = Field(primary_key=True)
    account_id: UUID
    creditor_id: UUID
    queue: str
    priority: int = Field(sa_type=BigInteger)
    reasons: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    is_offerable: bool = Field(description="`offer_when` of the queue, as it was when the account was last evaluated.")
    calling_group: str = Field(
        default=UNKNOWN,
        sa_column_kwargs={"server_default": UNKNOWN},
        description="Its account's, as it was when the account was last evaluated.",
    )
    status: str
    holder: str | None = None
    leased_until: datetime | None = Field(default=None, sa_type=_AT)
    withheld_until: date | None = None
    entered_on: date
    entered_at: datetime = Field(sa_type=_AT)
    closed_at: datetime | None = Field(default=None, sa_type=_AT)
    exited_on: date | None = None
    exit_reason: str | None = None
    version: int = Field(default=1, sa_type=BigInteger)


class AccountHistory(Base, table=True):
    """What changed on an account beside its entries and snapshots: append-only, read by the timeline."""

    __tablename__ = "account_history"
    __table_args__ = (Index("ix_account_history_account_id_at", "account_id", "at", "history_id"),)

    history_id: UUID = Field(primary_key=True)
    account_id: UUID
    creditor_id: UUID
    at: datetime = Field(sa_type=_AT)
    business_date: date
    kind: str
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


QUEUE_DEFINITION: Table = table_of(QueueDefinition)
WORK_ITEM: Table = table_of(WorkItem)
ACCOUNT_HISTORY: Table = table_of(AccountHistory)
