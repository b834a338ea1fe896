"""Days past due, buckets, stages and pauses against plain counts of days."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.delinquency import (
    BUCKETS,
    LOAN_STAGES,
    SHARE_STAGES,
    StagePolicy,
    bucket_of,
    days_past_due,
    default_stages,
    delinquent_days,
    next_aging_on,
    past_due_by_bucket,
)
from services.accounts.domain.dues import Due
from services.accounts.domain.pauses import Pause, merged, paused_days

DAY = date(2026, 3, 1)
days = st.integers(-200, 200).map(lambda n: DAY + timedelta(days=n))


def one_day(days_: int) -> timedelta:
    return timedelta(days=days_)


@st.composite
def pauses(draw: st.DrawFn) -> list[Pause]:
    starts = draw(st.lists(days, max_size=6))
    return [Pause(start, start + one_day(draw(st.integers(1, 60)))) for start in starts]


def test_the_due_date_itself_is_day_zero() -> None:
    assert days_past_due(DAY, DAY) == 0
    assert days_past_due(DAY, DAY + one_day(1)) == 1
    assert days_past_due(DAY, DAY - one_day(1)) == 0
    assert days_past_due(None, DAY) == 0


def test_missed_on_1_january_and_paid_on_3_february_is_3_days_on_the_4th() -> None:
    """The worked example of Regulation X, comment 31(Delinquency)-2: the oldest unpaid is then that of 1 February."""
    assert days_past_due(date(2026, 2, 1), date(2026, 2, 4)) == 3


@pytest.mark.parametrize(
    ("count", "bucket"),
    [(0, "current"), (1, "b1_29"), (29, "b1_29"), (30, "b30_59"), (59, "b30_59"), (60, "b60_89"), (90, "b90_119"),
     (120, "b120_149"), (150, "b150_179"), (179, "b150_179"), (180, "b180_plus"), (5000, "b180_plus")],
)  # fmt: skip
def test_bucket_edges(count: int, bucket: str) -> None:
    assert bucket_of(count) == bucket


def test_stages_of_loans_and_negative_shares_begin_on_their_days() -> None:
    edges = ["current", "early", "mid", "late", "pre_charge_off"]
    assert [LOAN_STAGES.stage(count) for count in (0, 1, 30, 60, 90)] == edges
    assert [LOAN_STAGES.stage(count) for count in (29, 59, 89)] == ["early", "mid", "late"]
    assert [default_stages("share_negative").stage(count) for count in (0, 1, 15, 30, 45)] == edges


def test_stages_must_rise() -> None:
    with pytest.raises(ValueError, match="must rise"):
        StagePolicy(0, 30, 60, 90)
    with pytest.raises(ValueError, match="must rise"):
        StagePolicy(1, 30, 30, 90)


@given(oldest=days, due=st.none() | days, start=st.integers(0, 300), shares=st.booleans())
def test_nothing_changes_before_the_next_aging_date_and_something_does_on_it(
    oldest: date, due: date | None, start: int, shares: bool
) -> None:
    stages = SHARE_STAGES if shares else LOAN_STAGES
    business_date = oldest + one_day(start)
    upcoming = None if due is None else max(due, business_date)

    def looks(on: date) -> tuple[str, str, bool]:
        count = days_past_due(oldest, on)
        return bucket_of(count), stages.stage(count), upcoming is not None and upcoming < on

    found = next_aging_on(oldest, upcoming, business_date, stages)
    day = business_date
    for _ in range(400):
        day += one_day(1)
        if looks(day) != looks(business_date):
            assert found == day
            return
    assert found is None or found > day


def test_a_due_date_at_the_end_of_the_calendar_never_comes() -> None:
    assert next_aging_on(None, date.max, DAY, LOAN_STAGES) is None


@given(st.lists(st.tuples(days, st.integers(1, 10_000)), max_size=8), days)
def test_amounts_by_bucket_sum_to_the_dues(dues: list[tuple[date, int]], business_date: date) -> None:
    amounts = past_due_by_bucket([Due(*due) for due in dues], business_date)
    assert sum(amounts.values()) == sum(amount for _, amount in dues)
    assert set(amounts) <= set(BUCKETS)


@given(pauses(), days, st.integers(0, 300))
def test_paused_days_are_counted_one_by_one(paused: list[Pause], start: date, length: int) -> None:
    counted = sum(any(pause.starts_on <= start + one_day(n) < pause.ends_on for pause in paused) for n in range(length))
    assert paused_days(paused, start, start + one_day(length)) == counted


@given(pauses())
def test_merged_pauses_cover_the_same_days_and_neither_overlap_nor_touch(paused: list[Pause]) -> None:
    result = merged(paused)
    for earlier, later in pairwise(result):
        assert earlier.ends_on < later.starts_on
    covered = {p.starts_on + one_day(n) for p in paused for n in range((p.ends_on - p.starts_on).days)}
    assert covered == {p.starts_on + one_day(n) for p in result for n in range((p.ends_on - p.starts_on).days)}


@given(pauses(), pauses(), days, st.integers(0, 300))
def test_a_pause_never_adds_delinquent_days_and_order_does_not_matter(
    paused: list[Pause], more: list[Pause], oldest: date, length: int
) -> None:
    on = oldest + one_day(length)
    with_fewer = delinquent_days(oldest, on, paused)
    assert 0 <= delinquent_days(oldest, on, [*paused, *more]) <= with_fewer <= length
    assert delinquent_days(oldest, on, [*more, *paused]) == delinquent_days(oldest, on, [*paused, *more])


def test_a_pause_that_encloses_another_counts_its_days_once() -> None:
    outer, inner = Pause(DAY, DAY + one_day(30)), Pause(DAY + one_day(10), DAY + one_day(20))
    assert delinquent_days(DAY, DAY + one_day(40), [inner, outer]) == 10
    assert delinquent_days(None, DAY, [outer]) == 0


def test_the_day_on_which_a_pause_ends_runs_again() -> None:
    assert paused_days([Pause(DAY, DAY + one_day(1))], DAY, DAY + one_day(5)) == 1
    with pytest.raises(ValueError, match="must end after it"):
        Pause(DAY, DAY)
