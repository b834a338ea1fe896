"""Location inquiries of third parties, with decision and evidence, kept as 12 CFR 1006.100 asks. Personal data."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, Index, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.skiptrace.tables.registry import Base, table_of


class LocationInquiry(Base, table=True):
    """An inquiry that was allowed, or refused and recorded. `third_party_ids`: all that the person is known by."""

    __tablename__ = "location_inquiry"
    __table_args__ = (
        CheckConstraint("status IN ('blocked', 'allowed', 'reported')", name="status"),
        Index("ix_location_inquiry_party_id", "party_id"),
        Index("ix_location_inquiry_skip_trace_id", "skip_trace_id", "inquiry_id"),
    )

    inquiry_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    account_id: UUID
    party_id: UUID
    skip_trace_id: UUID | None = None
    third_party_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    third_party_name: str
    third_party_contact: str | None = None
    relationship: str
    channel: str
    ground: str | None = None
    ground_evidence: str | None = None
    status: str
    outcome: str | None = None
    findings: list[dict[str, Any]] = Field(sa_type=JSONB)
    script: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    asked_by: str
    asked_at: datetime = Field(sa_type=DateTime(timezone=True))
    made_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    reported_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    debt_was_mentioned: bool | None = None
    employer_was_named_on_request: bool | None = None
    is_again_requested: bool = False
    is_known_now: bool = False
    note: str | None = None


LOCATION_INQUIRY = table_of("location_inquiry")
