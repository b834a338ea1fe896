"""Reads the core's extract as NDJSON, piece by piece as it streams in: one JSON object per line."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from services.accounts.domain.extract import BadLine, Line, Lines, Record, text_of


class NdjsonReader:
    """One JSON object per line."""

    def __init__(self) -> None:
        self.is_truncated = False
        self.unknown_columns: Sequence[str] = ()
        self._lines = Lines()

    def read(self, data: bytes) -> Iterator[Record | BadLine]:
        """See `Reader`."""
        for line in self._lines.feed(data):
            yield from self._take(line)

    def finish(self) -> Iterator[Record | BadLine]:
        """See `Reader`."""
        last = self._lines.last()
        if last is not None:
            yield from self._take(last)

    def _take(self, line: Line | BadLine) -> Iterator[Record | BadLine]:
        text = line if isinstance(line, BadLine) else text_of(line)
        if isinstance(text, BadLine):
            yield text
        elif isinstance(line, Line) and text.strip():
            yield self._record(line, text)

    def _record(self, line: Line, text: str) -> Record | BadLine:
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
