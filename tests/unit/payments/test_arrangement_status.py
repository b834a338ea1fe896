"""Arrangements as pure functions: the sentences of "promises and arrangements", and the model as a reference."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations, product
from typing import get_args
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.arrangement import (
    OPEN,
    TRANSITIONS,
    ArrangementStatus,
    ArrangementTerms,
    Installment,
    installment_states,
    judge_arrangement,
)
from services.payments.domain.counting import Entry, Start

DAY = date(2024, 1, 31)
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
SPACE = UUID("5f9a3a1e-0000-7000-8000-000000000000")
START = Start(DAY, NOON)


def on(days: int) -> date:
    return DAY + timedelta(days=days)


def make(*rows: tuple[int, int], tolerance: int = 0, grace: int = 0) -> ArrangementTerms:
    """An arrangement made on DAY of (days after DAY, amount)."""
    installments = tuple(Installment(on(days), amount) for days, amount in rows)
    return ArrangementTerms(uuid5(SPACE, "a"), installments, START, tolerance, grace)


def pay(amount: int, effective: int, *, minute: int = 1) -> Entry:
    taken_at = NOON + timedelta(days=effective, minutes=minute)
    return Entry(on(effective), on(effective), taken_at, amount)


def status(terms: ArrangementTerms, entries: list[Entry], day: int) -> str:
    return judge_arrangement(terms, entries, on(day)).status


TWO = make((5, 100), (35, 100))


def test_an_arrangement_completes_at_its_total() -> None:
    assert status(TWO, [pay(100, 5)], 6) == "active"
    assert status(TWO, [pay(100, 5), pay(100, 20)], 20) == "completed"


def test_an_arrangement_is_cumulative_so_an_early_surplus_pays_the_next_instalment() -> None:
    assert status(TWO, [pay(150, 3), pay(50, 35)], 36) == "completed"
    assert status(TWO, [pay(199, 3)], 36) == "broken"


def test_short_after_the_due_date_it_is_at_risk_and_after_the_grace_days_broken() -> None:
    terms = replace(TWO, grace_days=3)
    assert [status(terms, [], day) for day in (5, 6, 8, 9)] == ["active", "at_risk", "at_risk", "broken"]


def test_without_grace_it_breaks_on_the_day_after_the_due_date() -> None:
    assert [status(TWO, [], day) for day in (5, 6)] == ["active", "broken"]


def test_money_within_the_grace_days_heals_at_risk() -> None:
    assert status(replace(TWO, grace_days=3), [pay(100, 8)], 8) == "active"


def test_late_money_never_heals_broken() -> None:
    assert status(TWO, [pay(200, 6)], 6) == "broken"
    assert status(replace(TWO, grace_days=3), [pay(200, 9)], 9) == "broken"


def test_money_effective_in_time_that_arrives_late_heals_broken() -> None:
    assert status(TWO, [], 10) == "broken"
    assert status(TWO, [pay(100, 5)], 10) == "active"


def test_the_tolerance_counts_once_and_not_for_each_instalment() -> None:
    terms = replace(TWO, tolerance_minor=10)
    assert status(terms, [pay(90, 5)], 6) == "active"
    assert status(terms, [pay(90, 5), pay(90, 35)], 35) == "active"
    assert status(terms, [pay(90, 5), pay(90, 35)], 36) == "broken"
    assert status(terms, [pay(90, 5), pay(100, 35)], 36) == "completed"


def test_payoff_completes_and_no_later_date_breaks_it() -> None:
    paid_off = replace(TWO, paid_off_on=on(4))
    assert [status(paid_off, [], day) for day in (4, 6, 400)] == ["completed"] * 3


def test_payoff_does_not_heal_what_was_broken_before() -> None:
    assert status(replace(TWO, paid_off_on=on(6)), [], 7) == "broken"
    assert status(replace(TWO, paid_off_on=on(5)), [], 7) == "completed"


def test_money_from_the_start_of_the_next_arrangement_on_counts_for_that_one() -> None:
    older = replace(TWO, superseded_by=Start(on(3), NOON + timedelta(days=3)))
    assert judge_arrangement(older, [pay(100, 2), pay(100, 4)], on(4)).paid_minor == 100
    assert judge_arrangement(older, [pay(100, 3, minute=-1), pay(100, 3, minute=1)], on(4)).paid_minor == 100


def test_a_proposal_is_left_by_approval_or_cancel_only() -> None:
    proposed = replace(TWO, is_approved=False)
    assert [status(proposed, [pay(200, 1)], day) for day in (1, 400)] == ["proposed", "proposed"]
    assert status(replace(proposed, cancelled_on=on(2)), [], 3) == "cancelled"


def test_cancelled_stays_cancelled_whatever_is_paid() -> None:
    assert status(replace(TWO, cancelled_on=on(2)), [pay(200, 1)], 3) == "cancelled"


def test_instalments_show_what_each_received() -> None:
    terms = make((5, 100), (35, 100), (65, 100))
    standing = judge_arrangement(terms, [pay(100, 5), pay(30, 20)], on(40))
    states = installment_states(terms, standing, on(40))
    assert [(paid, state) for _, paid, state in states] == [(100, "paid"), (30, "partial"), (0, "scheduled")]
    assert standing.next_due_on == on(35)
    assert installment_states(terms, standing, on(35))[1][2] == "due"
    missed = judge_arrangement(terms, [], on(40))
    assert [state for _, _, state in installment_states(terms, missed, on(40))] == ["missed", "missed", "scheduled"]


def test_time_stands_still_for_the_instalments_of_a_completed_arrangement() -> None:
    terms = replace(TWO, paid_off_on=on(4))
    standing = judge_arrangement(terms, [], on(50))
    assert [state for _, _, state in installment_states(terms, standing, on(50))] == ["scheduled", "scheduled"]


schedules = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 100)), min_size=1, max_size=4, unique_by=lambda r: r[0]
)
terms_strategy = st.builds(
    lambda rows, tolerance, grace: make(
        *sorted(rows), tolerance=min(tolerance, sum(amount for _, amount in rows) - 1), grace=grace
    ),
    schedules,
    st.integers(0, 30),
    st.integers(0, 4),
)
entries_strategy = st.lists(
    st.builds(pay, st.integers(1, 150), st.integers(-2, 18), minute=st.sampled_from([-1, 1])),
    max_size=6,
)
days = st.integers(0, 24)


@given(terms_strategy, entries_strategy, days)
def test_none_completes_below_its_terms_or_stays_open_above_them(
    terms: ArrangementTerms, entries: list[Entry], day: int
) -> None:
    counted = sum(entry.amount_minor for entry in entries if terms.counts(entry))
    standing = judge_arrangement(terms, entries, on(day))
    if standing.status == "completed":
        assert counted >= terms.total_minor - terms.tolerance_minor
    if standing.status in OPEN:
        assert counted < terms.total_minor - terms.tolerance_minor


@given(terms_strategy, entries_strategy.map(lambda rows: rows[:5]), days)
def test_any_permutation_of_the_same_entries_gives_the_same_standing(
    terms: ArrangementTerms, entries: list[Entry], day: int
) -> None:
    expected = judge_arrangement(terms, entries, on(day))
    assert all(judge_arrangement(terms, shuffled, on(day)) == expected for shuffled in permutations(entries))


@given(terms_strategy, entries_strategy, days, st.none() | days)
def test_the_next_review_is_the_first_day_on_which_time_alone_changes_the_status(
    terms: ArrangementTerms, entries: list[Entry], day: int, paid_off: int | None
) -> None:
    terms = replace(terms, paid_off_on=None if paid_off is None else on(paid_off))
    now = judge_arrangement(terms, entries, on(day))
    later = (on(one) for one in range(day + 1, 40))
    expected = next((one for one in later if judge_arrangement(terms, entries, one).status != now.status), None)
    assert now.next_review_on == expected


@given(terms_strategy, entries_strategy, days)
def test_an_arrangement_is_never_credited_with_more_than_its_total(
    terms: ArrangementTerms, entries: list[Entry], day: int
) -> None:
    standing = judge_arrangement(terms, entries, on(day))
    states = installment_states(terms, standing, on(day))
    assert sum(paid for _, paid, _ in states) == standing.paid_minor <= terms.total_minor


@given(terms_strategy, entries_strategy, entries_strategy, days, days)
def test_every_change_of_money_and_time_is_a_legal_transition(
    terms: ArrangementTerms, before: list[Entry], after: list[Entry], day: int, later: int
) -> None:
    first = status(terms, before, day)
    second = status(terms, after, max(day, later))
    assert second == first or second in TRANSITIONS[first]  # type: ignore[index]


PAIRS = list(product(get_args(ArrangementStatus), repeat=2))
LEGAL = {(before, after) for before, afters in TRANSITIONS.items() for after in afters}


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_every_pair_of_states_is_legal_exactly_where_the_rules_say(
    before: ArrangementStatus, after: ArrangementStatus
) -> None:
    illegal = (
        before == after
        # Nothing becomes a proposal again, unless the core takes back the charge-off that had cancelled it.
        or (after == "proposed" and before != "cancelled")
        or (before, after) == ("proposed", "broken")  # a proposal that would break at once is not approved
    )
    assert ((before, after) in LEGAL) is not illegal
