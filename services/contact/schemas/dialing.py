"""HTTP models of dial lists."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.contact.domain.dialing import MAX_RECORDS, DialListStatus
from services.contact.domain.placing import CallTrait
from services.contact.schemas.model import CallTraits, Model
from shared.events.contact import ResultCode
from shared.events.payload import Moment

_DIAL_RESULTS = [{"record_id": "0192f3a4-5b6c-7d8e-9f0a-1b2c3d4e5f60", "result_code": "no_answer"}]


class DialListRequest(Model):
    """A list of whom to call, from a work queue, the best first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"queue": "early_stage", "size": 500}]})

    queue: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,48}$")]
    size: Annotated[int, Field(ge=1, le=MAX_RECORDS, strict=True)]
    traits: CallTraits


class DialListView(Model):
    """A dial list. Read its records when it is `ready`."""

    dial_list_id: UUID
    queue: str
    size: int
    traits: tuple[CallTrait, ...] = Field(description="How its calls are made.")
    status: DialListStatus
    reason: str | None
    listed: int
    excluded: int
    made_at: datetime
    made_by: str


class DialRecord(Model):
    """One line of a dial list. The number is given when the record is released, and not before."""

    record_id: UUID
    position: int
    account_id: UUID
    party_id: UUID
    contact_point_id: UUID
    status: Literal["listed", "blocked"]
    not_before: datetime | None


class DialResultIn(Model):
    """What came of a released record."""

    record_id: UUID
    result_code: ResultCode
    at: Moment | None = None


class DialResultsRequest(Model):
    """Up to 1,000 results. The same again changes nothing; the first result of a record stands."""

    results: Annotated[tuple[DialResultIn, ...], Field(min_length=1, max_length=1000, examples=[_DIAL_RESULTS])]


class DialResultTold(Model):
    """What became of one result; `conflict`: the record has another."""

    record_id: UUID
    told: Literal["taken", "already", "conflict", "unknown", "not-released", "refused"]


class DialResultsTaken(Model):
    """One answer per result, in their order."""

    results: list[DialResultTold]
