"""Promises and arrangements by brute force, from "What the words mean" alone: what the checker and the tests expect.

`judge` takes everything that was ever said of one account and a business date, and lives through it in plain loops.
Amounts are minor units. Shares nothing with the services.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

ONE_DAY = timedelta(days=1)
OPEN_ARRANGEMENT = ("active", "at_risk")
OPEN = ("made", "proposed", *OPEN_ARRANGEMENT)
CHARGE_OFF = "charge_off"


@dataclass(frozen=True)
class Money:
    """An unreversed payment. `taken` orders what happened within one day: an instant, or any number."""

    id: str
    amount: int
    effective: date
    posted: date
    taken: Any


@dataclass(frozen=True)
class Promise:
    """A promise to pay. `made` is the instant within the day `made_on`; `cancelled_on`: on somebody's request.

    `is_recovery`: made on an account that was known to be charged off, so that a charge-off spares it.
    """

    id: str
    amount: int
    due_on: date
    made_on: date
    made: Any
    grace: int = 0
    tolerance: int = 0
    cancelled_on: date | None = None
    is_recovery: bool = False


@dataclass(frozen=True)
class Arrangement:
    """A payment arrangement: (due_on, amount) of each instalment, in order. `activated`: the day and the instant."""

    id: str
    installments: tuple[tuple[date, int], ...]
    made_on: date
    made: Any
    grace: int = 0
    tolerance: int = 0
    activated: tuple[date, Any] | None = None
    cancelled_on: date | None = None
    is_recovery: bool = False


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
class Standing:
    """Where a promise or an arrangement stands; `next_due_on` is the earliest due date that is not yet paid."""

    status: str
    paid: int
    resolved_on: date | None = None
    next_due_on: date | None = None


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


def counts(money: Money, made_on: date, made: Any) -> bool:
    """Entries effective after `made_on`, or on it and posted later."""
    if money.effective == made_on:
        return money.posted > made_on or bool(money.taken > made)
    return money.effective > made_on


def in_order(entries: Iterable[Money]) -> list[Money]:
    """The one order in which money is used."""
    return sorted(entries, key=lambda money: (money.effective, money.posted, money.taken, money.id))


def promise_standings(
    promises: Iterable[Promise], entries: Iterable[Money], business_date: date, cancelled: Mapping[str, date]
) -> dict[str, Standing]:
    """Promises share money, earliest due first: each takes from the earliest money that it may use."""
    entries = in_order(entries)
    purse = {money.id: money.amount for money in entries}
    found = {}
    for promise in sorted(promises, key=lambda one: (one.due_on, one.made, one.id)):
        if promise.id in cancelled:
            found[promise.id] = Standing("cancelled", 0, cancelled[promise.id])
            continue
        last_day = promise.due_on + promise.grace * ONE_DAY
        got, reached_on = 0, None
        for money in entries:
            if money.effective <= last_day and counts(money, promise.made_on, promise.made):
                part = min(purse[money.id], promise.amount - got)
                purse[money.id] -= part
                got += part
                if reached_on is None and got >= promise.amount - promise.tolerance:
                    reached_on = money.effective
        found[promise.id] = _promise_standing(promise, got, reached_on, business_date)
    return found


def _promise_standing(promise: Promise, got: int, reached_on: date | None, business_date: date) -> Standing:
    """`kept` when reached; after due_on + grace `partially_kept` or `broken`."""
    last_day = promise.due_on + promise.grace * ONE_DAY
    if reached_on is not None:
        return Standing("kept", got, max(reached_on, promise.made_on))
    if business_date > last_day:
        return Standing("partially_kept" if got else "broken", got, last_day + ONE_DAY)
    return Standing("made", got, None, promise.due_on)


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
        paid_off_on = _paid_off_on(one, case.payoffs)
        found[one.id] = arrangement_standing(one, mine, business_date, paid_off_on, cancelled.get(one.id))
    return found


def arrangement_standing(
    one: Arrangement,
    mine: Sequence[Money],
    business_date: date,
    paid_off_on: date | None = None,
    cancelled_on: date | None = None,
) -> Standing:
    """Where an arrangement stands with its own money; `paid_off_on`: the first day with nothing owed on the account.

    Money that is effective after it was cancelled or paid off is no part of it.
    """
    mine = [money for money in mine if all(money.effective <= day for day in (cancelled_on, paid_off_on) if day)]
    got, total = sum(money.amount for money in mine), sum(amount for _, amount in one.installments)
    paid, next_due_on = min(got, total), _next_due_on(one, got)
    if cancelled_on is not None:
        return Standing("cancelled", paid, cancelled_on)
    if one.activated is None:
        return Standing("proposed", paid, None, next_due_on)
    done_on = _done_on(one, mine, total)
    if paid_off_on is not None:
        done_on = min(done_on or paid_off_on, paid_off_on)
    # What nothing is owed on can not be broken any more.
    broken_on = _broken_on(one, mine, business_date if paid_off_on is None else min(business_date, paid_off_on))
    if broken_on is not None:
        return Standing("broken", paid, broken_on, next_due_on)
    if done_on is not None:
        return Standing("completed", paid, max(done_on, one.made_on))
    owed = sum(amount for due_on, amount in one.installments if due_on < business_date)
    return Standing("at_risk" if owed and got < owed - one.tolerance else "active", paid, None, next_due_on)


def _paid_off_on(one: Arrangement, payoffs: Iterable[tuple[date, date | None]]) -> date | None:
    """The first payoff from its start on, or its start where nothing was owed then."""
    days = []
    for since, again_on in payoffs:
        if since >= one.made_on:
            days.append(since)
        elif again_on is None or one.made_on < again_on:
            days.append(one.made_on)
    return min(days, default=None)


def _broken_on(one: Arrangement, mine: Sequence[Money], until: date) -> date | None:
    """The first day on which the money effective in time was short of an instalment, grace included."""
    owed = 0
    for due_on, amount in one.installments:
        owed += amount
        last_day = due_on + one.grace * ONE_DAY
        in_time = sum(money.amount for money in mine if money.effective <= last_day)
        if until > last_day and in_time < owed - one.tolerance:
            return last_day + ONE_DAY
    return None


def _done_on(one: Arrangement, mine: Sequence[Money], total: int) -> date | None:
    got = 0
    for money in in_order(mine):
        got += money.amount
        if got >= total - one.tolerance:
            return money.effective
    return None


def _next_due_on(one: Arrangement, got: int) -> date | None:
    owed = 0
    for due_on, amount in one.installments:
        owed += amount
        if got < owed - one.tolerance:
            return due_on
    return None
