"""The times in which accounts' delinquent days do not run. A row is never deleted; a cancelled one counts no day."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Table
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlmodel import Field

from services.accounts.tables.registry import Base, table_of

_AT = TIMESTAMP(timezone=True)


class Pause(Base, table=True):
    """One pause, from `starts_on` up to but not on `ends_on`. Its days stand on the account too (`account.paused`)."""

    __tablename__ = "pause"
    __table_args__ = (
        Index("ix_pause_account_id_starts_on", "account_id", "starts_on", "pause_id"),
        CheckConstraint("ends_on > starts_on", name="ends_after_it_starts"),
    )

    pause_id: UUID = Field(primary_key=True)
    account_id: UUID
    creditor_id: UUID
    starts_on: date
    ends_on: date
    reason: str
    evidence: str | None = None
    made_on: date
    made_at: datetime = Field(sa_type=_AT)
    made_by: str
    cancelled_on: date | None = None
    cancelled_at: datetime | None = Field(default=None, sa_type=_AT)
    cancelled_by: str | None = None


PAUSE: Table = table_of(Pause)
