"""What the other services told about accounts and parties, for the timeline and the overview. No personal data."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Table, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlmodel import Field

from services.accounts.tables.registry import Base, table_of


class OutsideEvent(Base, table=True):
    """One thing told, once for each account that it concerns, or once for its party (`account_id` null).

    A fact is one row for ever; of a state there is one row for each topic, at the highest version told.
    """

    __tablename__ = "outside_event"
    __table_args__ = (
        Index("ix_outside_event_account_id", "account_id", "at", postgresql_where=text("account_id IS NOT NULL")),
        Index("ix_outside_event_party_id", "party_id", "at", postgresql_where=text("account_id IS NULL")),
    )

    row_key: str = Field(primary_key=True, description="Topic, what it is about, and for whom.")
    creditor_id: UUID
    account_id: UUID | None = None
    party_id: UUID | None = None
    kind: str = Field(description="The topic.")
    id: UUID = Field(description="Of the attempt, message, restriction, .. that it is about.")
    at: datetime = Field(sa_type=TIMESTAMP(timezone=True))
    version: int = Field(sa_type=BigInteger, description="0 for a fact.")
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class PointsTold(Base, table=True):
    """What another service names as ways to reach a party, at the highest version told: without any value."""

    __tablename__ = "points_told"

    row_key: str = Field(primary_key=True, description="Topic and party.")
    creditor_id: UUID
    party_id: UUID = Field(index=True)
    version: int = Field(sa_type=BigInteger)
    points: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


OUTSIDE_EVENT: Table = table_of(OutsideEvent)
POINTS_TOLD: Table = table_of(PointsTold)
