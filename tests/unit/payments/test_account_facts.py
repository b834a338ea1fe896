"""Payoff and charge-off, found alike in whatever order an account's states came."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from uuid import UUID

from services.payments.domain.account_facts import Seen, charged_off_on, paid_off_by, paid_off_on
from services.payments.domain.counting import Entry

DAY = date(2026, 1, 1)


def seen(version: int, *, paid: bool = False, charged: bool = False) -> Seen:
    return Seen(version, DAY + timedelta(days=version), is_paid_off=paid, is_charged_off=charged)


def test_payoff_is_dated_from_the_first_state_since_which_nothing_is_owed() -> None:
    states = [seen(1), seen(2, paid=True), seen(3), seen(4, paid=True), seen(5, paid=True)]
    assert {paid_off_on(order) for order in permutations(states)} == {DAY + timedelta(days=4)}


def test_a_balance_that_came_back_is_no_payoff() -> None:
    assert paid_off_on([seen(1, paid=True), seen(2)]) is None
    assert paid_off_on([]) is None


def test_a_charge_off_after_it_was_made_cancels_whatever_order_the_states_come_in() -> None:
    states = [seen(3), seen(4, charged=True), seen(5, charged=True), seen(6)]
    found = {charged_off_on(order, made_at_version=3, made_charged_off=False) for order in permutations(states)}
    assert found == {DAY + timedelta(days=4)}


def test_a_charge_off_before_it_was_made_does_not_cancel() -> None:
    states = [seen(4, charged=True), seen(5, charged=True)]
    assert charged_off_on(states, made_at_version=5, made_charged_off=True) is None
    assert charged_off_on([seen(4, charged=True)], made_at_version=4, made_charged_off=False) is None


def test_a_payoff_is_of_the_day_on_which_its_money_is_effective() -> None:
    def entry(number: int, amount: int, day: int) -> Entry:
        return Entry(UUID(int=number), amount, date(2026, 3, day), date(2026, 3, 25), datetime(2026, 3, 25, tzinfo=UTC))

    entries = [entry(1, 5_000, 12), entry(2, 20_000, 10), entry(3, 1_000, 20)]
    assert paid_off_by(entries, 0) == date(2026, 3, 20)
    assert paid_off_by(entries, -1_000) == date(2026, 3, 12)  # without the last thousand nothing was owed either
    assert paid_off_by(entries, -6_000) == date(2026, 3, 10)
    assert paid_off_by(entries, -26_000) is None  # nothing was owed before any of it
    assert paid_off_by([], 0) is None
