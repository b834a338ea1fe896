"""Which restrictions hold on a day. Pure; days are of the creditor's calendar, as contact rules run on the wall clock.

A restriction holds from its first through its last day, or until it is lifted; several of a kind count as one, since
the first of them that holds. A bankruptcy stay or a discharge that has held ends what was promised for good: that it is
over gives nobody the promise back. One that was lifted by its first day never held: it was placed by mistake.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

ENDING: Final = frozenset({"bankruptcy_stay", "discharged"})
"""The kinds that end promises and arrangements."""


class Restriction(NamedTuple):
    """One restriction of an account. `ends_on` is the last day that it holds; None: until `lifted_on`, if ever."""

    kind: str
    effective_on: date
    ends_on: date | None
    lifted_on: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.lifted_on is None and self.effective_on <= day and (self.ends_on is None or day <= self.ends_on)

    def has_held(self, today: date) -> bool:
        """Whether it held on its first day, and so on any, up to today."""
        first = self.effective_on
        is_lifted = self.lifted_on is not None and self.lifted_on <= first
        return first <= today and not is_lifted and (self.ends_on is None or first <= self.ends_on)


@dataclass(frozen=True, slots=True)
class Restricted:
    """What holds: each kind once, in order, with the day since when; and the day on which that changes by itself.

    `ended_by` is every stay and discharge that has held, over or not, with its first day.
    """

    kinds: tuple[tuple[str, date], ...] = ()
    turns_on: date | None = None
    ended_by: tuple[tuple[str, date], ...] = ()


def restricted(restrictions: Iterable[Restriction], today: date) -> Restricted:
    """What of the restrictions of an account holds today, and which have ended what was promised."""
    since: dict[str, date] = {}
    turns: list[date] = []
    ended_by: set[tuple[str, date]] = set()
    for one in restrictions:
        if one.kind in ENDING and one.has_held(today):
            ended_by.add((one.kind, one.effective_on))
        if one.lifted_on is not None:
            continue
        if one.holds_on(today):
            since[one.kind] = min(one.effective_on, since.get(one.kind, one.effective_on))
            if one.ends_on is not None and one.ends_on < date.max:
                turns.append(one.ends_on + timedelta(days=1))
        elif today < one.effective_on and (one.ends_on is None or one.effective_on <= one.ends_on):
            turns.append(one.effective_on)
    return Restricted(tuple(sorted(since.items())), min(turns, default=None), tuple(sorted(ended_by)))
