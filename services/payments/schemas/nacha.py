"""HTTP models of a Nacha return file's report. Amounts are minor units, as in the file."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

NachaResult = Literal["reversed", "unmatched", "ambiguous", "already_reversed", "reported"]
NachaKind = Literal["return", "dishonored_return", "contested_return", "notification_of_change", "forward_entry", "iat"]


def counted(results: Iterable[str]) -> dict[str, int]:
    """How many entries came to each result, the results that none came to included."""
    found = Counter(results)
    return {result: found[result] for result in get_args(NachaResult)}


class NachaEntryView(BaseModel):
    """What became of one entry. `line` is its line in the file, counted from 1."""

    model_config = ConfigDict(frozen=True)

    line: int
    result: NachaResult
    detail: str
    kind: NachaKind
    transaction_code: str
    amount_minor: int
    individual_id: str | None
    return_code: str | None = Field(description="The return reason code, or the change code of a notification.")
    original_trace: str | None
    effective_on: date | None = Field(description="The day on which the money goes back.")
    payment_id: UUID | None
    reversal_id: UUID | None


class NachaReport(BaseModel):
    """What became of a return file, entry by entry."""

    model_config = ConfigDict(frozen=True)

    file_id: UUID
    creditor_id: UUID
    taken_at: datetime
    is_repeated: bool = Field(default=False, exclude=True)
    """The same content was taken before: known to the import alone, which answers 200 then, not 201."""
    counts: dict[str, int] = Field(description="How many entries came to each result.")
    entries: tuple[NachaEntryView, ...]
