"""Which money counts for a promise or an arrangement, and how much of it was there by a given day.

Pure. An entry is unreversed money; it counts from a `Start`: effective after the day of the start, or effective on that
day and booked or taken later. Amounts are minor units of the account's currency.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import NamedTuple


class Entry(NamedTuple):
    """Unreversed money on the account: `effective_on` judges it, the rest only says if it came after a start.

    A payment, or several that nothing tells apart: effective and booked on the same days, and taken before, at or after
    each instant in question (of a start, of an activation) alike. Entries sort as money is used.
    """

    effective_on: date
    posted_on: date
    taken_at: datetime
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Start:
    """When a promise or an arrangement was made: the creditor's business date, and the instant within it."""

    made_on: date
    made_at: datetime

    def precedes(self, entry: Entry) -> bool:
        """Tell if the entry counts from this start on."""
        if entry.effective_on != self.made_on:
            return entry.effective_on > self.made_on
        return entry.posted_on > self.made_on or entry.taken_at > self.made_at


class Received:
    """Counted money over time: how much was effective by a day, and on which day an amount was reached."""

    __slots__ = ("_days", "_sums", "total_minor")

    def __init__(self, entries: Iterable[Entry]) -> None:
        ordered = sorted(entries)
        self._days = [entry.effective_on for entry in ordered]
        self._sums = list(accumulate(entry.amount_minor for entry in ordered))
        self.total_minor = self._sums[-1] if self._sums else 0

    def by(self, day: date) -> int:
        """The minor units effective on `day` or before."""
        count = bisect_right(self._days, day)
        return self._sums[count - 1] if count else 0

    def reached_on(self, amount_minor: int) -> date | None:
        """The effective date of the entry that reached `amount_minor`; None when it is not reached."""
        index = bisect_left(self._sums, amount_minor)
        return self._days[index] if index < len(self._days) else None
