"""Promises as pure functions: the sentences of "promises and arrangements", and the model as a reference."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations, product
from typing import get_args
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.counting import Entry, Start
from services.payments.domain.promise import OPEN, TRANSITIONS, PromiseStatus, PromiseTerms, judge_promises

DAY = date(2024, 2, 20)
NOON = datetime(2024, 2, 20, 12, tzinfo=UTC)
SPACE = UUID("5f9a3a1e-0000-7000-8000-000000000000")


def make(
    name: str = "p", *, amount: int = 100, due: int = 5, made: int = 0, grace: int = 0, tolerance: int = 0, at: int = 0
) -> PromiseTerms:
    """A promise made `made` days after DAY, `at` minutes after noon, due `due` days after DAY."""
    start = Start(DAY + timedelta(days=made), NOON + timedelta(days=made, minutes=at))
    return PromiseTerms(uuid5(SPACE, name), amount, DAY + timedelta(days=due), start, tolerance, grace)


def pay(amount: int, effective: int, *, posted: int | None = None, minute: int = 1) -> Entry:
    """An entry effective `effective` days after DAY, booked on the same day and taken `minute` minutes after noon."""
    day = DAY + timedelta(days=effective)
    posted_on = day if posted is None else DAY + timedelta(days=posted)
    taken_at = NOON + timedelta(days=effective, minutes=minute)
    return Entry(day, posted_on, taken_at, amount)


def status(terms: PromiseTerms, entries: list[Entry], day: int) -> str:
    return judge_promises([terms], entries, DAY + timedelta(days=day))[terms.promise_id].status


def test_a_promise_is_kept_when_its_amount_is_reached() -> None:
    assert status(make(), [pay(60, 1)], 2) == "made"
    assert status(make(), [pay(60, 1), pay(40, 2)], 2) == "kept"


def test_a_promise_stays_made_on_its_due_date_and_is_judged_on_the_day_after() -> None:
    assert status(make(due=5), [], 5) == "made"
    assert status(make(due=5), [], 6) == "broken"
    assert status(make(due=5), [pay(1, 5)], 6) == "partially_kept"


def test_grace_days_are_calendar_days_and_money_within_them_is_in_time() -> None:
    assert status(make(due=5, grace=3), [], 8) == "made"
    assert status(make(due=5, grace=3), [], 9) == "broken"
    assert status(make(due=5, grace=3), [pay(100, 8)], 20) == "kept"
    assert status(make(due=5, grace=3), [pay(100, 9)], 20) == "broken"


def test_tolerance_lets_a_promise_be_kept_a_little_short() -> None:
    assert status(make(tolerance=5), [pay(95, 2)], 2) == "kept"
    assert status(make(tolerance=5), [pay(94, 2)], 6) == "partially_kept"


def test_late_money_never_heals_broken_and_stays_for_the_next_promise() -> None:
    first, second = make("first", due=5), make("second", due=10)
    standings = judge_promises([first, second], [pay(100, 6)], DAY + timedelta(days=7))
    assert standings[first.promise_id].status == "broken"
    assert standings[second.promise_id].status == "kept"


def test_promises_share_money_earliest_due_first() -> None:
    first, second = make("first", due=5), make("second", due=10)
    standings = judge_promises([second, first], [pay(130, 2)], DAY + timedelta(days=3))
    assert (standings[first.promise_id].status, standings[first.promise_id].paid_minor) == ("kept", 100)
    assert (standings[second.promise_id].status, standings[second.promise_id].paid_minor) == ("made", 30)


def test_a_cancelled_promise_takes_no_money() -> None:
    first, second = make("first", due=5), make("second", due=10)
    gone = PromiseTerms(first.promise_id, 100, first.due_on, first.start, cancelled_on=DAY)
    standings = judge_promises([gone, second], [pay(100, 2)], DAY + timedelta(days=3))
    assert standings[first.promise_id].status == "cancelled"
    assert standings[second.promise_id].status == "kept"


def test_money_effective_before_the_promise_or_taken_before_it_that_day_does_not_count() -> None:
    assert status(make(), [pay(100, -1, posted=3)], 1) == "made"
    assert status(make(), [pay(100, 0, minute=-1)], 1) == "made"


def test_money_effective_on_the_day_of_the_promise_counts_when_it_is_booked_or_taken_later() -> None:
    assert status(make(), [pay(100, 0, minute=1)], 1) == "kept"
    assert status(make(), [pay(100, 0, posted=1, minute=-1)], 1) == "kept"


def test_a_promise_due_on_leap_day_is_judged_on_the_first_of_march() -> None:
    leap = make(due=9)
    assert leap.due_on == date(2024, 2, 29)
    standing = judge_promises([leap], [], date(2024, 2, 29))[leap.promise_id]
    assert (standing.status, standing.next_review_on) == ("made", date(2024, 3, 1))
    assert judge_promises([leap], [], date(2024, 3, 1))[leap.promise_id].status == "broken"


def test_the_resolved_date_does_not_depend_on_when_it_is_judged() -> None:
    for day in (6, 7, 400):
        assert judge_promises([make()], [], DAY + timedelta(days=day))[
            make().promise_id
        ].resolved_on == DAY + timedelta(days=6)


entries_strategy = st.lists(
    st.builds(
        pay,
        st.integers(1, 120),
        st.integers(-2, 14),
        minute=st.integers(-3, 3),
    ),
    max_size=6,
)
promises_strategy = st.lists(
    st.tuples(
        st.integers(1, 150),
        st.integers(0, 10),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 20),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=4,
).map(
    lambda rows: [
        make(
            f"p{k}",
            amount=amount,
            due=made + due,
            made=made,
            grace=grace,
            tolerance=min(tolerance, amount - 1),
            at=at * 2,
        )
        for k, (amount, due, made, grace, tolerance, at) in enumerate(rows)
    ]
)


@given(
    promises_strategy, st.lists(entries_strategy, max_size=1).map(lambda x: x[0][:4] if x else []), st.integers(0, 16)
)
def test_any_permutation_of_the_same_entries_gives_the_same_standing(
    promises: list[PromiseTerms], entries: list[Entry], day: int
) -> None:
    on = DAY + timedelta(days=day)
    expected = judge_promises(promises, entries, on)
    assert all(judge_promises(reversed(promises), shuffled, on) == expected for shuffled in permutations(entries))


@given(promises_strategy, entries_strategy, st.integers(0, 16))
def test_promises_never_take_more_than_there_is(promises: list[PromiseTerms], entries: list[Entry], day: int) -> None:
    standings = judge_promises(promises, entries, DAY + timedelta(days=day)).values()
    assert sum(standing.paid_minor for standing in standings) <= sum(entry.amount_minor for entry in entries)


@given(promises_strategy, entries_strategy, st.integers(0, 16))
def test_the_next_review_is_the_first_day_on_which_time_alone_changes_the_status(
    promises: list[PromiseTerms], entries: list[Entry], day: int
) -> None:
    now = judge_promises(promises, entries, DAY + timedelta(days=day))
    changes: dict[UUID, date] = {}
    for later in range(day + 1, 30):
        on = DAY + timedelta(days=later)
        for key, standing in judge_promises(promises, entries, on).items():
            if standing.status != now[key].status:
                changes.setdefault(key, on)
    assert {key: standing.next_review_on for key, standing in now.items()} == {key: changes.get(key) for key in now}


PAIRS = list(product(get_args(PromiseStatus), repeat=2))
LEGAL = {(before, after) for before, afters in TRANSITIONS.items() for after in afters}


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_every_pair_of_states_is_legal_exactly_where_the_rules_say(before: PromiseStatus, after: PromiseStatus) -> None:
    if before == after:
        expected = False
    elif after == "made":
        expected = before in {"kept", "cancelled"}  # business dates never go back
    else:
        expected = True  # what the account has cancelled, it can turn out that it had not
    assert ((before, after) in LEGAL) is expected


@given(promises_strategy, entries_strategy, entries_strategy, st.integers(0, 16), st.integers(0, 16))
def test_every_change_of_money_and_time_is_a_legal_transition(
    promises: list[PromiseTerms], before: list[Entry], after: list[Entry], day: int, later: int
) -> None:
    first = judge_promises(promises, before, DAY + timedelta(days=day))
    second = judge_promises(promises, after, DAY + timedelta(days=max(day, later)))
    for key, standing in first.items():
        assert second[key].status in TRANSITIONS[standing.status] | {standing.status}


def test_only_made_is_open() -> None:
    assert {"made"} == OPEN
