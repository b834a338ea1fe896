"""Reads the core's extract, piece by piece as it streams in: CSV or NDJSON, in memory bounded by one line.

A reader takes bytes and gives records, each with the number of the line that it begins on (the header is line 1). A
line that cannot be read becomes a `BadLine`; the good ones around it are still read. Nothing is judged here but form.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

MAX_LINE_BYTES = 65_536
MAX_RECORD_LINES = 20
"""Lines that one quoted record may span. A stray quote must not swallow the file."""

OPTIONAL_COLUMNS = frozenset({"status", "charged_off_on", "date_of_birth"})
REQUIRED_COLUMNS = (
    "core_account_number",
    "product_class",
    "currency",
    "balance_minor",
    "principal_minor",
    "interest_minor",
    "fees_minor",
    "past_due_minor",
    "oldest_unpaid_due_on",
    "installment_minor",
    "frequency",
    "next_due_on",
    "opened_on",
    "credit_limit_minor",
    "party_number",
    "party_kind",
    "given_name",
    "family_name",
    "language",
    "street",
    "city",
    "region",
    "postal_code",
    "phone",
    "email",
)
_UTF8_BOM = b"\xef\xbb\xbf"


class Record(NamedTuple):
    """One row as it was written: names and values, without the empty ones."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be read. `account_number` is what it says it is about, where that can be told."""

    line: int
    code: str
    message: str
    account_number: str | None = None
    field: str | None = None


class HeaderError(ValueError):
    """The first line is not the documented header: nothing of the file can be trusted."""


class Reader(Protocol):
    """Takes a file in pieces."""

    is_truncated: bool
    """Whether the file ended inside a line: known after `finish`."""
    unknown_columns: Sequence[str]

    def read(self, data: bytes) -> Iterator[Record | BadLine]:
        """The records that are complete with these bytes. Raises `HeaderError` at the first line."""
        ...

    def finish(self) -> Iterator[Record | BadLine]:
        """What is left when the bytes have ended."""
        ...


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    data: bytes
    is_ended: bool = True


class _Lines:
    """Cuts bytes into numbered lines; one that is too long is given without its content."""

    def __init__(self) -> None:
        self._rest = b""
        self._number = 0
        self._is_skipping = False

    def feed(self, data: bytes) -> Iterator[_Line | BadLine]:
        parts = (self._rest + data).split(b"\n")
        self._rest = parts.pop()
        for part in parts:
            self._number += 1
            if self._is_skipping:
                self._is_skipping = False
            elif len(part) > MAX_LINE_BYTES:
                yield self._too_long(self._number)
            else:
                yield _Line(self._number, part)
        if len(self._rest) > MAX_LINE_BYTES:
            if not self._is_skipping:
                yield self._too_long(self._number + 1)
            self._is_skipping, self._rest = True, b""

    def last(self) -> _Line | None:
        """The bytes after the last line end, if there are any."""
        if not self._rest or self._is_skipping:
            return None
        return _Line(self._number + 1, self._rest, is_ended=False)

    @staticmethod
    def _too_long(number: int) -> BadLine:
        return BadLine(number, "line-too-long", f"the line is longer than {MAX_LINE_BYTES} bytes")


def _text(line: _Line) -> str | BadLine:
    data = line.data.removeprefix(_UTF8_BOM) if line.number == 1 else line.data
    try:
        text = data.removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        return BadLine(line.number, "encoding-invalid", f"byte {error.start + 1} of the line is not UTF-8")
    if "\x00" in text:
        return BadLine(line.number, "character-invalid", "the line holds a NUL character")
    return text


