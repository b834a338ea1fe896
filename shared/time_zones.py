"""In which time zones a person may be, by what an address or a phone number says. Pure; nothing is guessed.

A datum that says nothing about a place gives no zone at all, and one that permits several gives all of them: what is
ambiguous is contacted only when it is convenient everywhere (12 CFR 1006, comment 6(b)(1)(i)-2).
"""

import re
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import timezone

from shared.places import REGION_NAMES, REGION_ZONES
from shared.postal_codes import REGION_OF_PREFIX, ZONES_OF_POSTAL

_NORTH_AMERICA = 1
# A number that belongs to no place (toll-free) has the zones of the whole continent, more than any area code.
_MOST_ZONES = 4
_NOT_LETTERS = re.compile(r"[^a-z]+")
_REGION_OF_NAME = {name.lower(): region for region, name in REGION_NAMES.items()} | {
    "d c": "DC",
    "washington d c": "DC",
    "washington dc": "DC",
}


def folded(text: str | None) -> str:
    """Return the words of a name in small letters, with single spaces between them."""
    return _NOT_LETTERS.sub(" ", (text or "").lower()).strip()


def digits(text: str | None) -> str:
    """Return the ASCII digits of a text."""
    return "".join(character for character in text or "" if character in "0123456789")


def region_of(text: str | None, postal_code: str | None = None) -> str | None:
    """Return the state that an address names (`MA`, `us-ma`, `Massachusetts`), else the one of its postal code.

    None: neither says. Military mail (AA, AE, AP) is in no state.
    """
    if text and text.strip():
        name = folded(text)
        code = name.removeprefix("us ").upper()
        return code if code in REGION_ZONES else _REGION_OF_NAME.get(name)
    return REGION_OF_PREFIX.get(digits(postal_code)[:3])


def address_zones(region: str | None, postal_code: str | None) -> tuple[str, ...]:
    """Return the zones of an address: those of its state, unless its postal code lies in fewer; none: no state."""
    state = region_of(region, postal_code)
    if state is None:
        return ()
    code = digits(postal_code)
    return ZONES_OF_POSTAL.get((state, code[:5])) or ZONES_OF_POSTAL.get((state, code[:3])) or REGION_ZONES[state]


class PhonePlace(NamedTuple):
    """What a phone number indicates: its zones, and its area code ("" outside North America)."""

    zones: tuple[str, ...]
    area_code: str


_NATIONAL = re.compile(r"\+1[0-9]{10}", re.ASCII)


def phone_place(number: str) -> PhonePlace | None:
    """Return the place that a phone number (E.164) is associated with. Numbers move with their owners.

    None: not a number, or one of no place, such as a toll-free one.
    """
    # The place of a North American number is told by its first six digits: a book of a million has few of those.
    return _place_of(f"{number[:8]}0123" if _NATIONAL.fullmatch(number) else number)


@lru_cache(maxsize=65_536)
def _place_of(number: str) -> PhonePlace | None:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    zones = tuple(zone for zone in timezone.time_zones_for_geographical_number(parsed) if zone != "Etc/Unknown")
    if not zones or len(zones) > _MOST_ZONES:
        return None
    return PhonePlace(zones, str(parsed.national_number)[:3] if parsed.country_code == _NORTH_AMERICA else "")


def phone_zones(number: str) -> tuple[str, ...]:
    """Return the zones that a phone number (E.164) indicates; none: it says nothing of a place."""
    place = phone_place(number)
    return place.zones if place else ()
