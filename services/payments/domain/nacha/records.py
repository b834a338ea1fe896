"""The records of a Nacha file: lines of 94 characters, their fields, and what is wrong with them.

Source: Nacha Operating Rules, Appendix Three (ACH record format specifications) and Appendix Four (returns). Columns
are counted from 1, as there. Trailing blanks may be cut, line ends may be CRLF or missing altogether; a field that
must hold digits or a code must hold them. What is wrong with a field is told by its shape, never by its digits.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

WIDTH: Final = 94
FILLER: Final = "9" * WIDTH
CENTURY: Final = 2000

CREDITS: Final = frozenset(f"{kind}{digit}" for kind in "234" for digit in "1234") | {"51", "52", "53", "54"}
DEBITS: Final = frozenset(f"{kind}{digit}" for kind in "234" for digit in "6789") | {"55", "56"}
RETURN: Final = re.compile(r"R\d\d")
CHANGE: Final = re.compile(r"C\d\d")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that makes the whole file unusable. `line` counts from 1."""

    line: int
    message: str


@dataclass(slots=True)
class Line:
    """One line of the file, padded to 94 characters, that collects its own faults."""

    number: int
    text: str
    faults: list[Fault] = field(default_factory=list)

    @property
    def type(self) -> str:
        """The record type: 1 file header, 5 batch header, 6 entry, 7 addenda, 8 batch control, 9 file control."""
        return self.text[0]

    def fault(self, message: str) -> None:
        """Note what is wrong with this line."""
        self.faults.append(Fault(self.number, message))

    def at(self, first: int, last: int) -> str:
        """The characters of columns `first` to `last`."""
        return self.text[first - 1 : last]

    def digits(self, first: int, last: int, name: str) -> str:
        """A field of digits only; all zeros and a fault where it holds anything else."""
        value = self.at(first, last)
        if value.isascii() and value.isdigit():
            return value
        self.fault(f"{name} (columns {first} to {last}) must be digits, it is {_shape(value)!r}")
        return "0" * len(value)

    def number_at(self, first: int, last: int, name: str) -> int:
        """A whole number."""
        return int(self.digits(first, last, name))

    def code(self, first: int, last: int, pattern: re.Pattern[str], name: str) -> str:
        """A code in capital letters and digits, as the rules demand of the fields that machines read."""
        value = self.at(first, last)
        if not pattern.fullmatch(value):
            self.fault(f"{name} (columns {first} to {last}) is {value!r}")
        return value

    def day(self, first: int, last: int, name: str) -> date:
        """A date YYMMDD of this century."""
        value = self.digits(first, last, name)
        try:
            return date(CENTURY + int(value[:2]), int(value[2:4]), int(value[4:6]))
        except ValueError:
            self.fault(f"{name} (columns {first} to {last}) is no date: {value!r}")
            return date(CENTURY, 1, 1)


def split(content: bytes) -> tuple[list[Line], list[Fault]]:
    """Cut the content into lines; faults for lines that cannot be records at all."""
    text = _decoded(content).removeprefix("\ufeff").rstrip("\r\n\x1a ")
    if not text:
        return [], [Fault(1, "the file is empty")]
    lines: list[Line] = []
    faults: list[Fault] = []
    for number, raw in enumerate(_raw_lines(text), start=1):
        stripped = raw.rstrip(" ")
        if len(stripped) > WIDTH:
            faults.append(Fault(number, f"{len(stripped)} characters, a record has {WIDTH}"))
        elif not stripped:
            faults.append(Fault(number, "an empty line"))
        elif not stripped.isprintable():
            faults.append(Fault(number, "a control character"))
        elif stripped[0] not in "156789":
            faults.append(Fault(number, f"no record begins with {stripped[0]!r}"))
        else:
            lines.append(Line(number, stripped.ljust(WIDTH)))
    return lines, faults


def _shape(value: str) -> str:
    """The value with every digit as 9 and every letter as A: a line that slipped may hold an account or a name here."""
    return "".join("9" if one.isdigit() else "A" if one.isalpha() else one for one in value)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _raw_lines(text: str) -> Iterator[str]:
    if "\n" not in text and "\r" not in text and len(text) > WIDTH:
        # Mainframes send records of fixed length with no line ends.
        return (text[start : start + WIDTH] for start in range(0, len(text), WIDTH))
    return iter(re.split(r"\r\n|\n|\r", text))
