"""Where a consumer may be, from what is known: addresses, phone numbers and what the consumer said.

Each datum gives one `Location`: every time zone that it permits, and the jurisdictions whose rules it brings in.
Nothing is guessed and nothing outvotes another: jurisdictions stack, the most restrictive rule wins, and a datum that
says nothing about a place gives None, so that a consumer of whom no place is known is not contacted by assumption.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from services.compliance.domain.cities import CITIES, City
from services.compliance.domain.facts import Location
from services.compliance.domain.rules import FEDERAL
from shared.area_codes import REGION_OF_AREA_CODE
from shared.time_zones import PhonePlace, address_zones, digits, folded, phone_place, region_of


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
    code = digits(postal_code)
    zones = address_zones(region, postal_code)
    cities = tuple(each.jurisdiction for each in CITIES if each.region == state and _is_in(each, city, code))
    return Location(source, zones, (f"{FEDERAL}-{state}", *cities), since, until)


def _is_in(city: City, name: str | None, code: str) -> bool:
    """An address that tells neither its city nor its postal code may lie in the city: its rules apply."""
    known = folded(name)
    if not known and not code:
        return True
    return known in city.names or code[:3] in city.postal_prefixes or code[:5] in city.postal_prefixes


def phone_location(number: str) -> Location | None:
    """The location that a phone number (E.164) is associated with: zones, and the state of its area code.

    A number from outside the United States brings its zones and no state. None: not a number, or one of no place, such
    as a toll-free one. Numbers move with their owners; the answer is what the number indicates, no more.
    """
    place = phone_place(number)
    return None if place is None else _location_of(place)


@lru_cache(maxsize=4096)
def _location_of(place: PhonePlace) -> Location:
    region = REGION_OF_AREA_CODE.get(place.area_code)
    if region is None:
        return Location("phone", place.zones)
    cities = tuple(city.jurisdiction for city in CITIES if place.area_code in city.area_codes)
    return Location("phone", place.zones, (f"{FEDERAL}-{region}", *cities))


def jurisdictions(locations: Iterable[Location]) -> frozenset[str]:
    """All jurisdictions whose rules apply: federal law always, and what each location brings."""
    return frozenset({FEDERAL}.union(*(location.jurisdictions for location in locations)))
