"""HTTP models of restrictions: placed with evidence, citation and dates, lifted with a reason, never deleted."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from services.compliance.schemas.shape import AccountIds, Day, Evidence, EvidenceView, Heard, Line, Model, Moment
from shared.events.compliance import RestrictionKind, RestrictionStatus

SYNONYMS = {"bankruptcy": "bankruptcy_stay", "discharge": "discharged", "complaint": "complaint_hold"}
"""Short names of kinds that are taken, and answered by their full name."""


def _full_name(value: object) -> object:
    return SYNONYMS.get(value, value) if isinstance(value, str) else value


Kind = Annotated[RestrictionKind, BeforeValidator(_full_name)]


class RestrictionRequest(Heard):
    """A restriction on a party. Without `account_ids` it holds for all its accounts, those to come included."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "cease",
                    "party_id": "5a0f9b1c-2d3e-5f40-9a1b-2c3d4e5f6a7b",
                    "effective_on": "2026-08-06",
                    "evidence": {"text": "Letter, mailed 3 August", "received_on": "2026-08-06"},
                    "citation": "12 CFR 1006.6(c)(1)",
                }
            ]
        }
    )

    kind: Kind
    party_id: UUID
    account_ids: AccountIds | None = None
    effective_on: Day | None = Field(default=None, description="From the start of this day; absent: from now.")
    effective_at: Moment | None = Field(default=None, description="From this moment, in place of `effective_on`.")
    ends_on: Day | None = Field(default=None, description="The last day on which it holds; absent: until lifted.")
    is_written: StrictBool | None = Field(
        default=None, description="Whether it came in writing. Absent: yes, save when it was heard on an attempt."
    )
    evidence: Evidence
    citation: Line | None = Field(default=None, description="Absent: the usual one of the kind.")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "RestrictionRequest":
        if self.ends_on is not None and self.effective_on is not None and self.ends_on < self.effective_on:
            raise PydanticCustomError("dates-invalid", "It ends before it begins.")
        if self.effective_on is not None and self.effective_at is not None:
            raise PydanticCustomError("dates-invalid", "It holds from a day or from a moment.")
        return self


class LiftRequest(Model):
    """Why a restriction no longer holds."""

    reason: Annotated[Line, Field(examples=["The case was dismissed."])]
    evidence: Annotated[Evidence, Field(examples=[{"text": "Order of dismissal", "received_on": "2026-08-20"}])]


class RestrictionView(Model):
    """A restriction as it stands today in its creditor's zone."""

    restriction_id: UUID
    creditor_id: UUID
    party_id: UUID
    account_ids: tuple[UUID, ...] = Field(description="Empty: all accounts of the party.")
    kind: RestrictionKind
    status: RestrictionStatus
    effective_on: date
    ends_on: date | None
    is_written: bool
    evidence: EvidenceView
    citation: str | None
    source: Literal["person", "contact", "dispute", "representation", "complaint"]
    source_id: UUID | None
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None
    lift_evidence: EvidenceView | None
    version: int = Field(description="The `ETag` of this object.")
