"""Promises and arrangements by brute force, from "What the words mean" alone: what the checker and the tests expect.

`judge` takes everything that was ever said of one account and a business date, and lives through it in plain loops.
Amounts are minor units. Shares nothing with the services.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from deploy.local.books.arrangements import arrangement_standing, paid_off_on
from deploy.local.books.promises import promise_standings
from deploy.local.books.terms import OPEN, Arrangement, Money, Promise, Standing, counts

CHARGE_OFF = "charge_off"


@dataclass(frozen=True)
class End:
    """A charge-off, a bankruptcy or a discharge, and its day."""

    on: date
    reason: str


@dataclass(frozen=True)
class Case:
    """Everything that was said of one account. `payoffs`: since when nothing was owed, and when something was again."""

    promises: Sequence[Promise] = ()
    arrangements: Sequence[Arrangement] = ()
    entries: Sequence[Money] = ()
    ends: Sequence[End] = ()
    payoffs: Sequence[tuple[date, date | None]] = ()


@dataclass(frozen=True)
class Judged:
    """Every promise and arrangement of an account, by id."""

    promises: Mapping[str, Standing] = field(default_factory=dict)
    arrangements: Mapping[str, Standing] = field(default_factory=dict)


def judge(case: Case, business_date: date) -> Judged:
    """Everything as it stands on a business date: first each moment that cancels, in their order, then the date."""
    words: list[Promise | Arrangement] = [*case.promises, *case.arrangements]
    cancelled = {one.id: one.cancelled_on for one in words if one.cancelled_on is not None}
    moments = [
        *((one.activated[0], 0, one.activated[1], None) for one in case.arrangements if one.activated is not None),
        *((end.on, 1, None, end) for end in case.ends),
    ]
    # Of one day: activations in their order, then the close of the day.
    activations = sorted((one for one in moments if one[3] is None), key=lambda one: (one[0], one[2]))
    closes = sorted((one for one in moments if one[3] is not None), key=lambda one: one[0])
    for day, _, instant, end in sorted([*activations, *closes], key=lambda one: one[:2]):
        cancelled |= dict.fromkeys(_cancelled_at(case, day, instant, end, cancelled), day)
    return Judged(
        promise_standings(case.promises, case.entries, business_date, cancelled),
        _arrangement_standings(case, case.entries, business_date, cancelled),
    )


def _cancelled_at(
    case: Case, day: date, instant: Any, end: End | None, cancelled: Mapping[str, date]
) -> Collection[str]:
    """What was open then, by the money of then: activation cancels open promises; an end cancels both."""
    if end is None:
        # What had come before a person acted had been counted, whatever its day.
        seen = [money for money in case.entries if money.taken < instant or not counts(money, day, instant)]
        met = [one for one in case.promises if (one.made_on, one.made) < (day, instant)]
        standings = promise_standings(met, seen, day, cancelled)
        return [key for key, now in standings.items() if now.status in OPEN]
    seen = [money for money in case.entries if money.effective <= day]
    case = replace(case, payoffs=[one for one in case.payoffs if one[0] <= day])
    met = [one for one in case.promises if _is_met(one, end)]
    standings = promise_standings(met, seen, day, cancelled) | {
        key: now
        for key, now in _arrangement_standings(case, seen, day, cancelled).items()
        if any(one.id == key and _is_met(one, end) for one in case.arrangements)
    }
    return [key for key, now in standings.items() if now.status in OPEN]


def _is_met(one: Promise | Arrangement, end: End) -> bool:
    """What was made on an account that was charged off already is recovery, and stays."""
    return one.made_on <= end.on and not (one.is_recovery and end.reason == CHARGE_OFF)


def _arrangement_standings(
    case: Case, entries: Sequence[Money], business_date: date, cancelled: Mapping[str, date]
) -> dict[str, Standing]:
    """Each arrangement sees the money from its start to the start of the next one of the account."""
    ordered = sorted(case.arrangements, key=lambda one: (one.made, one.id))
    found = {}
    for place, one in enumerate(ordered):
        mine = [money for money in entries if counts(money, one.made_on, one.made)]
        for later in ordered[place + 1 :]:
            # A proposal that ended before anyone approved it began nothing.
            has_ended = later.cancelled_on is not None or any(_is_met(later, end) for end in case.ends)
            if later.activated is not None or not has_ended:
                mine = [money for money in mine if not counts(money, later.made_on, later.made)]
        done_on = paid_off_on(one.made_on, case.payoffs)
        found[one.id] = arrangement_standing(one, mine, business_date, done_on, cancelled.get(one.id))
    return found
