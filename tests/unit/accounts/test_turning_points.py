"""Since when an account is charged off and paid off, whatever came first."""

from datetime import date
from itertools import permutations
from uuid import UUID

from services.accounts.domain.dues import Snapshot
from services.accounts.domain.ledger import Booking, Entry, Reversal
from services.accounts.domain.turning_points import Close, charged_off_on, payoffs


def day(number: int) -> date:
    return date(2026, 3, number)


def entry(number: int, amount: int, effective: int, posted: int | None = None) -> Entry:
    return Entry(UUID(int=number), amount, amount, day(effective), Booking("core", day(posted or effective)))


def returned(one: Entry, on: int) -> dict[UUID, Reversal]:
    return {one.payment_id: Reversal(one.payment_id, day(on), Booking("core", day(on)))}


def told(
    *closes: tuple[int, int], entries: list[Entry] | None = None, reversals: dict[UUID, Reversal] | None = None
) -> list[tuple[int, int | None]]:
    """The payoffs of an account as days of the month, told in any order of its entries and from any close on."""
    rows = [Close(day(on), balance) for on, balance in closes]
    found = payoffs(rows, entries or [], reversals or {})
    for order in permutations(entries or []):
        assert payoffs(rows, order, reversals or {}) == found
    for nth in range(1, len(rows)):
        # What the row said when the first ones were all: nothing of the others, whose money came later.
        known = [one for one in entries or [] if one.booking.contained_on <= rows[nth].on]
        earlier = payoffs(rows[: nth + 1], known, reversals or {})
        assert payoffs(rows[nth:], entries or [], reversals or {}, earlier) == found
    return [(one.paid_off_on.day, one.owed_again_on.day if one.owed_again_on else None) for one in found]


def test_a_payoff_is_of_the_day_on_which_its_money_is_effective() -> None:
    entries = [entry(1, 10_000, 12), entry(2, 20_000, 5, posted=14), entry(3, 1_000, 20)]
    assert told((10, 30_000), entries=entries) == [(12, None)]
    assert told((10, 30_000), entries=entries[:1]) == []


def test_money_that_the_snapshot_holds_or_that_went_back_pays_nothing_off() -> None:
    entries = [entry(1, 30_000, 9), entry(2, 30_000, 11), entry(3, 30_000, 15)]
    assert told((10, 30_000), entries=entries, reversals=returned(entries[1], 12)) == [(15, None)]


def test_what_went_back_after_the_snapshot_has_to_be_paid_again() -> None:
    entries = [entry(1, 5_000, 9), entry(2, 30_000, 13), entry(3, 5_000, 16)]
    assert told((10, 30_000), entries=entries, reversals=returned(entries[0], 12)) == [(16, None)]


def test_a_payoff_without_such_money_is_of_the_first_snapshot_that_says_so() -> None:
    assert told((10, 30_000), (14, 0), (16, -5), entries=[entry(1, 10_000, 12)]) == [(14, None)]
    assert told((2, 0)) == [(2, None)]


def test_money_that_comes_after_that_snapshot_does_not_move_it() -> None:
    assert told((10, 30_000), (14, 0), entries=[entry(1, 40_000, 20)]) == [(14, None)]
    assert told((10, 30_000), (14, 0), entries=[entry(1, 40_000, 20, posted=12)]) == [(14, None)]


def test_a_payoff_stays_one_when_something_is_owed_again() -> None:
    first, second = entry(1, 30_000, 11), entry(2, 500, 16)
    assert told((10, 30_000), (12, 137), entries=[first]) == [(11, 12)]
    assert told((10, 30_000), (12, 0), (14, 500), entries=[first]) == [(11, 14)]
    assert told((10, 30_000), (12, 0), (14, 500), entries=[first, second]) == [(11, 14), (16, None)]
    assert told((10, 30_000), (12, 0), (14, 500), (18, 0), (20, 9)) == [(12, 14), (18, 20)]


def test_a_snapshot_that_holds_money_which_went_back_says_no_payoff() -> None:
    paid = entry(1, 30_000, 11)
    assert told((10, 30_000), (12, 0), entries=[paid], reversals=returned(paid, 15)) == []
    assert told((10, 30_000), (12, 0), (15, 30_000), entries=[paid], reversals=returned(paid, 15)) == []
    again = entry(2, 30_000, 16)
    assert told((10, 30_000), (12, 0), entries=[paid, again], reversals=returned(paid, 15)) == [(16, None)]


def test_a_charge_off_is_of_the_day_that_the_core_states() -> None:
    def snapshot(status: str, on: int, stated: date | None = None) -> Snapshot:
        return Snapshot(day(on), "credit_card", status, 500, charged_off_on=stated)  # type: ignore[arg-type]

    assert charged_off_on(snapshot("charged_off", 20, day(7)), day(9)) == day(7)
    assert charged_off_on(snapshot("charged_off", 20), day(9)) == day(9)
    assert charged_off_on(snapshot("charged_off", 20), None) == day(20)
    assert charged_off_on(snapshot("charged_off", 20, day(31)), day(9)) == day(9)  # it is charged off already
    assert charged_off_on(snapshot("open", 20, day(7)), None) is None
