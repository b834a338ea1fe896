"""Schedules of arrangements: amounts that sum, and due dates at month ends, in leap years and twice a month."""

from datetime import date
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.arrangement import Installment
from services.payments.domain.schedule import Frequency, check_terms, due_dates, even_schedule, explicit_schedule
from shared.errors import Refusal


def days(first: str, frequency: Frequency, count: int) -> list[str]:
    return [day.isoformat() for day in due_dates(date.fromisoformat(first), frequency, count)]


def test_the_remainder_stands_on_the_last_instalment() -> None:
    made = even_schedule(count=3, first_due_on=date(2026, 1, 1), frequency="monthly", total_minor=100)
    assert not isinstance(made, Refusal)
    assert [one.amount_minor for one in made] == [33, 33, 34]


def test_the_31st_falls_on_the_last_day_of_a_shorter_month_and_comes_back() -> None:
    assert days("2026-01-31", "monthly", 4) == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


def test_a_leap_year_has_its_29th_of_february() -> None:
    assert days("2023-12-31", "monthly", 3) == ["2023-12-31", "2024-01-31", "2024-02-29"]
    assert days("2024-02-29", "monthly", 2) == ["2024-02-29", "2024-03-29"]


def test_quarterly_is_every_third_month_with_the_same_day() -> None:
    assert days("2025-11-30", "quarterly", 3) == ["2025-11-30", "2026-02-28", "2026-05-30"]


def test_weekly_and_biweekly_cross_a_year_end() -> None:
    assert days("2026-12-28", "weekly", 2) == ["2026-12-28", "2027-01-04"]
    assert days("2026-12-28", "biweekly", 2) == ["2026-12-28", "2027-01-11"]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("2026-01-03", ["2026-01-03", "2026-01-18", "2026-02-03", "2026-02-18"]),
        ("2026-01-18", ["2026-01-18", "2026-02-03", "2026-02-18", "2026-03-03"]),
        ("2026-01-15", ["2026-01-15", "2026-01-31", "2026-02-15", "2026-02-28"]),
        ("2026-01-31", ["2026-01-31", "2026-02-15", "2026-02-28", "2026-03-15"]),
        ("2024-02-29", ["2024-02-29", "2024-03-14", "2024-03-29", "2024-04-14"]),
        ("2026-02-14", ["2026-02-14", "2026-02-28", "2026-03-14", "2026-03-29"]),
    ],
)
def test_semimonthly_is_d_and_d_plus_15_and_the_15th_pairs_with_month_end(first: str, expected: list[str]) -> None:
    assert days(first, "semimonthly", 4) == expected


frequencies = st.sampled_from([one for one in get_args(Frequency) if one != "once"])
firsts = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(st.integers(1, 120), firsts, frequencies, st.integers(1, 10**9))
def test_a_schedule_conserves_its_total_and_its_dates_rise(
    count: int, first: date, frequency: Frequency, total: int
) -> None:
    made = even_schedule(count=count, first_due_on=first, frequency=frequency, total_minor=total)
    if isinstance(made, Refusal):
        assert total < count
        return
    dates = [one.due_on for one in made]
    assert sum(one.amount_minor for one in made) == total
    assert len(made) == count
    assert dates[0] == first
    assert dates == sorted(set(dates))


@given(st.integers(1, 10), firsts, frequencies)
def test_every_instalment_but_the_last_is_equal(count: int, first: date, frequency: Frequency) -> None:
    made = even_schedule(count=count, first_due_on=first, frequency=frequency, total_minor=1_003)
    assert not isinstance(made, Refusal)
    assert len({one.amount_minor for one in made[:-1]}) <= 1
    assert made[-1].amount_minor - 1_003 // count in range(count)


@pytest.mark.parametrize(
    ("count", "total", "frequency"),
    [(0, 100, "monthly"), (361, 10_000, "weekly"), (101, 100, "weekly"), (2, 9, "once")],
)
def test_a_schedule_that_cannot_be_is_refused(count: int, total: int, frequency: Frequency) -> None:
    made = even_schedule(count=count, first_due_on=date(2026, 1, 1), frequency=frequency, total_minor=total)
    assert isinstance(made, Refusal)
    assert made.code == "schedule-invalid"


def test_an_explicit_schedule_is_sorted_and_no_due_date_stands_twice() -> None:
    late, early = Installment(date(2026, 3, 1), 5), Installment(date(2026, 2, 1), 7)
    assert explicit_schedule([late, early]) == (early, late)
    assert isinstance(explicit_schedule([late, late]), Refusal)
    assert isinstance(explicit_schedule([]), Refusal)


def test_a_due_date_before_the_business_date_is_refused_and_one_on_it_is_not() -> None:
    terms = [Installment(date(2026, 3, 1), 100)]
    assert check_terms(terms, tolerance_minor=0, business_date=date(2026, 3, 1)) is None
    refused = check_terms(terms, tolerance_minor=0, business_date=date(2026, 3, 2))
    assert refused is not None
    assert refused.code == "due-on-in-past"


def test_a_tolerance_as_large_as_the_total_is_refused() -> None:
    refused = check_terms([Installment(date(2026, 3, 1), 100)], tolerance_minor=100, business_date=date(2026, 3, 1))
    assert refused is not None
    assert refused.field == "tolerance_minor"
