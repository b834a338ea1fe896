"""Promises and arrangements by brute force, from "What the words mean" alone: what the checker expects of them.

Each function takes everything that was ever said of one account and one business date, and lives through it in plain
loops. Amounts are minor units. Shares nothing with the services.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

ONE_DAY = timedelta(days=1)
OPEN_ARRANGEMENT = ("active", "at_risk")


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
    """A promise to pay. `made` is the instant within the day `made_on`."""

    id: str
    amount: int
    due_on: date
    made_on: date
    made: Any
    grace: int = 0
    tolerance: int = 0
    cancelled_on: date | None = None


@dataclass(frozen=True)
class Arrangement:
    """A payment arrangement: (due_on, amount) of each instalment, in order."""

    id: str
    installments: tuple[tuple[date, int], ...]
    made_on: date
    made: Any
    grace: int = 0
    tolerance: int = 0
    is_approved: bool = True
    cancelled_on: date | None = None


@dataclass(frozen=True)
class Standing:
    """Where a promise or an arrangement stands; `next_due_on` is the earliest due date that is not yet paid."""

    status: str
    paid: int
    resolved_on: date | None = None
    next_due_on: date | None = None


@dataclass(frozen=True)
class Summary:
    """What the work list reads of all promises and arrangements of an account."""

    open_promise_due_on: date | None = None
    broken_promise_on: date | None = None
    broken_promise_count: int = 0
    arrangement_status: str | None = None
    follow_up_due_on: date | None = None


def counts(money: Money, made_on: date, made: Any) -> bool:
    """Entries effective after `made_on`, or on it and posted later."""
    if money.effective == made_on:
        return money.posted > made_on or bool(money.taken > made)
    return money.effective > made_on


def in_order(entries: Iterable[Money]) -> list[Money]:
    """The one order in which money is used."""
    return sorted(entries, key=lambda money: (money.effective, money.posted, money.taken, money.id))


def promise_standings(
    promises: Iterable[Promise], entries: Iterable[Money], business_date: date
) -> dict[str, Standing]:
    """Promises share money, earliest due first: each takes from the earliest money that it may use."""
    entries = in_order(entries)
    purse = {money.id: money.amount for money in entries}
    found = {}
    for promise in sorted(promises, key=lambda one: (one.due_on, one.made, one.id)):
        if promise.cancelled_on is not None:
            found[promise.id] = Standing("cancelled", 0, promise.cancelled_on)
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
        found[promise.id] = _promise_standing(promise, got, reached_on, last_day, business_date)
    return found


def _promise_standing(
    promise: Promise, got: int, reached_on: date | None, last_day: date, business_date: date
) -> Standing:
    if reached_on is not None:
        return Standing("kept", got, max(reached_on, promise.made_on))
    if business_date > last_day:
        return Standing("partially_kept" if got else "broken", got, last_day + ONE_DAY)
    return Standing("made", got, None, promise.due_on)


def arrangement_standings(
    arrangements: Iterable[Arrangement], entries: Sequence[Money], business_date: date, paid_off_on: date | None = None
) -> dict[str, Standing]:
    """Each arrangement sees the money from its start to the start of the next one of the account."""
    ordered = sorted(arrangements, key=lambda one: (one.made, one.id))
    found = {}
    for place, one in enumerate(ordered):
        mine = [money for money in entries if counts(money, one.made_on, one.made)]
        for later in ordered[place + 1 :]:
            # A proposal that was cancelled before it was approved began nothing.
            if later.is_approved or later.cancelled_on is None:
                mine = [money for money in mine if not counts(money, later.made_on, later.made)]
        found[one.id] = arrangement_standing(one, mine, business_date, paid_off_on)
    return found


def arrangement_standing(
    one: Arrangement, mine: Sequence[Money], business_date: date, paid_off_on: date | None = None
) -> Standing:
    """Where an arrangement stands with its own money; `paid_off_on`: since when nothing is owed on the account."""
    if one.cancelled_on is not None:
        mine = [money for money in mine if money.effective <= one.cancelled_on]
    total = sum(amount for _, amount in one.installments)
    got = sum(money.amount for money in mine)
    paid, next_due_on = min(got, total), _next_due_on(one, got)
    if one.cancelled_on is not None:
        return Standing("cancelled", paid, one.cancelled_on)
    if not one.is_approved:
        return Standing("proposed", paid, None, next_due_on)
    done_on = _done_on(one, mine, total)
    if paid_off_on is not None:
        paid_off_on = max(paid_off_on, one.made_on)
        done_on = min(done_on or paid_off_on, paid_off_on)
    # What nothing is owed on can not be broken any more.
    broken_on = _broken_on(one, mine, business_date if paid_off_on is None else min(business_date, paid_off_on))
    if broken_on is not None:
        return Standing("broken", paid, broken_on, next_due_on)
    if done_on is not None:
        return Standing("completed", paid, max(done_on, one.made_on))
    owed = sum(amount for due_on, amount in one.installments if due_on < business_date)
    return Standing("at_risk" if owed and got < owed - one.tolerance else "active", paid, None, next_due_on)


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


def paid_off_by(entries: Iterable[Money], balance: int) -> date | None:
    """The effective day of the money that brought the balance, now zero or below, there; None when none did."""
    for money in reversed(in_order(entries)):
        balance += money.amount
        if balance > 0:
            return money.effective
    return None


def summary(
    promises: Sequence[tuple[Promise, Standing]],
    arrangements: Sequence[tuple[Arrangement, Standing]],
    oldest_unpaid_due_on: date | None,
) -> Summary:
    """`broken_promise` (also partially kept; until a new promise, cure); `arrangement_follow_up` (what is open)."""
    made = [promise.due_on for promise, now in promises if now.status == "made"]
    follow_up = made + [
        now.next_due_on for _, now in arrangements if now.status in OPEN_ARRANGEMENT and now.next_due_on is not None
    ]
    latest = max(arrangements, key=lambda pair: (pair[1].status in OPEN_ARRANGEMENT, pair[0].made), default=None)
    return Summary(
        open_promise_due_on=min(made, default=None),
        broken_promise_on=_broken_promise_on(promises, oldest_unpaid_due_on),
        broken_promise_count=sum(now.status == "broken" for _, now in promises),
        arrangement_status=None if latest is None else latest[1].status,
        follow_up_due_on=min(follow_up, default=None),
    )


def _broken_promise_on(promises: Sequence[tuple[Promise, Standing]], oldest: date | None) -> date | None:
    broken = [now.resolved_on for _, now in promises if now.status in {"broken", "partially_kept"} and now.resolved_on]
    # A cure: the oldest unpaid due fell due after the break, so all that was past due then has been paid.
    if not broken or oldest is None or oldest >= max(broken):
        return None
    is_promised_anew = any(one.made_on >= max(broken) and now.status != "cancelled" for one, now in promises)
    return None if is_promised_anew else max(broken)
