"""Which restrictions hold on a day. Pure; days are of the creditor's calendar, as contact rules run on the wall clock.

A restriction holds from its first through its last day, or until it is lifted; several of a kind count as one, since
the first of them that holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple


class Restriction(NamedTuple):
    """One restriction of an account. `ends_on` is the last day that it holds; None: until it is lifted."""

    kind: str
    effective_on: date
    ends_on: date | None
    is_lifted: bool

    def holds_on(self, day: date) -> bool:
        """Whether it holds on a day."""
        return not self.is_lifted and self.effective_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True)
class Restricted:
    """What holds: each kind once, in order, with the day since when; and the day on which that changes by itself."""

    kinds: tuple[tuple[str, date], ...] = ()
    turns_on: date | None = None


def restricted(restrictions: Iterable[Restriction], today: date) -> Restricted:
    """What of the restrictions of an account holds today."""
    since: dict[str, date] = {}
    turns: list[date] = []
    for one in restrictions:
        if one.is_lifted:
            continue
        if one.holds_on(today):
            since[one.kind] = min(one.effective_on, since.get(one.kind, one.effective_on))
            if one.ends_on is not None and one.ends_on < date.max:
                turns.append(one.ends_on + timedelta(days=1))
        elif today < one.effective_on and (one.ends_on is None or one.effective_on <= one.ends_on):
            turns.append(one.effective_on)
    return Restricted(tuple(sorted(since.items())), min(turns, default=None))
