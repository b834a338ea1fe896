"""HTTP models of consents, refusals and preferences: what a person allows, forbids and says about being contacted."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from services.compliance.schemas.shape import (
    AccountIds,
    Day,
    Evidence,
    EvidenceView,
    Heard,
    Model,
    Moment,
    Place,
    Recorded,
    Word,
)
from shared.events.compliance import ConsentBasis, ConsentPurpose, ContactChannel

AnyChannel = ContactChannel | Literal["any"]
GrantBasis = Literal["direct", "consumer_used", "given_to_creditor"]
Minute = Annotated[int, Field(ge=0, le=1440, strict=True)]
Weekday = Annotated[int, Field(ge=0, le=6, strict=True)]


class CreditorNoticeTerms(Model):
    """The creditor's notice about the address: 12 CFR 1006.6(d)(4)(ii)."""

    sent_on: Day
    opt_out_by: Day
    is_complete: StrictBool = Field(description="It disclosed all of (C)(1) to (5).")
    is_obtained_from_consumer: StrictBool
    is_used_by_creditor: StrictBool
    is_opted_out: StrictBool = False


class PriorCollectorTerms(Model):
    """What a collector before us did with the address: 12 CFR 1006.6(d)(4)(iii)."""

    position: Annotated[int, Field(ge=1, le=100, strict=True, description="1: the one immediately before us.")]
    is_obtained_lawfully: StrictBool
    is_used: StrictBool
    is_opted_out: StrictBool = False


class ReassignedCheckTerms(Model):
    """The answer of a complete and accurate database of reassigned numbers: 12 CFR 1006.6(d)(5)."""

    is_reassigned: StrictBool


class _Choice(Heard):
    party_id: UUID
    channel: AnyChannel
    purpose: ConsentPurpose = Field(description="`contact`: the use of the medium itself.")
    contact_point_id: UUID | None = Field(default=None, description="Absent: every number or address of the channel.")
    account_ids: AccountIds = ()
    evidence: Evidence


class ConsentRequest(_Choice):
    """A consent, or another basis for using an address or a number, per channel and purpose."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "party_id": "5a0f9b1c-2d3e-5f40-9a1b-2c3d4e5f6a7b",
                    "channel": "sms",
                    "purpose": "contact",
                    "contact_point_id": "1c9e6a2b-7d40-5b8e-8f21-3a4b5c6d7e8f",
                    "basis": "direct",
                    "evidence": "Said so on a recorded call",
                }
            ]
        }
    )

    basis: Literal[GrantBasis, "creditor_notice", "prior_collector", "reassigned_check"]
    granted_at: Moment | None = Field(default=None, description="Absent: now. Of a check: when it was made.")
    starts_on: Day | None = None
    ends_on: Day | None = Field(default=None, description="The last day for which it is good.")
    details: CreditorNoticeTerms | PriorCollectorTerms | ReassignedCheckTerms | None = Field(
        default=None, description="Needed by `creditor_notice`, `prior_collector` and `reassigned_check`."
    )


class RevocationRequest(_Choice):
    """A revocation or refusal: it ends every consent of this channel and purpose that was given before it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "party_id": "5a0f9b1c-2d3e-5f40-9a1b-2c3d4e5f6a7b",
                    "channel": "phone",
                    "purpose": "contact",
                    "evidence": "Said: stop calling",
                }
            ]
        }
    )

    purpose: ConsentPurpose = "contact"
    basis: Literal["refused", "opted_out"] = Field(
        default="refused", description="`opted_out`: an answer to the opt-out line of a message."
    )
    revoked_at: Moment | None = Field(default=None, description="Absent: now.")


class ConsentView(Recorded):
    """A consent, or (with `granted_at` null) a refusal. `revoked_at` is of this record; a refusal ends others too."""

    consent_id: UUID
    creditor_id: UUID
    party_id: UUID
    channel: AnyChannel
    purpose: ConsentPurpose
    contact_point_id: UUID | None
    account_ids: tuple[UUID, ...]
    basis: ConsentBasis
    granted_at: datetime | None
    starts_on: date | None
    ends_on: date | None
    revoked_at: datetime | None
    evidence: EvidenceView
    details: dict[str, Any] | None
    recorded_at: datetime


class InconvenientTime(Model):
    """On these weekdays (0: Monday), minutes of the day from `start_minute` up to but not at `end_minute`, local."""

    weekdays: Annotated[frozenset[Weekday], Field(min_length=1)] = frozenset(range(7))
    start_minute: Minute = 0
    end_minute: Minute = 1440
    until_on: Day | None = Field(default=None, description="The last day on which it holds.")

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "InconvenientTime":
        if self.start_minute >= self.end_minute:
            raise PydanticCustomError(
                "times-invalid", "It ends before it begins: a time over midnight is two, one for each day."
            )
        return self


class InconvenientPlace(Model):
    """`place`: home, work or another word. `source`: who asks for it."""

    place: Place
    source: Literal["consumer", "employer"] = "consumer"
    is_written: StrictBool = False


class StatedLocation(Model):
    """Where the person says they are."""

    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="A state or territory.", examples=["CO"])]
    city: Word | None = None
    postal_code: Word | None = None


class PreferenceRequest(Heard):
    """A time or place that the person calls inconvenient, or where they are. Exactly one of the three."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "party_id": "5a0f9b1c-2d3e-5f40-9a1b-2c3d4e5f6a7b",
                    "inconvenient_time": {"weekdays": [0, 1, 2, 3, 4], "start_minute": 900, "end_minute": 1020},
                }
            ]
        }
    )

    party_id: UUID
    known_at: Moment | None = Field(default=None, description="Absent: now.")
    ends_at: Moment | None = None
    inconvenient_time: InconvenientTime | None = None
    inconvenient_place: InconvenientPlace | None = None
    location: StatedLocation | None = None


class PreferenceView(Recorded):
    """A preference as it stands."""

    preference_id: UUID
    creditor_id: UUID
    party_id: UUID
    kind: Literal["inconvenient_time", "inconvenient_place", "location"]
    known_at: datetime
    ends_at: datetime | None
    withdrawn_at: datetime | None
    terms: dict[str, Any]
    recorded_at: datetime


class PointFlagsRequest(Model):
    """What is known of an e-mail address or a number besides; absent: not known."""

    party_id: UUID
    is_employer_provided: StrictBool | None = None
    is_public_domain: StrictBool | None = None
    leaked_since: Moment | None = Field(
        default=None, description="Since when it is known that a message to it reached somebody else."
    )


class PointFlagsView(Recorded):
    """The flags of a contact point."""

    contact_point_id: UUID
    creditor_id: UUID
    party_id: UUID
    is_employer_provided: bool | None
    is_public_domain: bool | None
    leaked_since: datetime | None
    recorded_at: datetime
