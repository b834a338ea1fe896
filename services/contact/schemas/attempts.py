"""HTTP models of contact attempts: asked for, verified, come in, and not made."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.contact.domain.attempt import AttemptStatus
from services.contact.domain.verification import Attested
from services.contact.schemas.model import A_PARTY, A_POINT, AN_ACCOUNT, AccountIds, CallTraits, Model
from services.contact.schemas.outcomes import OutcomeRequest
from shared.events.contact import ContactChannel, ContactPurpose, Direction, NextStepKind, ResultCode
from shared.events.payload import Day, Moment


class AttemptRequest(Model):
    """A contact that is to be made now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_ids": [AN_ACCOUNT],
                    "party_id": A_PARTY,
                    "channel": "phone",
                    "contact_point_id": A_POINT,
                    "purpose": "collection",
                }
            ]
        }
    )

    account_ids: AccountIds
    party_id: UUID
    channel: Literal["phone", "voicemail", "in_person"] = Field(
        description="E-mails, texts and letters are sent by `POST /v1/messages`."
    )
    contact_point_id: UUID | None = None
    purpose: ContactPurpose = "collection"
    traits: CallTraits


class DisclosureText(Model):
    """Something that must be said. `text` is null where only a person can say it."""

    code: str
    language: str
    text: str | None


class AttemptMade(Model):
    """The contact may be made: now, and once."""

    attempt_id: UUID
    permit_id: UUID
    decision_id: UUID | None
    placed_at: datetime
    contact_value: str | None = Field(description="The number or address to use; null: that of the party.")
    disclosures: tuple[DisclosureText, ...]


class VerificationRequest(Model):
    """What the person answered. Two facts must fit and none may fail; the answers are not kept."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"date_of_birth": "1980-02-29", "postal_code": "02110", "attested": []}]}
    )

    date_of_birth: Day | None = None
    postal_code: Annotated[str, Field(max_length=16)] | None = None
    family_name: Annotated[str, Field(max_length=200)] | None = None
    street: Annotated[str, Field(max_length=200)] | None = None
    attested: tuple[Attested, ...] = Field(default=(), description="Facts that the collector has checked elsewhere.")


class VerificationResult(Model):
    """Whether this is the right party. Nothing of a debt may be told before it is."""

    is_verified: bool
    matched: tuple[str, ...]
    failed: tuple[str, ...]


class InboundRequest(Model):
    """A contact that the person made. With `outcome`, it is over."""

    account_ids: AccountIds
    party_id: UUID
    channel: ContactChannel
    contact_point_id: UUID | None = None
    purpose: ContactPurpose = "service"
    at: Moment | None = Field(default=None, description="When it came in; default: now.")
    verification: VerificationRequest | None = None
    outcome: OutcomeRequest | None = None


class AttemptView(Model):
    """A contact attempt as it stands."""

    attempt_id: UUID
    permit_id: UUID | None
    decision_id: UUID | None
    creditor_id: UUID
    party_id: UUID
    account_ids: tuple[UUID, ...]
    direction: Direction
    channel: ContactChannel
    purpose: ContactPurpose
    contact_point_id: UUID | None
    is_dialer: bool
    status: AttemptStatus
    placed_at: datetime
    placed_by: str
    verified_at: datetime | None
    verified_by: tuple[str, ...]
    result_code: ResultCode | None
    completed_at: datetime | None
    completed_by: str | None
    debts_discussed: tuple[UUID, ...]
    heard: tuple[dict[str, Any], ...]
    next_step: NextStepKind | None
    next_step_id: UUID | None
    refusal_reason: str | None = Field(description="Why the person does not pay, where the next step is a refusal.")
    note: str | None


class BlockView(Model):
    """A contact that was not made."""

    block_id: UUID
    permit_id: UUID | None
    decision_id: UUID | None
    creditor_id: UUID
    party_id: UUID
    account_ids: tuple[UUID, ...]
    channel: ContactChannel
    purpose: ContactPurpose
    contact_point_id: UUID | None
    reason: str
    rules: tuple[dict[str, Any], ...]
    not_before: datetime | None
    blocked_at: datetime
    asked_by: str
