"""What a person chose or said about being contacted: consents and refusals, and times, places and whereabouts.

Facts of this service, as `holds` are. A revocation is a row of its own: which consents it ends is worked out when they
are read, by the instants, so that a consent entered after its revocation is judged no differently.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Index, Table, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.compliance.tables.registry import Base

_NO_IDS = {"server_default": text("'{}'")}


class Consent(Base, table=True):
    """A consent (`granted_at`), its revocation (`revoked_at` beside it), or a refusal (`revoked_at` alone)."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("granted_at IS NOT NULL OR revoked_at IS NOT NULL", name="granted_or_revoked"),
        Index("ix_consent_party_id", "party_id"),
        Index("ix_consent_creditor_id", "creditor_id", "consent_id"),
    )

    consent_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    channel: str
    """A channel, or `any`."""
    purpose: str
    contact_point_id: UUID | None = None
    account_ids: list[UUID] = Field(default_factory=list, sa_type=ARRAY(Uuid), sa_column_kwargs=_NO_IDS)
    basis: str
    granted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    starts_on: date | None = None
    ends_on: date | None = None
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    evidence: dict[str, Any] = Field(sa_type=JSONB)
    details: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """What the basis needs beyond that: the creditor's notice, the prior collector, the result of a check."""
    source_id: UUID | None = None
    """The attempt in which it was heard."""
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
    recorded_by: str
    version: int = Field(sa_type=BigInteger)


class Preference(Base, table=True):
    """An inconvenient time or place, or where the person says they are."""

    __tablename__ = "preference"
    __table_args__ = (Index("ix_preference_party_id", "party_id"),)

    preference_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    kind: str
    """`inconvenient_time`, `inconvenient_place` or `location`."""
    known_at: datetime = Field(sa_type=DateTime(timezone=True))
    ends_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    terms: dict[str, Any] = Field(sa_type=JSONB)
    source_id: UUID | None = None
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
    recorded_by: str
    version: int = Field(sa_type=BigInteger)


class PointFlags(Base, table=True):
    """What a person knows of a contact point besides: an employer's address, one that has leaked."""

    __tablename__ = "point_flags"

    contact_point_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    is_employer_provided: bool | None = None
    is_public_domain: bool | None = None
    leaked_since: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
    recorded_by: str
    version: int = Field(sa_type=BigInteger)


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


CONSENT = _table("consent")
PREFERENCE = _table("preference")
POINT_FLAGS = _table("point_flags")
