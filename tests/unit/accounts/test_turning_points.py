"""Since when an account is charged off and paid off, whatever came first."""

from datetime import date
from itertools import permutations
from uuid import UUID

from services.accounts.domain.dues import Snapshot
from services.accounts.domain.ledger import Booking, Entry, Reversal
from services.accounts.domain.turning_points import Owed, charged_off_on, paid_off_on

OWED = Owed(date(2026, 3, 10), 30_000)


def day(number: int) -> date:
    return date(2026, 3, number)


def entry(number: int, amount: int, effective: int, posted: int | None = None) -> Entry:
    return Entry(UUID(int=number), amount, amount, day(effective), Booking("core", day(posted or effective)))


def test_a_payoff_is_of_the_day_on_which_its_money_is_effective() -> None:
    entries = [entry(1, 10_000, 12), entry(2, 20_000, 5, posted=14), entry(3, 1_000, 20)]
    assert {paid_off_on(OWED, None, order, {}) for order in permutations(entries)} == {day(12)}


def test_money_that_the_last_snapshot_holds_or_that_went_back_pays_nothing_off() -> None:
    held, returned, last = entry(1, 30_000, 9), entry(2, 30_000, 11), entry(3, 30_000, 15)
    reversals = {returned.payment_id: Reversal(returned.payment_id, day(12), Booking("core", day(12)))}
    assert paid_off_on(OWED, None, [held, returned, last], reversals) == day(15)


def test_what_went_back_after_the_last_snapshot_has_to_be_paid_again() -> None:
    held = entry(1, 5_000, 9)
    reversals = {held.payment_id: Reversal(held.payment_id, day(12), Booking("core", day(12)))}
    entries = [held, entry(2, 30_000, 13), entry(3, 5_000, 16)]
    assert paid_off_on(OWED, None, entries, reversals) == day(16)


def test_a_payoff_without_such_money_is_of_the_first_snapshot_that_says_so() -> None:
    assert paid_off_on(OWED, day(14), [entry(1, 10_000, 12)], {}) == day(14)
    assert paid_off_on(None, day(2), [], {}) == day(2)


def test_money_that_comes_after_that_snapshot_does_not_move_it() -> None:
    assert paid_off_on(OWED, day(14), [entry(1, 40_000, 20)], {}) == day(14)


def test_a_charge_off_is_of_the_day_that_the_core_states() -> None:
    def snapshot(status: str, on: int, stated: date | None = None) -> Snapshot:
        return Snapshot(day(on), "credit_card", status, 500, charged_off_on=stated)  # type: ignore[arg-type]

    assert charged_off_on(snapshot("charged_off", 20, day(7)), day(9)) == day(7)
    assert charged_off_on(snapshot("charged_off", 20), day(9)) == day(9)
    assert charged_off_on(snapshot("charged_off", 20), None) == day(20)
    assert charged_off_on(snapshot("charged_off", 20, day(31)), day(9)) == day(9)  # it is charged off already
    assert charged_off_on(snapshot("open", 20, day(7)), None) is None
