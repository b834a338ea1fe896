"""The base of every event payload and the types that payloads share.

Producers forbid unknown fields (a typing error fails the build, not a consumer); consumers ignore them, so that an
older consumer survives a newer producer. `Payload` is the producer's side; `consumer_model` derives the other.
"""

import re
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

MAX_MINOR = 10**15
"""The largest amount in minor units: exact in a JSON number of any client (2**53 > 9 * 10**15)."""

AmountMinor = Annotated[int, Field(ge=0, le=MAX_MINOR, strict=True, description="Whole minor units of `currency`.")]
SignedMinor = Annotated[
    int, Field(ge=-MAX_MINOR, le=MAX_MINOR, strict=True, description="Whole minor units; a credit is negative.")
]
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _written_as_a_day(value: Any) -> Any:
    if isinstance(value, (int, float, datetime)) or (isinstance(value, str) and not _ISO.fullmatch(value)):
        raise PydanticCustomError("date_form", "A date is written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_written_as_a_day)]
"""A date that comes from outside. A number of seconds or a time of a day is refused: in which zone would it be?"""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code.", examples=["USD"])]


class Payload(BaseModel):
    """A flat JSON object that one topic carries. Frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountPayload(Payload):
    """A payload about one account: the key of its topic is `account_id`."""

    creditor_id: UUID
    account_id: UUID
