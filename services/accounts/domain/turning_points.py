"""Since when an account is charged off, and in which times nothing was owed: arrangements are judged by it.

Pure, and dated by the money and the snapshots themselves, never by when they arrived. Amounts are minor units.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from uuid import UUID

from services.accounts.domain.dues import Snapshot
from services.accounts.domain.ledger import Entry, Reversal


@dataclass(frozen=True, slots=True)
class Close:
    """What one snapshot says is owed at the close of its day; below zero is a credit."""

    on: date
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Payoff:
    """A time with nothing owed: since a day, until the first snapshot after it that says otherwise (None: still so)."""

    paid_off_on: date
    owed_again_on: date | None = None


def charged_off_on(snapshot: Snapshot, first_so: date | None) -> date | None:
    """The day of the charge-off that stands: as the core states it, else `first_so`, of the first snapshot so.

    None while the account is not charged off: an earlier charge-off that the core has taken back does not count.
    """
    if snapshot.status != "charged_off":
        return None
    stated = snapshot.charged_off_on
    return stated if stated is not None and stated <= snapshot.business_date else first_so or snapshot.business_date


def payoffs(
    closes: Sequence[Close],
    entries: Iterable[Entry],
    reversals: Mapping[UUID, Reversal],
    earlier: Sequence[Payoff] = (),
) -> tuple[Payoff, ...]:
    """The times with nothing owed, in order. A payment that was returned is told as if it had never been.

    Each begins on the effective day of the money that brought the balance to zero, without such money on that of the
    first snapshot that says so; but no later than that.

    Args:
        closes: The snapshots in the order of their days: all, or those from the one at whose close `earlier` stands.
        entries: At least all that the first of `closes` does not contain, and all that were returned on top of it.
        reversals: By payment id.
        earlier: The times that are known from before the first of `closes`.
    """
    found = [one for one in earlier if one.owed_again_on is not None]
    since = next((one.paid_off_on for one in earlier if one.owed_again_on is None), closes[0].on)
    is_owed = False
    told = _Told(closes, entries, reversals)
    for nth, (close, following) in enumerate(zip_longest(closes, closes[1:])):
        left = told.balance(nth)
        if left <= 0:
            since, is_owed = (close.on if is_owed else since), False
            continue
        if nth and not is_owed:
            found.append(Payoff(since, close.on))
        paid_on = told.paid_on(nth, left)
        is_owed = paid_on is None
        if paid_on is not None:
            since = min(paid_on, following.on) if following else paid_on
    if not is_owed:
        found.append(Payoff(since))
    return tuple(sorted(found, key=lambda one: (one.paid_off_on, one.owed_again_on or date.max)))


class _Told:
    """The closes as they are known now, with the money that came between each and the next."""

    def __init__(self, closes: Sequence[Close], entries: Iterable[Entry], reversals: Mapping[UUID, Reversal]) -> None:
        self._balances = [close.balance_minor for close in closes]
        self._money: list[list[tuple[date, int]]] = [[] for _ in closes]
        days = [close.on for close in closes]
        for entry in entries:
            first = bisect_left(days, entry.booking.contained_on)
            if entry.payment_id not in reversals:
                if first:
                    self._money[first - 1].append((entry.effective_on, entry.amount_minor))
                continue
            # What holds a payment and not yet its return owes more than it says.
            for nth in range(first, bisect_left(days, reversals[entry.payment_id].booking.contained_on)):
                self._balances[nth] += entry.amount_minor

    def balance(self, nth: int) -> int:
        return self._balances[nth]

    def paid_on(self, nth: int, left: int) -> date | None:
        """The effective day of the money that brought what was owed to zero before the next close."""
        for effective_on, amount_minor in sorted(self._money[nth]):
            left -= amount_minor
            if left <= 0:
                return effective_on
        return None
