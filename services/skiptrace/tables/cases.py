"""Skip traces, their searches and what these cost, and the candidates that they brought. Amounts are minor units."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.skiptrace.tables.registry import Base, table_of

_STATUSES = "status IN ('requested', 'searching', 'candidates', 'located', 'exhausted', 'cancelled')"


class SkipTrace(Base, table=True):
    """A case. At most one of a party is open. `version` counts its published states; 0 was not judged yet."""

    __tablename__ = "skip_trace"
    __table_args__ = (
        CheckConstraint(_STATUSES, name="status"),
        CheckConstraint("budget_minor >= 0", name="budget_positive"),
        CheckConstraint(
            "(resolved_at IS NULL) = (status IN ('requested', 'searching', 'candidates'))", name="resolved_when_ended"
        ),
        Index("uq_skip_trace_open", "party_id", unique=True, postgresql_where=text("resolved_at IS NULL")),
        Index("ix_skip_trace_party_id", "party_id"),
        Index("ix_skip_trace_creditor_id", "creditor_id", "status", "skip_trace_id"),
        Index("ix_skip_trace_account_id", "account_id", "skip_trace_id"),
        Index("ix_skip_trace_due", "search_at", postgresql_where=text("search_at IS NOT NULL")),
    )

    skip_trace_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    account_id: UUID
    party_id: UUID
    trigger: str
    permissible_purpose: str
    currency: str = Field(max_length=3)
    budget_minor: int = Field(sa_type=BigInteger)
    status: str
    reason: str | None = None
    sought_since: datetime = Field(sa_type=DateTime(timezone=True))
    """When what opened it happened: whoever is reached after this is found."""
    requested_at: datetime = Field(sa_type=DateTime(timezone=True))
    requested_by: str
    cancelled_by: str | None = None
    cancelled_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    resolved_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    search_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When a worker looks at it next; null: nothing is to be done until a fact changes."""
    version: int = Field(sa_type=BigInteger)


class Search(Base, table=True):
    """One attempt to search one vendor for a case: `asked` until an answer or a failure is recorded."""

    __tablename__ = "search"
    __table_args__ = (
        CheckConstraint("status IN ('asked', 'answered', 'failed')", name="status"),
        Index("ix_search_skip_trace_id", "skip_trace_id"),
        Index("ix_search_vendor", "vendor", "asked_at"),
    )

    search_id: UUID = Field(primary_key=True)
    skip_trace_id: UUID = Field(foreign_key="skip_trace.skip_trace_id")
    creditor_id: UUID
    vendor: str
    attempt: int
    permissible_purpose: str
    status: str
    outcome: str | None = None
    candidates: int
    currency: str = Field(max_length=3)
    reserved_minor: int = Field(sa_type=BigInteger)
    cost_minor: int = Field(sa_type=BigInteger)
    """What it cost; of one whose bill is not known, what is held for it."""
    failure: str | None = None
    transaction_ref: str | None = None
    asked_at: datetime = Field(sa_type=DateTime(timezone=True))
    answered_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    settled_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When its money was charged or released; null: what it costs is not known."""


class CostEntry(Base, table=True):
    """A line of the cost ledger, only ever added: money reserved, charged, released or given back for a search."""

    __tablename__ = "cost_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('reserved', 'charged', 'released', 'corrected')", name="kind"),
        Index("ix_cost_entry_skip_trace_id", "skip_trace_id"),
        Index("ix_cost_entry_vendor", "vendor", "at"),
    )

    entry_id: UUID = Field(primary_key=True)
    search_id: UUID
    skip_trace_id: UUID
    creditor_id: UUID
    vendor: str
    kind: str
    amount_minor: int = Field(sa_type=BigInteger)
    """Added to what is held: positive when reserved or charged, negative when released or corrected."""
    currency: str = Field(max_length=3)
    at: datetime = Field(sa_type=DateTime(timezone=True))


class Candidate(Base, table=True):
    """A way to reach a party that somebody named. Personal data. Once for each party and value."""

    __tablename__ = "candidate"
    __table_args__ = (
        CheckConstraint("status IN ('unverified', 'verified', 'rejected')", name="status"),
        Index("ix_candidate_party_id", "party_id"),
        Index("ix_candidate_skip_trace_id", "skip_trace_id"),
    )

    contact_point_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    account_id: UUID
    skip_trace_id: UUID
    kind: str
    value: str
    label: str
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    status: str
    confidence: int
    reasons: list[dict[str, Any]] = Field(sa_type=JSONB)
    found_at: datetime = Field(sa_type=DateTime(timezone=True))
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    decided_by: str | None = None
    method: str | None = None
    version: int = Field(sa_type=BigInteger)


class Sighting(Base, table=True):
    """What one source says of a candidate: a search, or an answer of a third party."""

    __tablename__ = "sighting"
    __table_args__ = (Index("ix_sighting_contact_point_id", "contact_point_id"),)

    contact_point_id: UUID = Field(primary_key=True)
    source_id: UUID = Field(primary_key=True)
    """The search or the inquiry."""
    source: str
    first_seen_on: date | None = None
    last_seen_on: date | None = None
    matched_on: list[str] = Field(sa_type=ARRAY(String))
    seen_at: datetime = Field(sa_type=DateTime(timezone=True))


class Found(Base, table=True):
    """The version of what is published as found for a party."""

    __tablename__ = "found"

    party_id: UUID = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)


class Evidence(Base, table=True):
    """A finding of a person's own research, kept with the case."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_skip_trace_id", "skip_trace_id", "evidence_id"),)

    evidence_id: UUID = Field(primary_key=True)
    skip_trace_id: UUID = Field(foreign_key="skip_trace.skip_trace_id")
    creditor_id: UUID
    kind: str
    note: str
    sha256: str | None = None
    added_by: str
    added_at: datetime = Field(sa_type=DateTime(timezone=True))


SKIP_TRACE = table_of("skip_trace")
SEARCH = table_of("search")
COST_ENTRY = table_of("cost_entry")
CANDIDATE = table_of("candidate")
SIGHTING = table_of("sighting")
FOUND = table_of("found")
EVIDENCE = table_of("evidence")
