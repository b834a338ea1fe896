"""HTTP models of work items: what a collector is given, and what a collector says about it."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.accounts.domain.work_item import WorkItem
from shared.events.payload import Day
from shared.http.free_text import FreeText

ItemStatus = Literal["open", "assigned", "completed", "snoozed", "superseded"]


class WorkItemOut(BaseModel):
    """One account in one queue."""

    model_config = ConfigDict(frozen=True)

    work_item_id: UUID
    account_id: UUID
    creditor_id: UUID
    queue: str = Field(examples=["early_stage"])
    priority: int = Field(description="Larger is offered first.", examples=[12550])
    reasons: tuple[str, ...] = Field(examples=[["early_stage"]])
    status: ItemStatus
    assigned_to: str | None = Field(description="The `sub` of the token that leased it.")
    leased_until: datetime | None
    withheld_until: date | None = Field(description="The business date on which it is offered again.")

    @classmethod
    def of(cls, item: WorkItem) -> Self:
        """The HTTP form of a work item."""
        return cls(
            work_item_id=item.work_item_id,
            account_id=item.account_id,
            creditor_id=item.creditor_id,
            queue=item.queue,
            priority=item.priority,
            reasons=item.reasons,
            status=item.status.value,
            assigned_to=item.holder,
            leased_until=item.leased_until,
            withheld_until=item.withheld_until,
        )


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CompleteIn(_Command):
    """The item was worked: it is withheld until the follow-up, by default to the next business date."""

    follow_up_on: Day | None = Field(default=None, examples=["2026-03-16"])
    resolve_escalation: bool = Field(
        default=False, description="Also takes the escalation off the account; needs the right to edit queues."
    )


class SnoozeIn(_Command):
    """The item is not to be worked before `until`, by default the next business date."""

    until: Day | None = Field(default=None, examples=["2026-03-16"])


class EscalateIn(_Command):
    """A supervisor is asked to look at the account."""

    reason: Annotated[FreeText, Field(min_length=1, max_length=500)] = Field(
        examples=["asks for a settlement above my authority"]
    )
