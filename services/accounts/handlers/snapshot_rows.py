"""From the values of one line to a snapshot row: what is wrong with it, and what is doubtful.

Pure: no database. A row that is refused names one field, a stable code and a sentence; amounts must be whole minor
units (`12.00` is refused: it might mean dollars) and dates `YYYY-MM-DD`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from services.accounts.domain.dues import Doubt, Snapshot, dues_of, refusals
from services.accounts.handlers.party_drafts import PartyDraft, party_drafts
from shared import card_numbers
from shared.events.snapshot import SnapshotRow
from shared.ids import account_id

_ROW: TypeAdapter[SnapshotRow] = TypeAdapter(SnapshotRow)
_MONEY = tuple(name for name in SnapshotRow.model_fields if name.endswith("_minor"))
_DATES = tuple(name for name in SnapshotRow.model_fields if name.endswith("_on") or name == "date_of_birth")
_EARLIEST = date(1800, 1, 1)
"""A year with a digit too few would make a debt centuries old."""
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
# How statistics programs and spreadsheets write 100000: exact, because the digits before the E are whole.
_SHORTENED = re.compile(r"([+-]?[0-9]{1,19})[eE]\+?([0-9]{1,2})", re.ASCII)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

_CODES = {
    "missing": ("required", "a value is required"),
    "less_than_equal": ("amount-out-of-range", "the amount is too large"),
    "greater_than_equal": ("amount-out-of-range", "the amount is too small"),
    "literal_error": ("value-unknown", "the value is none of those that are documented"),
    "string_too_long": ("value-too-long", "the value is too long"),
    "string_too_short": ("required", "a value is required"),
    card_numbers.CODE: (card_numbers.CODE, "this is the number of a payment card, not of an account"),
}


@dataclass(frozen=True, slots=True)
class Issue:
    """Why a line is rejected, or what is doubtful about it."""

    field: str | None
    code: str
    message: str


class Examined(NamedTuple):
    """A row that can be taken: its account, the snapshot that it states, its parties, and what is doubtful."""

    account_id: UUID
    row: SnapshotRow
    snapshot: Snapshot
    parties: Sequence[PartyDraft]
    warnings: tuple[Issue, ...]


def read_row(values: Mapping[str, Any]) -> SnapshotRow | Issue:
    """The row of a line's values, or the first thing that is wrong with them."""
    checked = dict(values)
    for name in _MONEY:
        if name in checked:
            amount = _whole(checked[name])
            if amount is None:
                return Issue(name, "amount-invalid", "an amount is a whole number of minor units, without a point")
            checked[name] = amount
    for name in _DATES:
        if name in checked:
            day = _day(checked[name])
            if day is None:
                return Issue(name, "date-invalid", "a date is an existing day, written YYYY-MM-DD")
            checked[name] = day
    try:
        return _ROW.validate_python(checked)
    except ValidationError as error:
        return _issue(error)


def _whole(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    if _WHOLE.fullmatch(value):
        return int(value)
    shortened = _SHORTENED.fullmatch(value)
    return int(shortened[1]) * 10 ** int(shortened[2]) if shortened else None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> date | None:
    if not _ISO.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _day(value: object) -> date | None:
    return _parsed(value) if isinstance(value, str) else None


def _issue(error: ValidationError) -> Issue:
    first, *others = error.errors(include_url=False, include_context=False, include_input=False)
    field = ".".join(str(part) for part in first["loc"])
    code, message = _CODES.get(first["type"], ("value-invalid", first["msg"]))
    if others:
        message = f"{message}; {len(others)} more field(s) of the line are wrong"
    return Issue(field, code, message)


def _not_yet(row: SnapshotRow, business_date: date) -> Iterator[Doubt]:
    """Dates that describe only, and lie after the close of the day: taken as they are stated."""
    for name in ("opened_on", "date_of_birth"):
        day = getattr(row, name)
        if day is not None and day > business_date:
            code = f"{name.replace('_', '-')}-in-future"
            yield Doubt(name, code, f"{name} lies after the business date {business_date}: taken as stated")


def examine(row: SnapshotRow, creditor_id: UUID, currency: str, business_date: date) -> Examined | Issue:
    """Judges a row against its creditor and its date."""
    for name in _DATES:
        day = getattr(row, name)
        if day is not None and day < _EARLIEST:
            return Issue(name, "date-out-of-range", f"no date of a debt or a person lies before {_EARLIEST}")
    if row.currency != currency:
        return Issue("currency", "currency-mismatch", f"the creditor's book is in {currency}, not {row.currency}")
    snapshot = Snapshot(
        business_date=business_date,
        product_class=row.product_class,
        status=row.status,
        balance_minor=row.balance_minor,
        past_due_minor=row.past_due_minor,
        oldest_unpaid_due_on=row.oldest_unpaid_due_on,
        installment_minor=row.installment_minor,
        frequency=row.frequency,
        next_due_on=row.next_due_on,
        charged_off_on=row.charged_off_on,
    )
    wrong = refusals(snapshot)
    if wrong:
        return Issue(wrong[0].field, wrong[0].code, wrong[0].message)
    parties, doubts = party_drafts(row, creditor_id)
    found = (*dues_of(snapshot).doubts, *_not_yet(row, business_date), *doubts)
    warnings = tuple(Issue(doubt.field, doubt.code, doubt.message) for doubt in found)
    return Examined(account_id(creditor_id, row.core_account_number), row, snapshot, parties, warnings)
