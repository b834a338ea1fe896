"""HTTP models of an account's timeline."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class TimelineItem(BaseModel):
    """One fact about an account."""

    model_config = ConfigDict(frozen=True)

    on: date = Field(
        description="The day for which it counts: effective date, close of day, or business date; "
        "of what other services told, the day on the creditor's calendar."
    )
    at: datetime | None = Field(description="When it was recorded here; null for snapshots.")
    kind: str = Field(
        description="`payment`, `reversal`, `snapshot`, `snapshot.absent`, `account.*`, `promise.*`, `arrangement.*`, "
        "`pause`, `pause.cancelled`, `queue.entered`, `queue.exited`, `work_item.*`, and what other services told: "
        "`restriction.*`, `dispute.*`, `consent.*`, `contact.*`, `message.*`, `contact_point.*`, `callback.scheduled`, "
        "`field_visit.completed`, `skiptrace.*`; more may come.",
        examples=["payment"],
    )
    id: UUID
    detail: dict[str, Any] = Field(examples=[{"amount_minor": 12550, "currency": "USD", "channel": "branch"}])
