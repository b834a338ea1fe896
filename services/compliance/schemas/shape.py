"""What the HTTP models of compliance share: frozen, closed to unknown fields, and how evidence is given."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from shared.events.payload import Day as AnyDay
from shared.events.payload import Moment
from shared.http.free_text import FreeText
from shared.ids import distinct

AccountIds = Annotated[tuple[UUID, ...], Field(max_length=100), AfterValidator(distinct)]
Day = Annotated[AnyDay, Field(ge=date(1900, 1, 1), le=date(2999, 12, 31))]
"""A rule asks for the day after and the hour in every zone: at the ends of the calendar there is none."""
Word = Annotated[str, Field(min_length=1, max_length=64)]
Place = Annotated[Word, AfterValidator(str.casefold)]
"""home, work or another word; Work is work."""
Line = Annotated[FreeText, Field(min_length=1, max_length=300)]


class Model(BaseModel):
    """The base of every model."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EvidenceIn(Model):
    """What shows that something is so: in words, where it is kept, and when it came."""

    text: FreeText | None = None
    reference: Line | None = Field(default=None, description="Where it is kept: a docket, a document, a recording.")
    received_on: Day | None = None


class EvidenceView(Model):
    """What showed that something is so, as it was given."""

    text: str | None
    reference: str | None = Field(description="Where it is kept: a docket, a document, a recording.")
    received_on: date | None


def _in_words(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


Evidence = Annotated[
    EvidenceIn,
    BeforeValidator(_in_words, json_schema_input_type=EvidenceIn | FreeText),
    Field(description="An object, or just words."),
]


class Heard(Model):
    """The attempt on which it was heard: what this places has an id that follows from it, and is placed once."""

    attempt_id: UUID | None = Field(
        default=None,
        description="The id is then UUIDv5(attempt_id, name) and a repetition answers what stands already.",
    )


class Recorded(Model):
    """Who entered it, and the version for `If-Match`."""

    recorded_by: str
    version: int = Field(description="The `ETag` of this object.")


__all__ = [
    "AccountIds",
    "Day",
    "Evidence",
    "EvidenceIn",
    "EvidenceView",
    "Heard",
    "Line",
    "Model",
    "Moment",
    "Recorded",
    "Word",
]
