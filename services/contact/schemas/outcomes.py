"""HTTP models of what came of a contact: the result, what was heard, and what comes next."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from services.contact.schemas.model import AN_ACCOUNT, Model
from shared.events.compliance import DisputeKind
from shared.events.contact import ContactChannel, HeardKind, ResultCode
from shared.events.core import PositiveMinor
from shared.events.payload import AmountMinor, Currency, Day, Moment
from shared.events.snapshot import Frequency
from shared.http.free_text import FreeText
from shared.ids import distinct


class HeardIn(Model):
    """Something that the person said which binds us."""

    kind: HeardKind
    channel: ContactChannel | None = None
    contact_point_id: UUID | None = None
    account_ids: Annotated[tuple[UUID, ...], AfterValidator(distinct)] = ()
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
    """A dispute, opened at compliance; one that came by letter, e-mail or text is a written one."""

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
                    "debts_discussed": [AN_ACCOUNT],
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
