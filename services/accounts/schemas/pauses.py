"""HTTP models of pauses: times in which an account's delinquent days do not run."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.payload import Day
from shared.http.free_text import FreeText


class PauseIn(BaseModel):
    """Pauses delinquent days. It may lie in the past, overlap other pauses or enclose them: each day counts once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    starts_on: Day = Field(description="The first day that does not count.", examples=["2026-03-01"])
    ends_on: Day = Field(description="The first day that counts again.", examples=["2026-04-01"])
    reason: Annotated[FreeText, Field(min_length=1, max_length=500)] = Field(examples=["flood relief programme"])
    evidence: Annotated[FreeText, Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="Where the proof is, e.g. the number of a document.", examples=["D-2026-0117"]
    )


class PauseOut(BaseModel):
    """A pause. Cancelled, it counts as if it had never been, and stays on record."""

    model_config = ConfigDict(frozen=True)

    pause_id: UUID
    account_id: UUID
    starts_on: date
    ends_on: date = Field(description="The first day that counts again.")
    reason: str = Field(examples=["flood relief programme"])
    evidence: str | None = Field(examples=["D-2026-0117"])
    made_on: date = Field(description="The business date on which it was made.")
    made_at: datetime
    made_by: str = Field(description="The `sub` of the token.")
    cancelled_on: date | None = Field(description="The business date on which it was cancelled; null while it counts.")
    cancelled_by: str | None
