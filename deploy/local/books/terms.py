"""Promises and arrangements as they were made, the money that counts for them, and how each may stand.

Amounts are minor units.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

ONE_DAY = timedelta(days=1)
OPEN_ARRANGEMENT = ("active", "at_risk")
OPEN = ("made", "proposed", *OPEN_ARRANGEMENT)


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
class Standing:
    """Where a promise or an arrangement stands; `next_due_on` is the earliest due date that is not yet paid."""

    status: str
    paid: int
    resolved_on: date | None = None
    next_due_on: date | None = None


def counts(money: Money, made_on: date, made: Any) -> bool:
    """Entries effective after `made_on`, or on it and posted later."""
    if money.effective == made_on:
        return money.posted > made_on or bool(money.taken > made)
    return money.effective > made_on


def in_order(entries: Iterable[Money]) -> list[Money]:
    """The one order in which money is used."""
    return sorted(entries, key=lambda money: (money.effective, money.posted, money.taken, money.id))
