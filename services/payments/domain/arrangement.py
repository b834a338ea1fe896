"""A payment arrangement: its status is a pure function of terms, entries, the business date, payoff and a cancel.

Cumulative: instalment k is paid at sum(1..k) less the tolerance (once, not per instalment). Short on the day after
`due_on` it is at risk, after the grace days broken; complete at its total, or when the account is paid off. Money is
judged by its effective date, so late money never heals `broken`, and money that was in time but arrives late does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Final, Literal
from uuid import UUID

from services.payments.domain.counting import Entry, Received, Start

ArrangementStatus = Literal["proposed", "active", "at_risk", "completed", "broken", "cancelled"]
InstallmentStatus = Literal["scheduled", "due", "paid", "partial", "missed"]

TRANSITIONS: Final[Mapping[ArrangementStatus, frozenset[ArrangementStatus]]] = {
    # Left by approval or cancel only; money that came while it waited may bring it further than `active` at once.
    "proposed": frozenset({"active", "at_risk", "completed", "cancelled"}),
    "active": frozenset({"at_risk", "completed", "broken", "cancelled"}),
    "at_risk": frozenset({"active", "completed", "broken", "cancelled"}),
    # A reversal opens it again, or shows that it was never paid in time; cancelled when charged off meanwhile.
    "completed": frozenset({"active", "at_risk", "broken", "cancelled"}),
    # Money effective in time that arrives late; cancelled when the account was charged off before it broke.
    "broken": frozenset({"active", "at_risk", "completed", "cancelled"}),
    # Left only where the account cancelled it, never where a person did: by money or a payoff effective before, or
    # when the core takes the charge-off back.
    "cancelled": frozenset({"proposed", "active", "at_risk", "completed", "broken"}),
}
OPEN: Final[frozenset[ArrangementStatus]] = frozenset({"proposed", "active", "at_risk"})
ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Installment:
    """One scheduled amount and the day by which it is to be there."""

    due_on: date
    amount_minor: int


@dataclass(frozen=True)
class ArrangementTerms:
    """What was agreed. Instalments stand in order of `due_on`; `superseded_by` is the start of the next arrangement."""

    arrangement_id: UUID
    installments: tuple[Installment, ...]
    start: Start
    tolerance_minor: int = 0
    grace_days: int = 0
    is_approved: bool = True
    superseded_by: Start | None = None
    cancelled_on: date | None = None
    paid_off_on: date | None = None
    """The first day from its start on with nothing owed on the account: that it is used again changes nothing."""

    @cached_property
    def sums(self) -> tuple[int, ...]:
        """The cumulative amounts: sum(1..k) for each k."""
        return tuple(accumulate(installment.amount_minor for installment in self.installments))

    @property
    def total_minor(self) -> int:
        """Everything that the account is to receive."""
        return self.sums[-1]

    @property
    def grace(self) -> timedelta:
        """The calendar days after a due date in which money is still in time."""
        return timedelta(days=self.grace_days)

    def counts(self, entry: Entry) -> bool:
        """Tell if the entry stands in the window of this arrangement: from its start to the start of the next one."""
        return self.start.precedes(entry) and (self.superseded_by is None or not self.superseded_by.precedes(entry))


@dataclass(frozen=True, slots=True)
class ArrangementStanding:
    """Where an arrangement stands. `paid_minor` is at most its total; `resolved_on` is None while it is open."""

    status: ArrangementStatus
    paid_minor: int
    next_due_on: date | None
    resolved_on: date | None
    next_review_on: date | None


def judge_arrangement(terms: ArrangementTerms, entries: Iterable[Entry], business_date: date) -> ArrangementStanding:
    """Judge one arrangement on a business date from the account's unreversed entries, in any order.

    One that is cancelled or paid off keeps what it had received by then; what comes later is no part of it.
    """
    last_day = min(terms.cancelled_on or date.max, terms.paid_off_on or date.max)
    received = Received(entry for entry in entries if terms.counts(entry) and entry.effective_on <= last_day)
    status, resolved_on = _status(terms, received, business_date)
    return ArrangementStanding(
        status=status,
        paid_minor=min(received.total_minor, terms.total_minor),
        next_due_on=None if status in {"completed", "cancelled"} else _next_due_on(terms, received.total_minor),
        resolved_on=resolved_on,
        next_review_on=_next_review_on(terms, received, business_date, status),
    )


def installment_states(
    terms: ArrangementTerms, standing: ArrangementStanding, business_date: date
) -> tuple[tuple[Installment, int, InstallmentStatus], ...]:
    """What each instalment received and how it stands; from the day it is resolved for good, time stands still."""
    is_frozen = standing.status in {"completed", "cancelled"} and standing.resolved_on is not None
    day = min(business_date, standing.resolved_on or business_date) if is_frozen else business_date
    states: list[tuple[Installment, int, InstallmentStatus]] = []
    for installment, total in zip(terms.installments, terms.sums, strict=True):
        paid = min(max(standing.paid_minor - total + installment.amount_minor, 0), installment.amount_minor)
        is_paid = standing.paid_minor >= total - terms.tolerance_minor
        states.append((installment, paid, "paid" if is_paid else _unpaid(installment, paid, day, terms.grace)))
    return tuple(states)


def _unpaid(installment: Installment, paid_minor: int, day: date, grace: timedelta) -> InstallmentStatus:
    if day < installment.due_on:
        return "scheduled"
    if day <= installment.due_on + grace:
        return "due"
    return "partial" if paid_minor else "missed"


def _status(terms: ArrangementTerms, received: Received, business_date: date) -> tuple[ArrangementStatus, date | None]:
    if terms.cancelled_on is not None:
        return "cancelled", terms.cancelled_on
    if not terms.is_approved:
        return "proposed", None
    # Once the account is paid off no later date can break what nothing is owed on.
    horizon = business_date if terms.paid_off_on is None else min(business_date, terms.paid_off_on)
    is_at_risk = False
    for installment, total in zip(terms.installments, terms.sums, strict=True):
        needed, last_day = total - terms.tolerance_minor, installment.due_on + terms.grace
        if horizon > last_day and received.by(last_day) < needed:
            return "broken", last_day + ONE_DAY
        is_at_risk = is_at_risk or (horizon > installment.due_on and received.total_minor < needed)
    reached_on = received.reached_on(max(terms.total_minor - terms.tolerance_minor, 1))
    done_on = [day for day in (reached_on, terms.paid_off_on) if day is not None]
    if done_on:
        return "completed", max(min(done_on), terms.start.made_on)
    return ("at_risk" if is_at_risk else "active"), None


def _next_due_on(terms: ArrangementTerms, received_minor: int) -> date | None:
    for installment, total in zip(terms.installments, terms.sums, strict=True):
        if received_minor < total - terms.tolerance_minor:
            return installment.due_on
    return None


def _next_review_on(
    terms: ArrangementTerms, received: Received, business_date: date, status: ArrangementStatus
) -> date | None:
    """Find the earliest later business date on which time alone changes the status."""
    if status in {"cancelled", "proposed", "broken"}:
        return None
    days = {installment.due_on + ONE_DAY for installment in terms.installments}
    days |= {day + terms.grace for day in days}
    later = sorted(day for day in days if day > business_date)
    return next((day for day in later if _status(terms, received, day)[0] != status), None)
