"""HTTP models of skip traces, their searches, candidates and evidence. Money is minor units of `currency`."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.skiptrace.domain.candidate import CandidateStatus
from shared.events.payload import AmountMinor
from shared.events.skiptrace import (
    FoundKind,
    FoundLabel,
    PermissiblePurpose,
    SearchOutcome,
    SkipTraceReason,
    SkipTraceStatus,
    SkipTraceTrigger,
)
from shared.http.free_text import FreeText


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SkipTraceRequest(_Model):
    """A person is to be searched for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "party_id": "cae8d7a8-20e6-5a21-858a-102863a3952b",
                    "account_id": "0a7c3d0e-6f1b-5f0a-9a43-6d0f5a1f2b3c",
                    "permissible_purpose": "fcra_collection",
                    "budget_minor": 500,
                }
            ]
        }
    )

    party_id: UUID
    account_id: UUID
    permissible_purpose: PermissiblePurpose
    budget_minor: AmountMinor = Field(description="The most that its searches may cost together.")


class SkipTraceView(_Model):
    """A skip trace as it stands."""

    skip_trace_id: UUID
    creditor_id: UUID
    account_id: UUID
    party_id: UUID
    status: SkipTraceStatus
    reason: SkipTraceReason | None
    trigger: SkipTraceTrigger
    permissible_purpose: PermissiblePurpose
    purpose_citation: str
    currency: str
    budget_minor: int
    spent_minor: int = Field(description="Charged, and reserved for searches whose cost is not known yet.")
    searches: int
    candidates: int = Field(description="Candidates of the party that nobody has judged yet.")
    requested_at: datetime
    requested_by: str
    resolved_at: datetime | None
    version: int


class SearchView(_Model):
    """One attempt to search one vendor."""

    search_id: UUID
    vendor: str
    attempt: int
    permissible_purpose: PermissiblePurpose
    status: Literal["asked", "answered", "failed"]
    outcome: SearchOutcome | None
    candidates: int
    currency: str
    reserved_minor: int
    cost_minor: int = Field(description="What it cost; of one that is not settled, what is held for it.")
    failure: str | None
    transaction_ref: str | None
    asked_at: datetime
    answered_at: datetime | None
    settled_at: datetime | None = Field(description="When its cost was booked; null: it is not known yet.")


class ReasonView(_Model):
    """One part of a confidence."""

    code: str
    points: int
    fact: str


class SightingView(_Model):
    """What one source says of a candidate."""

    source: str
    first_seen_on: date | None
    last_seen_on: date | None
    matched_on: tuple[str, ...]
    seen_at: datetime


class CandidateView(_Model):
    """A way to reach the party that a source named. Personal data."""

    id: UUID = Field(description="The contact point's id, the same in every service.")
    skip_trace_id: UUID
    party_id: UUID
    account_id: UUID
    kind: FoundKind
    value: str
    label: FoundLabel
    street: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    status: CandidateStatus
    confidence: int = Field(description="0 to 95; the sum of `reasons`, no probability.")
    reasons: tuple[ReasonView, ...]
    sources: tuple[SightingView, ...]
    found_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    method: str | None


class JudgementRequest(_Model):
    """How somebody knows that a candidate is right, or is not."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"method": "document"}]})

    method: Literal["collector", "document", "third_party"] = "collector"


EvidenceKind = Literal["public_record", "social_media", "collateral", "credit", "interview", "document", "other"]


class EvidenceRequest(_Model):
    """A finding of a person's own research: what was looked at and what it showed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "public_record", "note": "The county lists a deed at 12 Example Avenue."}]
        }
    )

    kind: EvidenceKind
    note: FreeText
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None, description="Of the document that is kept elsewhere."
    )


class EvidenceView(_Model):
    """A finding, and who added it."""

    kind: EvidenceKind
    note: str
    sha256: str | None = Field(description="Of the document that is kept elsewhere.")

    evidence_id: UUID
    skip_trace_id: UUID
    added_by: str
    added_at: datetime


def plain(row: Any, names: Any) -> dict[str, Any]:
    """The columns of a row that a model shows."""
    return {name: row[name] for name in names}
