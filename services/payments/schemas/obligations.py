"""HTTP models of promises and arrangements: one shape for both, a promise is shown with its one instalment.

Money is whole minor units of `currency`; dates are calendar dates on the creditor's business calendar.
"""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.payments.domain.schedule import LAST_DUE_DAY
from shared.events.core import PositiveMinor
from shared.events.payload import AmountMinor, Currency, Day
from shared.events.payments import ArrangementStatus, InstallmentStatus, PromiseStatus
from shared.events.snapshot import Frequency

# A word without digits: nobody can leave a card number here.
Method = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]


def _in_sight(day: date) -> date:
    if day > LAST_DUE_DAY:
        raise PydanticCustomError("due_day_range", "No due date is that far away")
    return day


DueDay = Annotated[Day, AfterValidator(_in_sight)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PromiseRequest(_Model):
    """A promise to pay `amount_minor` by `due_on`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": "0a7c3d0e-6f1b-5f0a-9a43-6d0f5a1f2b3c",
                    "due_on": "2026-03-31",
                    "amount_minor": 12550,
                    "currency": "USD",
                    "method": "ach",
                }
            ]
        }
    )

    account_id: UUID
    due_on: DueDay
    amount_minor: PositiveMinor
    currency: Currency
    method: Method | None = Field(default=None, description="How the person means to pay; a lower-case word.")


class InstallmentTerms(_Model):
    """One amount and the day by which it is to be there."""

    due_on: DueDay
    amount_minor: PositiveMinor


class ScheduleTerms(_Model):
    """Equal instalments; what does not divide stands on the last one. A day a month lacks falls on its last day."""

    count: Annotated[int, Field(ge=1, le=360, strict=True)]
    first_due_on: Day
    frequency: Frequency
    total_minor: PositiveMinor


class ArrangementRequest(_Model):
    """Instalments that state everything the account is to receive, the regular payment included."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": "0a7c3d0e-6f1b-5f0a-9a43-6d0f5a1f2b3c",
                    "currency": "USD",
                    "installments": {
                        "count": 3,
                        "first_due_on": "2026-03-31",
                        "frequency": "monthly",
                        "total_minor": 90000,
                    },
                    "grace_days": 3,
                }
            ]
        }
    )

    account_id: UUID
    currency: Currency
    installments: Annotated[tuple[InstallmentTerms, ...], Field(min_length=1, max_length=360)] | ScheduleTerms
    tolerance_minor: AmountMinor = Field(default=0, description="How far short the total may be, once.")
    grace_days: Annotated[int, Field(ge=0, le=365, strict=True)] = Field(
        default=0, description="Calendar days after a due date in which money is still in time."
    )


class InstallmentView(_Model):
    """One instalment and what the account received towards it."""

    due_on: date
    amount_minor: int
    paid_minor: int
    status: InstallmentStatus


class _Obligation(_Model):
    id: UUID
    account_id: UUID
    creditor_id: UUID
    currency: str
    installments: tuple[InstallmentView, ...]
    total_minor: int
    paid_minor: int
    tolerance_minor: int
    grace_days: int
    made_on: date = Field(description="The creditor's business date when it was made; money counts from then.")
    made_at: datetime
    made_by: str
    resolved_on: date | None = Field(description="The first business date on which it stands so; null while open.")
    cancelled_by: str | None
    cancel_reason: Literal["charge_off", "bankruptcy", "discharge", "arrangement", "request"] | None
    version: int = Field(description="Counts its published states; the `ETag` of this object.")


class PromiseView(_Obligation):
    """A promise to pay as it stands."""

    kind: Literal["promise"] = "promise"
    status: PromiseStatus
    method: str | None


class ArrangementView(_Obligation):
    """A payment arrangement as it stands. `proposed` waits for a supervisor's approval."""

    kind: Literal["arrangement"] = "arrangement"
    status: ArrangementStatus
    next_due_on: date | None
    approved_at: datetime | None
    approved_by: str | None
