"""Frequency arithmetic against day-by-day references written from the surface alone."""

from calendar import monthrange
from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.schedule import Frequency, Schedule, schedule_from

FREQUENCIES: tuple[Frequency, ...] = ("weekly", "biweekly", "semimonthly", "monthly", "quarterly", "once")
days = st.dates(date(1999, 1, 1), date(2032, 12, 31))
frequencies = st.sampled_from(FREQUENCIES)


def first(schedule: Schedule, number: int) -> list[str]:
    return [day.isoformat() for day in islice(schedule, number)]


def last_of(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def test_the_31st_falls_on_the_last_day_of_a_shorter_month_and_comes_back() -> None:
    schedule = schedule_from(date(2025, 1, 31), "monthly")
    assert first(schedule, 5) == ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31"]


def test_the_29th_of_february_comes_back_in_a_leap_year_only() -> None:
    schedule = schedule_from(date(2024, 1, 29), "monthly")
    assert first(schedule, 3) == ["2024-01-29", "2024-02-29", "2024-03-29"]
    assert schedule.nth(13) == date(2025, 2, 28)


def test_the_larger_of_two_days_is_the_day_of_the_month() -> None:
    schedule = schedule_from(date(2025, 2, 28), "monthly", date(2025, 3, 31))
    assert first(schedule, 3) == ["2025-02-28", "2025-03-31", "2025-04-30"]


def test_quarterly_keeps_the_day_across_short_months() -> None:
    assert first(schedule_from(date(2024, 11, 30), "quarterly"), 3) == ["2024-11-30", "2025-02-28", "2025-05-30"]


def test_semimonthly_pairs_a_day_with_fifteen_later() -> None:
    schedule = schedule_from(date(2025, 1, 5), "semimonthly")
    assert first(schedule, 4) == ["2025-01-05", "2025-01-20", "2025-02-05", "2025-02-20"]


def test_semimonthly_pairs_the_15th_with_month_end() -> None:
    schedule = schedule_from(date(2025, 1, 15), "semimonthly")
    assert first(schedule, 4) == ["2025-01-15", "2025-01-31", "2025-02-15", "2025-02-28"]


def test_semimonthly_finds_the_pair_that_holds_both_dates() -> None:
    schedule = schedule_from(date(2025, 2, 28), "semimonthly", date(2025, 3, 15))
    assert first(schedule, 3) == ["2025-02-28", "2025-03-15", "2025-03-31"]
    assert schedule_from(date(2025, 2, 28), "semimonthly", date(2025, 3, 13)).day == 13


def test_semimonthly_dates_that_fit_no_pair_follow_the_larger_day() -> None:
    assert schedule_from(date(2025, 1, 3), "semimonthly", date(2025, 1, 27)).day == 12
    assert schedule_from(date(2025, 1, 3), "semimonthly", date(2025, 1, 31)).day == 15


def test_once_happens_once() -> None:
    schedule = schedule_from(date(2025, 1, 3), "once")
    assert list(schedule) == [date(2025, 1, 3)]
    assert schedule.first_on_or_after(date(2025, 1, 4)) is None
    with pytest.raises(ValueError, match="has no date 1"):
        schedule.nth(1)


def test_the_dates_end_with_the_calendar() -> None:
    assert list(schedule_from(date(9999, 11, 30), "monthly")) == [date(9999, 11, 30), date(9999, 12, 30)]


@given(start=days, other=st.none() | days, frequency=frequencies)
def test_dates_rise_and_later_ones_keep_the_day(start: date, other: date | None, frequency: Frequency) -> None:
    schedule = schedule_from(start, frequency, *([] if other is None else [other]))
    dates = list(islice(schedule, 30))
    assert dates[0] == start
    assert all(earlier < later for earlier, later in pairwise(dates))
    for day in dates[1:]:
        if frequency in ("monthly", "quarterly"):
            assert day.day == min(schedule.day, last_of(day))
        elif frequency == "semimonthly":
            second = 31 if schedule.day == 15 else schedule.day + 15
            assert day.day in (min(schedule.day, last_of(day)), min(second, last_of(day)))


@given(start=days, frequency=frequencies, other=days)
def test_no_date_is_left_out(start: date, frequency: Frequency, other: date) -> None:
    """Walks the calendar day by day and takes every day that belongs to the schedule by its description."""
    schedule = schedule_from(start, frequency, other)

    def belongs(day: date) -> bool:
        months = (day.year - start.year) * 12 + day.month - start.month
        if frequency in ("weekly", "biweekly"):
            return (day - start).days % (7 if frequency == "weekly" else 14) == 0
        if frequency == "semimonthly":
            second = 31 if schedule.day == 15 else schedule.day + 15
            return day.day in (schedule.day, min(second, last_of(day)))
        step = {"monthly": 1, "quarterly": 3, "once": 10**9}[frequency]
        return months > 0 and months % step == 0 and day.day == min(schedule.day, last_of(day))

    end = start + timedelta(days=200)
    walked = [start] + [day for n in range(1, 200) if belongs(day := start + timedelta(days=n))]
    assert [day for day in islice(schedule, 40) if day < end] == walked


@given(start=days, frequency=frequencies, day=days)
def test_counting_and_finding_agree_with_walking(start: date, frequency: Frequency, day: date) -> None:
    schedule = schedule_from(start, frequency)
    walked = 0
    found = None
    for each in schedule:
        if each >= day:
            found = each
            break
        walked += 1
    assert schedule.count_before(day) == walked
    assert schedule.first_on_or_after(day) == found
