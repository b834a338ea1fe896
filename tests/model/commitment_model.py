"""Promises and arrangements by brute force, from "What the words mean" alone: the reference of the property tests."""

from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Money:
    """An unreversed entry. `taken` orders what happened within one day."""

    amount: int
    effective: date
    taken: int


@dataclass(frozen=True)
class Promise:
    """A promise to pay."""

    id: str
    amount: int
    due_on: date
    made_on: date
    made: int
    grace: int = 0
    tolerance: int = 0


@dataclass(frozen=True)
class Arrangement:
    """A payment arrangement: (due_on, amount) of each instalment."""

    installments: tuple[tuple[date, int], ...]
    made_on: date
    made: int
    grace: int = 0
    tolerance: int = 0


def counts(money: Money, made_on: date, made: int) -> bool:
    """Entries effective after `made_on`, or on it and posted later."""
    return money.effective > made_on or (money.effective == made_on and money.taken > made)


def promise_states(promises: list[Promise], entries: list[Money], business_date: date) -> dict[str, str]:
    """Promises share money, earliest due first: each takes from the earliest money that it may use."""
    purse = {index: money.amount for index, money in enumerate(entries)}
    states = {}
    for promise in sorted(promises, key=lambda one: (one.due_on, one.made)):
        last_day = promise.due_on + timedelta(days=promise.grace)
        wanted, got = promise.amount, 0
        for index, money in sorted(enumerate(entries), key=lambda pair: (pair[1].effective, pair[1].taken)):
            if money.effective <= last_day and counts(money, promise.made_on, promise.made):
                part = min(purse[index], wanted - got)
                purse[index] -= part
                got += part
        if got >= wanted - promise.tolerance:
            states[promise.id] = "kept"
        elif business_date > last_day:
            states[promise.id] = "partially_kept" if got else "broken"
        else:
            states[promise.id] = "made"
    return states


def arrangement_state(
    arrangement: Arrangement, entries: list[Money], business_date: date, *, is_paid_off: bool = False
) -> str:
    """The state on a business date, found by living through every day since the start."""
    mine = [money for money in entries if counts(money, arrangement.made_on, arrangement.made)]
    total = sum(amount for _, amount in arrangement.installments)
    day = arrangement.made_on
    while day <= business_date:
        owed = 0
        for due_on, amount in arrangement.installments:
            owed += amount
            last_day = due_on + timedelta(days=arrangement.grace)
            in_time = sum(money.amount for money in mine if money.effective <= last_day)
            if day > last_day and in_time < owed - arrangement.tolerance:
                return "broken"
        day += ONE_DAY
    got = sum(money.amount for money in mine)
    if got >= total - arrangement.tolerance or is_paid_off:
        return "completed"
    owed = sum(amount for due_on, amount in arrangement.installments if due_on < business_date)
    return "at_risk" if owed and got < owed - arrangement.tolerance else "active"