class CsvReader:
    """RFC 4180 with a header: commas, double quotes, LF or CRLF, UTF-8 with or without a byte order mark."""

    def __init__(self) -> None:
        self.is_truncated = False
        self.unknown_columns: Sequence[str] = ()
        self._lines = _Lines()
        self._columns: list[str | None] = []
        self._account_at = 0
        self._open: list[tuple[int, str]] = []

    def read(self, data: bytes) -> Iterator[Record | BadLine]:
        """See `Reader`."""
        for line in self._lines.feed(data):
            yield from self._take(line)

    def finish(self) -> Iterator[Record | BadLine]:
        """See `Reader`."""
        last = self._lines.last()
        if last is not None:
            yield from self._take(last)
        while self._open:
            # A quote was opened and never closed: where it stands is wrong, what follows may be whole.
            self.is_truncated = True
            yield from self._give_up("quote-unclosed" if len(self._open) > 1 else "file-truncated")
        if not self._columns:
            raise HeaderError("the file is empty: it needs a header line")

    def _take(self, line: _Line | BadLine) -> Iterator[Record | BadLine]:
        text = line if isinstance(line, BadLine) else _text(line)
        if isinstance(text, BadLine):
            if not self._columns:
                raise HeaderError(f"the header line cannot be read: {text.message}")
            while self._open:
                yield from self._give_up()
            yield text
        elif not self._columns:
            self._columns = self._header(text)
        elif isinstance(line, _Line):
            yield from self._row(line.number, text, is_ended=line.is_ended)

    def _header(self, text: str) -> list[str | None]:
        names = [name.strip() for name in next(csv.reader([text]), [])]
        missing = [name for name in REQUIRED_COLUMNS if name not in names]
        if missing:
            raise HeaderError(f"the header (line 1) lacks {', '.join(missing)}")
        known = OPTIONAL_COLUMNS.union(REQUIRED_COLUMNS)
        twice = sorted({name for name in names if name in known and names.count(name) > 1})
        if twice:
            raise HeaderError(f"the header (line 1) names {', '.join(twice)} twice")
        self.unknown_columns = [name for name in names if name not in known]
        self._account_at = names.index("core_account_number")
        return [name if name in known else None for name in names]

    def _row(self, number: int, text: str, *, is_ended: bool = True) -> Iterator[Record | BadLine]:
        if not self._open and '"' not in text:
            if text.strip():
                yield self._record(number, text.split(","), is_ended=is_ended)
            return
        self._open.append((number, text))
        whole = "\n".join(part for _, part in self._open)
        if whole.count('"') % 2:
            if len(self._open) >= MAX_RECORD_LINES or len(whole) > MAX_LINE_BYTES:
                yield from self._give_up()
            return
        fields = _quoted_fields(whole)
        if len(self._open) > 1 and (fields is None or len(fields) != len(self._columns)):
            # Two stray quotes, not one record over several lines: only the first line is spoilt.
            yield from self._give_up()
            return
        begun = self._open[0][0]
        self._open.clear()
        if fields is None:
            yield BadLine(
                begun, "quote-invalid", "a quote stands where none may", self._account_number(text.split(","))
            )
        else:
            yield self._record(begun, fields, is_ended=is_ended)

    def _give_up(self, code: str = "quote-unclosed") -> Iterator[Record | BadLine]:
        """Rejects the line that opened a quote, and reads the lines after it on their own."""
        (number, text), *others = self._open
        self._open = []
        yield BadLine(number, code, "a quote is opened and not closed", self._account_number(text.split(",")))
        for other_number, other in others:
            yield from self._row(other_number, other)

    def _record(self, number: int, fields: Sequence[str], *, is_ended: bool) -> Record | BadLine:
        if len(fields) != len(self._columns):
            if not is_ended and len(fields) < len(self._columns):
                self.is_truncated = True
                return BadLine(number, "file-truncated", "the file ends inside this line", self._account_number(fields))
            return BadLine(
                number,
                "column-count",
                f"{len(fields)} columns, where the header has {len(self._columns)}",
                self._account_number(fields),
            )
        values = {
            name: value for name, raw in zip(self._columns, fields, strict=True) if name and (value := raw.strip())
        }
        return Record(number, values)

    def _account_number(self, fields: Sequence[str]) -> str | None:
        at = self._account_at
        # The last field of a broken line may be cut short itself.
        return fields[at].strip() or None if at < len(fields) - 1 else None


def _quoted_fields(text: str) -> list[str] | None:
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


class NdjsonReader:
    """One JSON object per line."""

    def __init__(self) -> None:
        self.is_truncated = False
        self.unknown_columns: Sequence[str] = ()
        self._lines = _Lines()

    def read(self, data: bytes) -> Iterator[Record | BadLine]:
        """See `Reader`."""
        for line in self._lines.feed(data):
            yield from self._take(line)

    def finish(self) -> Iterator[Record | BadLine]:
        """See `Reader`."""
        last = self._lines.last()
        if last is not None:
            yield from self._take(last)

    def _take(self, line: _Line | BadLine) -> Iterator[Record | BadLine]:
        text = line if isinstance(line, BadLine) else _text(line)
        if isinstance(text, BadLine):
            yield text
        elif isinstance(line, _Line) and text.strip():
            yield self._record(line, text)

    def _record(self, line: _Line, text: str) -> Record | BadLine:
        try:
            values = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            if not line.is_ended:
                self.is_truncated = True
                return BadLine(line.number, "file-truncated", "the file ends inside this line")
            return BadLine(line.number, "json-invalid", f"the line is not a JSON object: {error}")
        if not isinstance(values, dict):
            return BadLine(line.number, "json-invalid", "the line is not a JSON object")
        if "\\u" in text and not _is_storable(values):
            stated = values.get("core_account_number")
            number = stated.strip() or None if isinstance(stated, str) and _is_storable(stated) else None
            message = "the line escapes a NUL character or half a character"
            return BadLine(line.number, "character-invalid", message, number)
        return Record(line.number, {name: value for name, value in values.items() if value not in (None, "")})


def _is_storable(value: Any) -> bool:
    """Whether each text in a JSON value can be kept: an escape may write a NUL, or half of a surrogate pair."""
    if isinstance(value, str):
        return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(_is_storable(name) and _is_storable(item) for name, item in value.items())
    return all(map(_is_storable, value)) if isinstance(value, list) else True


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")
