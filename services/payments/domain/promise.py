"""A promise to pay: its status is a pure function of its terms, the account's entries, the business date and a cancel.

Promises of one account share money, earliest due first: a promise takes entries that are effective by its due date and
grace, so money that is late never heals it and is left for the next promise. `kept` when reached; when the business
date has passed due date and grace, `partially_kept` or `broken`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID

from services.payments.domain.counting import Entry, Start

PromiseStatus = Literal["made", "kept", "partially_kept", "broken", "cancelled"]

TRANSITIONS: Final[Mapping[PromiseStatus, frozenset[PromiseStatus]]] = {
    "made": frozenset({"kept", "partially_kept", "broken", "cancelled"}),
    # A reversal takes the money back: before the due date it is open again, after it broken, and cancelled where the
    # account cancelled meanwhile what was open.
    "kept": frozenset({"made", "partially_kept", "broken", "cancelled"}),
    # Business dates never go back, so what time has broken can only be healed by money that was effective in time.
    # Or it turns out that the account had cancelled it before.
    "partially_kept": frozenset({"kept", "broken", "cancelled"}),
    "broken": frozenset({"kept", "partially_kept", "cancelled"}),
    # Left only where the account cancelled it, never where a person did: by money that was effective before, or when
    # the core takes the charge-off back.
    "cancelled": frozenset({"made", "kept", "partially_kept", "broken"}),
}
OPEN: Final[frozenset[PromiseStatus]] = frozenset({"made"})


@dataclass(frozen=True, slots=True)
class PromiseTerms:
    """What was promised. `tolerance_minor` and `grace_days` (calendar days) are data of the promise, 0 by default."""

    promise_id: UUID
    amount_minor: int
    due_on: date
    start: Start
    tolerance_minor: int = 0
    grace_days: int = 0
    cancelled_on: date | None = None

    @property
    def last_day(self) -> date:
        """The last effective date of money that is in time."""
        return self.due_on + timedelta(days=self.grace_days)


@dataclass(frozen=True, slots=True)
class PromiseStanding:
    """Where a promise stands. `resolved_on` is the first business date on which it stands so, None while made."""

    status: PromiseStatus
    paid_minor: int
    resolved_on: date | None
    next_review_on: date | None


def judge_promises(
    promises: Iterable[PromiseTerms], entries: Iterable[Entry], business_date: date
) -> dict[UUID, PromiseStanding]:
    """Judge all promises of one account together, since they share its money. A cancelled one takes none."""
    ordered = sorted(promises, key=_order)
    money = _Money(entries if ordered else ())  # most accounts have one kind of undertaking, and some much money
    standings: dict[UUID, PromiseStanding] = {}
    for terms in ordered:
        if terms.cancelled_on is not None:
            standings[terms.promise_id] = PromiseStanding("cancelled", 0, terms.cancelled_on, None)
        else:
            standings[terms.promise_id] = _judge(terms, *money.take(terms), business_date)
    return standings


def _order(terms: PromiseTerms) -> tuple[object, ...]:
    return (terms.due_on, terms.start.made_at, terms.promise_id)


def _judge(terms: PromiseTerms, paid: int, reached_on: date | None, business_date: date) -> PromiseStanding:
    if reached_on is not None:
        return PromiseStanding("kept", paid, max(reached_on, terms.start.made_on), None)
    first_late_day = terms.last_day + timedelta(days=1)
    if business_date < first_late_day:
        return PromiseStanding("made", paid, None, first_late_day)
    return PromiseStanding("partially_kept" if paid else "broken", paid, first_late_day, None)


class _Money:
    """The entries of an account with what is left of each, taken in the order in which they became effective."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: Sequence[Entry] = sorted(entries)
        self._left = [entry.amount_minor for entry in self._entries]

    def take(self, terms: PromiseTerms) -> tuple[int, date | None]:
        """Take what the promise may have: the amount taken, and the effective date that reached its terms."""
        taken, reached_on = 0, None
        for index, entry in enumerate(self._entries):
            if entry.effective_on > terms.last_day or taken == terms.amount_minor:
                break
            if not self._left[index] or not terms.start.precedes(entry):
                continue
            part = min(self._left[index], terms.amount_minor - taken)
            self._left[index] -= part
            taken += part
            if reached_on is None and taken >= terms.amount_minor - terms.tolerance_minor:
                reached_on = entry.effective_on
        return taken, reached_on
