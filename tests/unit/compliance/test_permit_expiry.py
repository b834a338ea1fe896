"""A permit ends with the hours in which it was given: what is decided at 20:59 is not placed after 21:00."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compliance.domain.permit import closings, expires_at
from services.compliance.store.shipped import shipped_rules

TTL = timedelta(minutes=2)
NEW_YORK, HONOLULU = "America/New_York", "Pacific/Honolulu"
NINE_AT_NIGHT = 21 * 60


def new_york(day: int, hour: int, minute: int, second: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, second, tzinfo=ZoneInfo(NEW_YORK)).astimezone(UTC)


def test_at_noon_it_lasts_as_long_as_it_may() -> None:
    noon = new_york(11, 12, 0)
    assert expires_at(noon, TTL, (NEW_YORK,), [NINE_AT_NIGHT]) == noon + TTL


@pytest.mark.parametrize("second", [0, 30, 59])
def test_it_ends_at_nine_at_night_in_any_zone_of_the_consumer(second: int) -> None:
    almost = new_york(11, 20, 59, second)
    for zones in ((NEW_YORK,), (NEW_YORK, HONOLULU), (HONOLULU, NEW_YORK)):
        assert expires_at(almost, TTL, zones, [NINE_AT_NIGHT]) == new_york(11, 21, 0)
    assert expires_at(almost, TTL, (HONOLULU,), [NINE_AT_NIGHT]) == almost + TTL


def test_at_nine_itself_it_is_not_the_end_that_has_passed() -> None:
    nine = new_york(11, 21, 0)
    assert expires_at(nine, TTL, (NEW_YORK,), [NINE_AT_NIGHT]) == nine + TTL


def test_it_ends_with_the_day_and_when_the_clocks_change() -> None:
    assert expires_at(new_york(11, 23, 59), TTL, (NEW_YORK,), []) == new_york(12, 0, 0)
    assert expires_at(new_york(8, 1, 59), TTL, (NEW_YORK,), []) == new_york(8, 3, 0)


def test_the_hours_of_the_shipped_rules_end_at_nine_and_at_none_that_they_do_not_name() -> None:
    found = closings(shipped_rules().rules)
    assert NINE_AT_NIGHT in found
    assert all(0 < minute < 24 * 60 for minute in found)


@given(
    st.integers(0, 4 * 366 * 86_400).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.lists(st.sampled_from([NEW_YORK, HONOLULU, "America/Denver", "Pacific/Guam"]), min_size=1, unique=True),
)
def test_no_permit_spans_nine_at_night(now: datetime, zones: list[str]) -> None:
    end = expires_at(now, TTL, tuple(zones), [NINE_AT_NIGHT])
    assert now < end <= now + TTL
    for zone in zones:
        before, last = now.astimezone(ZoneInfo(zone)), (end - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
        assert (before.hour < 21) == (last.hour < 21)
