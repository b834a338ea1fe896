"""Where a consumer may be: states, cities and time zones from addresses and phone numbers, nothing guessed."""

import importlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import timezone

from services.compliance.domain.cities import CITIES
from services.compliance.domain.jurisdiction import address_location, jurisdictions, phone_location
from shared.area_codes import REGION_OF_AREA_CODE
from shared.places import REGION_NAMES, REGION_ZONES
from shared.postal_codes import REGION_OF_PREFIX, ZONES_OF_POSTAL
from shared.time_zones import region_of

SUMMER, WINTER = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
EASTERN, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
# The names by which the library's data call states; all others are as in ours.
LIBRARY_NAMES = {"Washington State": "WA", "Washington D.C.": "DC"}


def _offsets(zone: str) -> tuple[object, object]:
    return tuple(ZoneInfo(zone).utcoffset(moment.replace(tzinfo=None)) for moment in (SUMMER, WINTER))  # type: ignore[return-value]


@pytest.mark.parametrize("text", ["MA", "ma", " Ma. ", "US-MA", "us ma", "Massachusetts", "MASSACHUSETTS"])
def test_a_state_is_known_by_code_and_by_name(text: str) -> None:
    assert region_of(text) == "MA"


@pytest.mark.parametrize(
    ("region", "postal_code", "expected"),
    [
        ("D.C.", None, "DC"),
        ("Washington, D.C.", None, "DC"),
        ("Washington", None, "WA"),
        (None, "02139", "MA"),
        ("", "02139-4307", "MA"),
        (None, "20500", "DC"),
        (None, "00901", "PR"),
        ("AE", "09012", None),
        ("Ontario", None, None),
        ("ON", "M5V 2T6", None),
        (None, None, None),
        (None, "", None),
    ],
)
def test_the_postal_code_speaks_where_the_state_is_missing(
    region: str | None, postal_code: str | None, expected: str | None
) -> None:
    assert region_of(region, postal_code) == expected


@pytest.mark.parametrize(
    ("region", "postal_code", "zones"),
    [
        ("MA", "02139", {EASTERN}),
        ("TX", None, {CENTRAL, MOUNTAIN}),
        ("TX", "75201", {CENTRAL}),
        ("TX", "79901", {MOUNTAIN}),
        ("TX", "79830", {CENTRAL, MOUNTAIN}),
        ("FL", "33101", {EASTERN}),
        ("FL", "32501", {CENTRAL}),
        ("FL", "32456", {EASTERN, CENTRAL}),
        ("NV", "89101", {PACIFIC}),
        ("NV", "89883", {PACIFIC, MOUNTAIN}),
        ("AZ", "85001", {"America/Phoenix"}),
        ("AZ", "86045", {"America/Phoenix", MOUNTAIN}),
        ("AK", "99501", {"America/Anchorage"}),
        ("AK", "99546", {"America/Adak"}),
        ("TN", "75201", {EASTERN, CENTRAL}),
    ],
)
def test_a_divided_state_has_both_zones_unless_the_postal_code_lies_in_one(
    region: str, postal_code: str | None, zones: set[str]
) -> None:
    found = address_location(region=region, postal_code=postal_code)
    assert found is not None
    assert set(found.zones) == zones


@pytest.mark.parametrize(
    ("city", "postal_code", "is_in_the_city"),
    [
        ("New York", None, True),
        ("Brooklyn", "11201", True),
        ("THE  BRONX", None, True),
        ("St. Albans", None, True),
        ("Anytown", "10305", True),
        ("Floral Park", "11005", True),
        ("Albany", "12207", False),
        ("Buffalo", None, False),
        (None, "14201", False),
        (None, None, True),
    ],
)
def test_new_york_city_is_known_by_name_or_postal_code(
    city: str | None, postal_code: str | None, is_in_the_city: bool
) -> None:
    """An address in the state that tells neither may be in the city, and the stricter law is kept."""
    found = address_location(region="NY", city=city, postal_code=postal_code)
    assert found is not None
    assert ("US-NY-NYC" in found.jurisdictions) is is_in_the_city
    assert "US-NY" in found.jurisdictions


def test_brooklyn_in_another_state_is_not_new_york_city() -> None:
    found = address_location(region="CT", city="Brooklyn", postal_code="06234")
    assert found is not None
    assert found.jurisdictions == ("US-CT",)


