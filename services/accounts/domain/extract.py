"""What a reader of the core's extract gives, and how bytes become numbered lines, in memory bounded by one line.

A reader takes bytes and gives records, each with the number of the line that it begins on (the header is line 1). A
line that cannot be read becomes a `BadLine`; the good ones around it are still read. Nothing is judged here but form.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

MAX_LINE_BYTES = 65_536
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
class Line:
    """One line without its end. `is_ended`: the end was there."""

    number: int
    data: bytes
    is_ended: bool = True


class Lines:
    """Cuts bytes into numbered lines; one that is too long is given without its content."""

    def __init__(self) -> None:
        self._rest = b""
        self._number = 0
        self._is_skipping = False

    def feed(self, data: bytes) -> Iterator[Line | BadLine]:
        """The lines that are complete with these bytes."""
        parts = (self._rest + data).split(b"\n")
        self._rest = parts.pop()
        for part in parts:
            self._number += 1
            if self._is_skipping:
                self._is_skipping = False
            elif len(part) > MAX_LINE_BYTES:
                yield self._too_long(self._number)
            else:
                yield Line(self._number, part)
        if len(self._rest) > MAX_LINE_BYTES:
            if not self._is_skipping:
                yield self._too_long(self._number + 1)
            self._is_skipping, self._rest = True, b""

    def last(self) -> Line | None:
        """The bytes after the last line end, if there are any."""
        if not self._rest or self._is_skipping:
            return None
        return Line(self._number + 1, self._rest, is_ended=False)

    @staticmethod
    def _too_long(number: int) -> BadLine:
        return BadLine(number, "line-too-long", f"the line is longer than {MAX_LINE_BYTES} bytes")


def text_of(line: Line) -> str | BadLine:
    """The text of a line, or why it has none."""
    data = line.data.removeprefix(_UTF8_BOM) if line.number == 1 else line.data
    try:
        text = data.removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        return BadLine(line.number, "encoding-invalid", f"byte {error.start + 1} of the line is not UTF-8")
    if "\x00" in text:
        return BadLine(line.number, "character-invalid", "the line holds a NUL character")
    return text
