"""HTTP models of contact attempts, their outcomes, inbound contacts, verification and field visits."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.contact.domain.attempt import AttemptStatus
from services.contact.domain.field_visit import FieldVisitStatus
from services.contact.domain.verification import Attested
from shared.events.compliance import DisputeKind
from shared.events.contact import ContactChannel, ContactPurpose, Direction, HeardKind, NextStepKind, ResultCode
from shared.events.core import PositiveMinor
from shared.events.payload import AmountMinor, Currency, Day, Moment
from shared.events.snapshot import Frequency
from shared.http.free_text import FreeText

_ACCOUNT = "0a7c3d0e-6f1b-5f0a-9a43-6d0f5a1f2b3c"
_PARTY = "5d1f4a3c-2b1e-5c0d-8f7a-6b5c4d3e2f10"
_POINT = "7e2d1c0b-9a8f-5e6d-8c7b-5a4f3e2d1c0b"

AccountIds = Annotated[
    tuple[UUID, ...],
    Field(
        min_length=1,
        max_length=50,
        description="The first is the debt that an unanswered call counts for.",
        examples=[["0a7c3d0e-6f1b-5f0a-9a43-6d0f5a1f2b3c"]],
    ),
]


class Model(BaseModel):
    """Frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AttemptRequest(Model):
    """A contact that is to be made now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_ids": [_ACCOUNT],
                    "party_id": _PARTY,
                    "channel": "phone",
                    "contact_point_id": _POINT,
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


class HeardIn(Model):
    """Something that the person said which binds us."""

    kind: HeardKind
    channel: ContactChannel | None = None
    contact_point_id: UUID | None = None
    account_ids: tuple[UUID, ...] = ()
    not_before: Moment | None = None


class PromiseStep(Model):
    """A promise to pay, made at payments."""

    kind: Literal["promise"]
    account_id: UUID | None = Field(default=None, description="Default: the first of the attempt.")
    due_on: Day
    amount_minor: PositiveMinor
    currency: Currency
    method: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")] | None = None


class InstallmentStep(Model):
    """One instalment."""

    due_on: Day
    amount_minor: PositiveMinor


class ScheduleStep(Model):
    """Equal instalments."""

    count: Annotated[int, Field(ge=1, le=360, strict=True)]
    first_due_on: Day
    frequency: Frequency
    total_minor: PositiveMinor


class ArrangementStep(Model):
    """A payment arrangement, made at payments within the collector's authority."""

    kind: Literal["arrangement"]
    account_id: UUID | None = None
    currency: Currency
    installments: Annotated[tuple[InstallmentStep, ...], Field(min_length=1, max_length=360)] | ScheduleStep
    tolerance_minor: AmountMinor = 0
    grace_days: Annotated[int, Field(ge=0, le=365, strict=True)] = 0


class CallbackStep(Model):
    """When the person is to be called again."""

    kind: Literal["callback"]
    callback_at: Moment


class DisputeStep(Model):
    """A dispute that was stated orally, opened at compliance."""

    kind: Literal["dispute"]
    account_id: UUID | None = None
    dispute_kind: DisputeKind = "fdcpa_validation"
    disputed_minor: PositiveMinor | None = None
    statement: FreeText = ""


class RefusalStep(Model):
    """The person does not pay, and why."""

    kind: Literal["refusal"]
    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,48}$")] = "not_said"


NextStepIn = Annotated[
    PromiseStep | ArrangementStep | CallbackStep | DisputeStep | RefusalStep, Field(discriminator="kind")
]


class OutcomeRequest(Model):
    """What came of a contact. A talk with the right party names the debts that were discussed and what comes next."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "result_code": "rpc_promise",
                    "debts_discussed": [_ACCOUNT],
                    "next_step": {
                        "kind": "promise",
                        "due_on": "2026-03-31",
                        "amount_minor": 12550,
                        "currency": "USD",
                    },
                },
                {"result_code": "no_answer"},
            ]
        }
    )

    result_code: ResultCode
    debts_discussed: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()
    heard: Annotated[tuple[HeardIn, ...], Field(max_length=20)] = ()
    next_step: NextStepIn | None = None
    note: FreeText | None = None


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


class FieldVisitRequest(Model):
    """A visit that somebody is to make."""

    account_ids: AccountIds
    party_id: UUID
    contact_point_id: UUID | None = Field(default=None, description="An address; default: that of the party.")
    scheduled_on: Day


class FieldVisitView(Model):
    """A field visit. Its outcome is that of its attempt: `POST /v1/contact-attempts/{attempt_id}/outcome`."""

    field_visit_id: UUID
    creditor_id: UUID
    party_id: UUID
    account_ids: tuple[UUID, ...]
    contact_point_id: UUID | None
    scheduled_on: date
    status: FieldVisitStatus
    attempt_id: UUID | None
    ordered_at: datetime
    ordered_by: str


class CollectorActivity(Model):
    """What one collector did on one day: counts, no goals."""

    collector_id: str
    on: date
    time_zone: str
    attempts: int
    connected: int
    right_party_contacts: int
    promises: int
    blocked: int
    by_result: dict[str, int]
