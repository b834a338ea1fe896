"""The base of every event payload and the types that payloads share.

Producers forbid unknown fields (a typing error fails the build, not a consumer); consumers ignore them, so that an
older consumer survives a newer producer. `Payload` is the producer's side; `consumer_model` derives the other.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from shared.ids import in_c

MAX_MINOR = 10**15
"""The largest amount in minor units: exact in a JSON number of any client (2**53 > 9 * 10**15)."""

AmountMinor = Annotated[int, Field(ge=0, le=MAX_MINOR, strict=True, description="Whole minor units of `currency`.")]
SignedMinor = Annotated[
    int, Field(ge=-MAX_MINOR, le=MAX_MINOR, strict=True, description="Whole minor units; a credit is negative.")
]
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _written_as_a_day(value: Any) -> Any:
    if isinstance(value, (int, float, datetime)) or (isinstance(value, str) and not _ISO.fullmatch(value)):
        raise PydanticCustomError("date_form", "A date is written YYYY-MM-DD")
    return value


def _not_the_first_of_all(day: date) -> date:
    if day == date.min:
        raise PydanticCustomError("date_range", "There is a day before every date")
    return day


Day = Annotated[date, BeforeValidator(_written_as_a_day), AfterValidator(_not_the_first_of_all)]
"""A date that comes from outside. A number of seconds or a time of a day is refused: in which zone would it be?

So is the first of all days: the database's driver takes it for minus infinity, from which no number of days can be had.
"""


def _of_a_book(day: date) -> date:
    if day.year < _FIRST_YEAR:
        raise PydanticCustomError("business_day_range", "A business date does not lie before the year 1900")
    return day


def _of_a_calendar(days: int) -> int:
    if days > date.max.toordinal():
        raise PydanticCustomError("days_range", "No two days lie so far apart")
    return days


Days = Annotated[int, Field(ge=0), AfterValidator(_of_a_calendar)]
"""A number of days, no more than a calendar has: a larger one is a typing error, and no column of days holds it."""
BusinessDay = Annotated[Day, AfterValidator(_of_a_book)]
"""The day of a book. An earlier one is a typing error, and no days past due could be taken from the first there are."""
Id = Annotated[UUID, AfterValidator(in_c)]
"""An id that is looked up often: of the class that the ids of the database have, which is hashed and compared in C."""


def _written_as_a_moment(value: Any) -> Any:
    if isinstance(value, (int, float)) or (isinstance(value, str) and not _ISO.match(value)):
        raise PydanticCustomError("moment_form", "A moment is written as RFC 3339 has it")
    return value


def in_utc(moment: datetime) -> datetime:
    """Return the moment as UTC. Raises a `ValueError` for one without a zone, or outside of the years 1900 to 2999."""
    if moment.tzinfo is None:
        raise PydanticCustomError("moment_form", "A moment says its distance from UTC")
    # Of the year first: at the ends of the calendar another zone's hour, or the day after, is none.
    found = moment.astimezone(UTC) if _FIRST_YEAR <= moment.year <= _LAST_YEAR else moment
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise PydanticCustomError("moment_range", "A moment lies within the years 1900 to 2999 of UTC")
    return found


Moment = Annotated[datetime, BeforeValidator(_written_as_a_moment), AfterValidator(in_utc)]
"""An instant, as UTC. A number of seconds is refused, and a time without a zone, or where no rule could add days."""


def _a_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # no zone, no name of one, or a folder of zones
        raise PydanticCustomError("time_zone", "No time zone is called that") from None
    return name


TimeZone = Annotated[str, AfterValidator(_a_time_zone)]
"""The IANA name of a time zone that is known here: every day of its creditor is counted in it."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code.", examples=["USD"])]


class Payload(BaseModel):
    """A flat JSON object that one topic carries. Frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountPayload(Payload):
    """A payload about one account: the key of its topic is `account_id`."""

    creditor_id: UUID
    account_id: UUID
