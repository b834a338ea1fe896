"""When a party may be called, against the worked examples of the regulation and the clocks of the places."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.calling_hours import ANY_HOUR, UNKNOWN, calling_group, is_open

EASTERN, PACIFIC, MOUNTAIN = "+12125550123", "+12135550123", "+13035550123"
NEW_YORK = ZoneInfo("America/New_York")
DAY = datetime(2026, 7, 1, tzinfo=NEW_YORK)


def _open_hours(group: str) -> tuple[int, int]:
    """The hours of New York in which a group is open: the first, and the one at which it closes."""
    hours = [n for n in range(24) if is_open(group, (DAY + timedelta(hours=n)).astimezone(UTC))]
    assert hours == list(range(hours[0], hours[-1] + 1))
    return hours[0], hours[-1] + 1


def test_comment_6b1i_2_i_an_eastern_number_and_a_pacific_address_leave_eleven_to_nine() -> None:
    assert _open_hours(calling_group("CA", "90001", [("phone", EASTERN)])) == (11, 21)


def test_comment_6b1i_2_ii_an_eastern_mobile_and_a_mountain_landline_leave_ten_to_nine() -> None:
    assert _open_hours(calling_group(None, None, [("phone", EASTERN), ("phone", MOUNTAIN)])) == (10, 21)


@pytest.mark.parametrize(
    ("region", "postal_code", "points", "expected"),
    [
        ("WA", None, [], "America/Los_Angeles"),
        (None, "98101", [("email", "ann@example.com")], "America/Los_Angeles"),
        ("TN", None, [], "America/Chicago America/New_York"),
        ("TN", "37201", [], "America/Chicago"),
        (None, None, [("phone", "+18005550123")], UNKNOWN),
        (None, None, [("email", "ann@example.com")], UNKNOWN),
        ("AP", "96201", [("phone", "+18005550123")], UNKNOWN),
        (None, None, [("address", "1 Main Street")], ANY_HOUR),
        (None, None, [], ANY_HOUR),
    ],
)
def test_a_group_is_every_zone_that_address_and_numbers_permit(
    region: str | None, postal_code: str | None, points: list[tuple[str, str]], expected: str
) -> None:
    assert calling_group(region, postal_code, points) == expected


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001 - given a zone below
    st.sets(st.sampled_from(["America/New_York", "America/Phoenix", "America/Denver", "Asia/Kolkata"]), min_size=1),
)
def test_a_group_is_open_when_every_wall_clock_shows_eight_to_nine(naive: datetime, zones: set[str]) -> None:
    moment = naive.replace(tzinfo=UTC)
    shown = [moment.astimezone(ZoneInfo(zone)).strftime("%H:%M") for zone in zones]
    assert is_open(" ".join(zones), moment) == all("08:00" <= clock < "21:00" for clock in shown)


def test_a_zone_that_nobody_knows_is_closed() -> None:
    assert not is_open("America/Atlantis", datetime(2026, 7, 1, 18, tzinfo=UTC))
