"""HTTP models of disputes, representations and complaints."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool

from services.compliance.schemas.shape import AccountIds, Heard, Line, Model, Moment, Recorded, Word
from shared.events.compliance import DisputeKind, DisputeStatus
from shared.events.core import PositiveMinor
from shared.http.free_text import FreeText

ComplaintStatus = Literal["opened", "closed"]


class DisputeRequest(Heard):
    """A dispute of one account. Whether its collection must stop follows from the rules and the creditor's role."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": "72d10c99-1f03-5431-afd7-37907baf0572",
                    "party_id": "5a0f9b1c-2d3e-5f40-9a1b-2c3d4e5f6a7b",
                    "kind": "fdcpa_validation",
                    "received_at": "2026-06-10T15:00:00Z",
                    "is_written": True,
                    "statement": "I do not owe this.",
                }
            ]
        }
    )

    account_id: UUID
    party_id: UUID
    kind: DisputeKind
    received_at: Moment | None = Field(default=None, description="Absent: now.")
    is_written: StrictBool
    disputed_minor: PositiveMinor | None = Field(default=None, description="Minor units; absent: all of it.")
    statement: FreeText = ""


class DisputeStep(Model):
    """The next state of a dispute. Verification or the original creditor's name was sent at `answered_at`."""

    status: DisputeStatus
    answered_at: Moment | None = None


class DisputeView(Recorded):
    """A dispute as it stands. `restriction_id`: the `dispute_hold` that it placed."""

    dispute_id: UUID
    creditor_id: UUID
    account_id: UUID
    party_id: UUID
    kind: DisputeKind
    status: DisputeStatus
    received_at: datetime
    is_written: bool
    disputed_minor: int | None
    statement: str | None
    is_hold: bool
    restriction_id: UUID | None
    answered_at: datetime | None
    closed_at: datetime | None


class RepresentationRequest(Heard):
    """An attorney who represents the party; with a name and an address or phone, contact goes to them."""

    party_id: UUID
    account_ids: AccountIds = ()
    attorney_name: Line | None = None
    attorney_address: Line | None = None
    attorney_phone: Word | None = None
    attorney_email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    known_at: Moment | None = Field(default=None, description="Absent: now.")


class RepresentationStep(Model):
    """What changed: the attorney allows direct contact, does not answer, or represents the party no longer."""

    is_direct_allowed: StrictBool = False
    unresponsive_since: Moment | None = None
    ended_at: Moment | None = None


class RepresentationView(Recorded):
    """A representation as it stands. `restriction_id`: the `attorney` restriction that it placed."""

    representation_id: UUID
    creditor_id: UUID
    party_id: UUID
    account_ids: tuple[UUID, ...]
    attorney_name: str | None
    attorney_address: str | None
    attorney_phone: str | None
    attorney_email: str | None
    known_at: datetime
    is_direct_allowed: bool
    unresponsive_since: datetime | None
    ended_at: datetime | None
    restriction_id: UUID


class ComplaintRequest(Model):
    """A complaint; with `is_hold` it restricts the account, or the party, until it is closed."""

    party_id: UUID
    account_id: UUID | None = None
    category: Annotated[Word, Field(examples=["manner_of_contact"])]
    via: Literal["phone", "letter", "email", "branch", "regulator", "social", "other"]
    received_at: Moment | None = Field(default=None, description="Absent: now.")
    statement: Annotated[FreeText, Field(examples=["You called me at work again."])]
    is_hold: StrictBool = False


class ComplaintClose(Model):
    """How a complaint was resolved."""

    resolution: Annotated[FreeText, Field(min_length=1, examples=["The number is marked as one of work."])]


class ComplaintView(Recorded):
    """A complaint as it stands."""

    complaint_id: UUID
    creditor_id: UUID
    party_id: UUID
    account_id: UUID | None
    category: str
    via: str
    received_at: datetime
    statement: str
    status: ComplaintStatus
    resolution: str | None
    restriction_id: UUID | None
    closed_at: datetime | None