@pytest.mark.parametrize(
    ("number", "zones", "brought"),
    [
        ("+16175550123", {EASTERN}, {"US-MA"}),
        ("+12125550123", {EASTERN}, {"US-NY", "US-NY-NYC"}),
        ("+15185550123", {EASTERN}, {"US-NY"}),
        ("+12025550123", {EASTERN}, {"US-DC"}),
        ("+12085550123", {"America/Boise", PACIFIC}, {"US-ID"}),
        ("+17875550123", {"America/Puerto_Rico"}, {"US-PR"}),
        ("+14165550123", {"America/Toronto"}, set()),
        ("+442071838750", {"Europe/London"}, set()),
    ],
)
def test_a_phone_number_indicates_a_place(number: str, zones: set[str], brought: set[str]) -> None:
    found = phone_location(number)
    assert found is not None
    assert found.source == "phone"
    assert set(found.zones) == zones
    assert set(found.jurisdictions) == brought


@pytest.mark.parametrize(
    "number", ["+18005550123", "+18885550123", "+19005550123", "not a number", "", "+1617", "6175550123"]
)
def test_a_number_of_no_place_indicates_none(number: str) -> None:
    assert phone_location(number) is None


def test_jurisdictions_stack() -> None:
    here = [address_location(region="MA"), phone_location("+12125550123"), phone_location("+14165550123")]
    assert jurisdictions([each for each in here if each is not None]) == {"US", "US-MA", "US-NY", "US-NY-NYC"}
    assert jurisdictions([]) == {"US"}


@given(st.sampled_from(sorted(REGION_OF_AREA_CODE)), st.integers(2_000_000, 9_999_999))
def test_the_zones_of_a_number_are_among_those_of_its_state(area_code: str, subscriber: int) -> None:
    found = phone_location(f"+1{area_code}{subscriber}")
    if found is not None:
        allowed = {_offsets(zone) for zone in REGION_ZONES[REGION_OF_AREA_CODE[area_code]]}
        assert {_offsets(zone) for zone in found.zones} <= allowed


@given(st.text(max_size=30), st.text(max_size=30), st.text(alphabet="0123456789-", max_size=11))
def test_any_address_gives_zones_of_its_state_or_nothing(region: str, city: str, postal_code: str) -> None:
    found = address_location(region=region, city=city, postal_code=postal_code)
    if found is not None:
        state = found.jurisdictions[0].removeprefix("US-")
        assert set(found.zones) <= set(REGION_ZONES[state])
        assert found.zones


def test_the_tables_fit_together() -> None:
    assert set(REGION_NAMES) == set(REGION_ZONES) == set(REGION_OF_AREA_CODE.values())
    assert set(REGION_OF_PREFIX.values()) == set(REGION_ZONES) - {"MP", "AS"}
    for zones in REGION_ZONES.values():
        assert all(ZoneInfo(zone) for zone in zones)
    for (region, prefix), zones in ZONES_OF_POSTAL.items():
        assert REGION_OF_PREFIX[prefix[:3]] == region
        assert len(zones) == 1
        assert set(zones) < set(REGION_ZONES[region]) or region == "AK"
    for city in CITIES:
        assert {REGION_OF_AREA_CODE.get(code, city.region) for code in city.area_codes} == {city.region}
        assert {REGION_OF_PREFIX[prefix[:3]] for prefix in city.postal_prefixes} == {city.region}


def test_area_codes_are_those_of_the_library() -> None:
    """So that a new area code fails the build instead of having no state."""
    known = {name: region for region, name in REGION_NAMES.items()} | LIBRARY_NAMES
    data = importlib.import_module("phonenumbers.geodata").GEOCODE_DATA
    listed = {
        prefix[1:]: known.get(names["en"], names["en"].rpartition(", ")[2])
        for prefix, names in data.items()
        if len(prefix) == 4 and prefix.startswith("1") and "en" in names
    }
    states = {code: region for code, region in listed.items() if region in REGION_NAMES}
    territories = {code for code, region in REGION_OF_AREA_CODE.items() if region in {"PR", "VI", "GU", "MP", "AS"}}
    assert {code: region for code, region in REGION_OF_AREA_CODE.items() if code not in territories} == states
    for code in territories:
        parsed = phonenumbers.parse(f"+1{code}5550123")
        assert phonenumbers.region_code_for_number(parsed) == REGION_OF_AREA_CODE[code]


def test_no_area_code_has_as_many_zones_as_a_number_of_no_place() -> None:
    for code in REGION_OF_AREA_CODE:
        zones = timezone.time_zones_for_geographical_number(phonenumbers.parse(f"+1{code}5550123"))
        assert 1 <= len(zones) <= 4, code
