"""What stands against contacting a person as usual: restrictions, representations, disputes and complaints.

They are facts of this service: entered by a person, or heard on a contact (then their id follows from the attempt, so
that the call to us and the event place them once). Nothing of them is deleted; an end is a date beside them.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Index, Table, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.compliance.tables.registry import Base

_NO_IDS = {"server_default": text("'{}'")}


class Restriction(Base, table=True):
    """A restriction on a party, or on some of its accounts (`account_ids`; none: all, those to come included)."""

    __tablename__ = "restriction"
    __table_args__ = (
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lift_is_a_fact"),
        CheckConstraint("ends_on IS NULL OR ends_on >= effective_on", name="dates"),
        Index("ix_restriction_party_id", "party_id"),
        Index("ix_restriction_creditor_id", "creditor_id", "restriction_id"),
        Index("ix_restriction_account_ids", "account_ids", postgresql_using="gin"),
    )

    restriction_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    account_ids: list[UUID] = Field(default_factory=list, sa_type=ARRAY(Uuid), sa_column_kwargs=_NO_IDS)
    kind: str
    effective_on: date
    effective_at: datetime = Field(sa_type=DateTime(timezone=True))
    """The instant from which it holds: when it was heard, else the first of `effective_on` in the creditor's zone."""
    ends_on: date | None = None
    is_written: bool
    evidence: dict[str, Any] = Field(sa_type=JSONB)
    citation: str | None = None
    source: str
    """`person`, `contact`, `dispute`, `representation` or `complaint`: what placed it; `source_id` says which."""
    source_id: UUID | None = None
    placed_at: datetime = Field(sa_type=DateTime(timezone=True))
    placed_by: str
    lifted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    lifted_by: str | None = None
    lift_reason: str | None = None
    lift_evidence: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    version: int = Field(sa_type=BigInteger)


class Representation(Base, table=True):
    """An attorney who represents the party for some of its debts (none: all). It places an `attorney` restriction."""

    __tablename__ = "representation"
    __table_args__ = (Index("ix_representation_party_id", "party_id"),)

    representation_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    account_ids: list[UUID] = Field(default_factory=list, sa_type=ARRAY(Uuid), sa_column_kwargs=_NO_IDS)
    attorney_name: str | None = None
    attorney_address: str | None = None
    attorney_phone: str | None = None
    attorney_email: str | None = None
    known_at: datetime = Field(sa_type=DateTime(timezone=True))
    is_direct_allowed: bool = False
    unresponsive_since: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    recorded_by: str
    version: int = Field(sa_type=BigInteger)


class Dispute(Base, table=True):
    """A dispute of one account. `hold_id`: the `dispute_hold` that it placed, where a rule asks for one."""

    __tablename__ = "dispute"
    __table_args__ = (
        Index("ix_dispute_account_id", "account_id"),
        Index("ix_dispute_party_id", "party_id"),
        Index("ix_dispute_creditor_id", "creditor_id", "dispute_id"),
    )

    dispute_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    account_id: UUID
    party_id: UUID
    kind: str
    status: str
    received_at: datetime = Field(sa_type=DateTime(timezone=True))
    is_written: bool
    disputed_minor: int | None = Field(default=None, sa_type=BigInteger)
    statement: str | None = None
    hold_id: UUID | None = None
    answered_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    closed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    recorded_by: str
    version: int = Field(sa_type=BigInteger)


class Complaint(Base, table=True):
    """A complaint. `hold_id`: the `complaint_hold` that whoever took it has asked for."""

    __tablename__ = "complaint"
    __table_args__ = (
        Index("ix_complaint_party_id", "party_id"),
        Index("ix_complaint_creditor_id", "creditor_id", "complaint_id"),
    )

    complaint_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    account_id: UUID | None = None
    category: str
    via: str
    received_at: datetime = Field(sa_type=DateTime(timezone=True))
    statement: str
    hold_id: UUID | None = None
    status: str
    resolution: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    recorded_by: str
    version: int = Field(sa_type=BigInteger)


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


RESTRICTION = _table("restriction")
REPRESENTATION = _table("representation")
DISPUTE = _table("dispute")
COMPLAINT = _table("complaint")
