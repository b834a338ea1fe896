"""HTTP models of location inquiries: whom somebody wants to ask, what may be said, and what came of it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from services.skiptrace.domain.location_inquiry import Channel, Ground, Outcome, Relationship
from shared.events.payload import Moment
from shared.http.free_text import FreeText

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ThirdParty(_Model):
    """Who is to be asked. The same person is known by the name, the number, the e-mail or the address."""

    name: Name
    relationship: Relationship = "other"
    phone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] | None = None
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)] | None = None
    address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)] | None = None


class InquiryRequest(_Model):
    """Ask for leave to ask a third party where a consumer is (12 CFR 1006.10)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "party_id": "cae8d7a8-20e6-5a21-858a-102863a3952b",
                    "account_id": "0a7c3d0e-6f1b-5f0a-9a43-6d0f5a1f2b3c",
                    "third_party": {"name": "Robin Example", "relationship": "neighbour", "phone": "+12175550147"},
                    "channel": "phone",
                    "caller_name": "Alex Caller",
                }
            ]
        }
    )

    party_id: UUID
    account_id: UUID
    third_party: ThirdParty
    channel: Channel
    caller_name: Name = Field(description="The individual name by which the caller identifies himself or herself.")
    language: Literal["en", "es"] = "en"
    ground: Ground | None = Field(default=None, description="Why this person may be asked a second time.")
    ground_evidence: FreeText | None = Field(default=None, description="What the ground rests on.")
    believes_person_knows_now: StrictBool = Field(
        default=False,
        description="Somebody reasonably believes that the person now has correct or complete information.",
    )
    attorney_is_silent: StrictBool = Field(
        default=False, description="The consumer's attorney did not respond within a reasonable time."
    )
    attorney_evidence: FreeText | None = Field(
        default=None, description="When and how the attorney was asked; without it nobody else may be."
    )


class FindingView(_Model):
    """What one rule says."""

    id: str
    citation: str
    result: Literal["pass", "fail"]
    fact: str


class ScriptView(_Model):
    """What may be said or written, word by word."""

    version: str
    language: Literal["en", "es"]
    opening: str
    questions: tuple[str, ...]
    if_asked_for_employer: str = Field(description="Only when the person expressly asks.")
    if_asked_why: str
    never: tuple[str, ...]


class InquiryView(_Model):
    """An inquiry: allowed, with its script; or blocked, with the rules; later with what came of it."""

    inquiry_id: UUID
    party_id: UUID
    account_id: UUID
    skip_trace_id: UUID | None
    third_party_name: str
    relationship: Relationship
    channel: Channel
    ground: Ground | None
    status: Literal["blocked", "allowed", "reported"]
    outcome: Outcome | None
    rules: tuple[FindingView, ...]
    basis: Literal["law", "policy"] = Field(
        description="`law` for a debt collector; a creditor, servicer or repossessor keeps the rules as policy."
    )
    script: ScriptView | None
    asked_by: str
    asked_at: datetime
    expires_at: datetime | None = Field(
        description="A call or a visit is begun before this, or leave is asked for again; what is written has no hour."
    )
    made_at: datetime | None = Field(description="When the person was asked, as it was reported.")
    reported_at: datetime | None
    needs_review: bool = Field(
        description="A debt was mentioned, the employer named unasked, or the person asked when the leave had ended."
    )


class FoundLocation(_Model):
    """What the person said: a home address, its telephone number, or the place of work (1006.10(a))."""

    kind: Literal["phone", "address"]
    phone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] | None = None
    street: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None
    city: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = None
    region: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = None
    postal_code: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] | None = None
    label: Literal["home", "work"] = "home"


class InquiryReport(_Model):
    """What came of an inquiry. The caller states whether the limits of the script were kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "outcome": "answered",
                    "debt_was_mentioned": False,
                    "found": [{"kind": "phone", "phone": "+12175550166", "label": "home"}],
                }
            ]
        }
    )

    outcome: Outcome
    made_at: Moment | None = Field(
        default=None, description="When the person was asked: the call begun, the letter sent. Absent: now."
    )
    debt_was_mentioned: StrictBool
    employer_was_named: Literal["no", "on_request", "unasked"] = "no"
    found: Annotated[tuple[FoundLocation, ...], Field(max_length=10)] = ()
    is_again_requested: StrictBool = Field(
        default=False, description="The person asked to be asked again (1006.10(c))."
    )
    is_known_now: StrictBool = Field(
        default=False,
        description="Of an answer that was wrong or incomplete: the person is reasonably believed to know better now.",
    )
    note: FreeText | None = None
