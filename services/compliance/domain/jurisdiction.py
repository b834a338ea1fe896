"""Where a consumer may be, from what is known: addresses, phone numbers and what the consumer said.

Each datum gives one `Location`: every time zone that it permits, and the jurisdictions whose rules it brings in.
Nothing is guessed and nothing outvotes another: jurisdictions stack, the most restrictive rule wins, and a datum that
says nothing about a place gives None, so that a consumer of whom no place is known is not contacted by assumption.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

import phonenumbers
from phonenumbers import timezone

from services.compliance.domain.facts import Location
from services.compliance.domain.places import (
    CITIES,
    REGION_NAMES,
    REGION_OF_AREA_CODE,
    REGION_OF_PREFIX,
    REGION_ZONES,
    ZONES_OF_POSTAL,
    City,
)
from services.compliance.domain.rules import FEDERAL

_NORTH_AMERICA = 1
# A number that belongs to no place (toll-free) has the zones of the whole continent, more than any area code.
_MOST_ZONES = 4
_NOT_LETTERS = re.compile(r"[^a-z]+")
_REGION_OF_NAME = {name.lower(): region for region, name in REGION_NAMES.items()} | {
    "d c": "DC",
    "washington d c": "DC",
    "washington dc": "DC",
}


def region_of(text: str | None, postal_code: str | None = None) -> str | None:
    """The state that an address names (`MA`, `us-ma`, `Massachusetts`), else the one of its postal code.

    None: neither says. Military mail (AA, AE, AP) is in no state.
    """
    if text and text.strip():
        folded = _NOT_LETTERS.sub(" ", text.lower()).strip()
        code = folded.removeprefix("us ").upper()
        return code if code in REGION_ZONES else _REGION_OF_NAME.get(folded)
    return REGION_OF_PREFIX.get(_digits(postal_code)[:3])


def address_location(
    *,
    region: str | None,
    city: str | None = None,
    postal_code: str | None = None,
    source: str = "address",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Location | None:
    """The location of an address, or of what the consumer said (`source="stated"`, from `since` to `until`).

    A state with two zones has both unless the postal code lies in one (comment 6(b)(1)(i)-2: what is ambiguous is
    contacted only when it is convenient everywhere). None when the state is not known.
    """
    state = region_of(region, postal_code)
    if state is None:
        return None
    code = _digits(postal_code)
    zones = ZONES_OF_POSTAL.get((state, code[:5])) or ZONES_OF_POSTAL.get((state, code[:3])) or REGION_ZONES[state]
    cities = tuple(each.jurisdiction for each in CITIES if each.region == state and _is_in(each, city, code))
    return Location(source, zones, (f"{FEDERAL}-{state}", *cities), since, until)


def _is_in(city: City, name: str | None, code: str) -> bool:
    """An address that tells neither its city nor its postal code may lie in the city: its rules apply."""
    folded = _NOT_LETTERS.sub(" ", (name or "").lower()).strip()
    if not folded and not code:
        return True
    return folded in city.names or code[:3] in city.postal_prefixes or code[:5] in city.postal_prefixes


@lru_cache(maxsize=65_536)
def phone_location(number: str) -> Location | None:
    """The location that a phone number (E.164) is associated with: zones, and the state of its area code.

    A number from outside the United States brings its zones and no state. None: not a number, or one of no place, such
    as a toll-free one. Numbers move with their owners; the answer is what the number indicates, no more.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    zones = tuple(zone for zone in timezone.time_zones_for_geographical_number(parsed) if zone != "Etc/Unknown")
    if not zones or len(zones) > _MOST_ZONES:
        return None
    area_code = str(parsed.national_number)[:3] if parsed.country_code == _NORTH_AMERICA else ""
    region = REGION_OF_AREA_CODE.get(area_code)
    if region is None:
        return Location("phone", zones)
    cities = tuple(city.jurisdiction for city in CITIES if area_code in city.area_codes)
    return Location("phone", zones, (f"{FEDERAL}-{region}", *cities))


def jurisdictions(locations: Iterable[Location]) -> frozenset[str]:
    """All jurisdictions whose rules apply: federal law always, and what each location brings."""
    return frozenset({FEDERAL}.union(*(location.jurisdictions for location in locations)))


def _digits(postal_code: str | None) -> str:
    return "".join(character for character in postal_code or "" if character in "0123456789")
