"""Text that a person typed. It never holds a card number: one that was stored would put the whole system in PCI scope.

A card number is a run of 13 to 19 digits, in groups all parted by a single space, hyphen or dot, that passes the Luhn
test. A UUID holds none: one in three hundred would, by its digits alone. Nor do a date and a telephone number side by
side, whose groups are parted in two ways, unless they begin as the cards of a network do.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from shared.card_numbers import CODE, MAX_DIGITS, MIN_DIGITS, is_card_number, passes_luhn

_RUN = re.compile(r"[0-9](?:[ .\-\u2010-\u2015\u00a0]?[0-9])+")
_UUID = re.compile(r"([0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})")
_PARTS = re.compile(r"[0-9]+|[^0-9]")


def holds_card_number(text: str) -> bool:
    """Say whether, outside a UUID, neighbouring groups of digits make a run of 13 to 19 that passes the Luhn test."""
    return any(map(_holds, _RUN.findall(_UUID.sub("\n", text))))


def without_card_numbers(text: str) -> str:
    """Return a text with each run of digits that holds a card number left out. UUIDs stay, whatever their digits."""
    pieces = _UUID.split(text)
    return "".join(piece if _UUID.fullmatch(piece) else _RUN.sub(_left_out, piece) for piece in pieces)


def _left_out(run: re.Match[str]) -> str:
    return "[left out]" if _holds(run[0]) else run[0]


def _holds(run: str) -> bool:
    parts = _PARTS.findall(run)
    return any(
        _is_card(parts[first:end])
        for first in range(0, len(parts), 2)
        for end in range(first + 1, min(first + 2 * MAX_DIGITS, len(parts) + 1), 2)
    )


def _is_card(parts: list[str]) -> bool:
    """Of groups of digits and what stands between them, in turn."""
    digits = "".join(parts[::2])
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        return False
    return passes_luhn(digits) if len(set(parts[1::2])) <= 1 else is_card_number(digits)


def check(text: str) -> str:
    """Return the text. Raises for a card number and for NUL, which no text column holds."""
    if "\0" in text:
        raise PydanticCustomError("validation-error", "The text holds a NUL character.")
    if holds_card_number(text):
        raise PydanticCustomError(CODE, "The text holds what looks like a card number.")
    return text


FreeText = Annotated[str, Field(max_length=4000), AfterValidator(check)]
"""A text field of a request, never of an answer. Not for reference numbers such as a trace: one in ten passes the
Luhn test."""
