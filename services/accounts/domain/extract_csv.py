"""Reads the core's extract as CSV, piece by piece as it streams in. A stray quote spoils its own line only."""

import csv
from collections.abc import Iterator, Sequence

from services.accounts.domain.extract import MAX_LINE_BYTES, BadLine, HeaderError, Line, Lines, Record, text_of

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


class CsvReader:
    """RFC 4180 with a header: commas, double quotes, LF or CRLF, UTF-8 with or without a byte order mark."""

    def __init__(self) -> None:
        self.is_truncated = False
        self.unknown_columns: Sequence[str] = ()
        self._lines = Lines()
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

    def _take(self, line: Line | BadLine) -> Iterator[Record | BadLine]:
        text = line if isinstance(line, BadLine) else text_of(line)
        if isinstance(text, BadLine):
            if not self._columns:
                raise HeaderError(f"the header line cannot be read: {text.message}")
            while self._open:
                yield from self._give_up()
            yield text
        elif not self._columns:
            self._columns = self._header(text)
        elif isinstance(line, Line):
            yield from self._row(line.number, text, is_ended=line.is_ended)

    def _header(self, text: str) -> list[str | None]:
        fields = _quoted_fields(text)
        if fields is None:
            raise HeaderError("the header (line 1) cannot be read: a quote or a carriage return stands where none may")
        names = [name.strip() for name in fields]
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
