"""From one snapshot row to the dues that it implies, and the doubts that it raises.

A core states a sum past due and since when; collections needs the dues behind it: a payment of one instalment must
cure exactly the oldest. Source: the published surface, "snapshot row -> dues" and "signs". Amounts are minor units.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Literal, NamedTuple

from services.accounts.domain.schedule import Frequency, Schedule, schedule_from

ProductClass = Literal["closed_end_loan", "credit_card", "share_negative", "mortgage", "commercial"]
AccountStatus = Literal["open", "charged_off", "closed"]

# From the snapshot on these fall due by themselves; a card's minimum payment and an overdrawn share are only known
# from the next snapshot.
_FALLS_DUE_BY_ITSELF = frozenset({"closed_end_loan", "mortgage", "commercial"})


class Snapshot(NamedTuple):
    """One account as the core stated it at the close of `business_date`, whose postings it holds completely."""

    business_date: date
    product_class: ProductClass
    status: AccountStatus
    balance_minor: int
    past_due_minor: int = 0
    oldest_unpaid_due_on: date | None = None
    installment_minor: int | None = None
    frequency: Frequency | None = None
    next_due_on: date | None = None
    charged_off_on: date | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something about a row that a person should know: the field, a stable code, and a sentence."""

    field: str
    code: str
    message: str


class Due(NamedTuple):
    """An amount that is to be paid by the end of a day. It is past due from the day after."""

    due_on: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Upcoming:
    """Dues that repeat from the snapshot on: `amount_minor` on each date of the schedule."""

    schedule: Schedule
    amount_minor: int

    def nth(self, n: int) -> Due | None:
        """Due `n` from 0; None after the last (a schedule that happens once, or the end of the calendar)."""
        if n > 0 and self.schedule.frequency == "once":
            return None
        try:
            return Due(self.schedule.nth(n), self.amount_minor)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class Dues:
    """What a snapshot implies: the dues behind its past-due sum, oldest first, and what falls due from its date on."""

    past: tuple[Due, ...] = ()
    upcoming: Upcoming | None = None
    doubts: tuple[Doubt, ...] = ()


def refusals(snapshot: Snapshot) -> tuple[Doubt, ...]:
    """Why a row cannot be taken at all: a sum past due needs a day, before the snapshot's date, since when.

    A charged-off debt needs none: its age can run from the charge-off, which no close of a day can hold before it was.
    """
    oldest = snapshot.oldest_unpaid_due_on
    is_owed_whole = snapshot.status == "charged_off" and snapshot.balance_minor > 0
    if is_owed_whole and snapshot.charged_off_on is not None and snapshot.charged_off_on > snapshot.business_date:
        return (
            Doubt(
                "charged_off_on",
                "charged-off-on-in-future",
                f"{snapshot.charged_off_on} lies after the business date {snapshot.business_date}",
            ),
        )
    if snapshot.past_due_minor == 0 and not (is_owed_whole and oldest):
        return ()
    if oldest is None:
        if snapshot.status == "charged_off":
            return ()
        return (
            Doubt(
                "oldest_unpaid_due_on",
                "oldest-unpaid-due-on-required",
                "past_due_minor is above zero, so the oldest unpaid due date is needed",
            ),
        )
    if oldest >= snapshot.business_date:
        return (
            Doubt(
                "oldest_unpaid_due_on",
                "oldest-unpaid-due-on-not-past",
                f"{oldest} is not before the business date {snapshot.business_date}: a due is past due the day after",
            ),
        )
    return ()


@lru_cache(maxsize=4096)
def dues_of(snapshot: Snapshot) -> Dues:
    """The dues that a snapshot row implies. The row must have no `refusals`.

    Remembered, for an import asks twice: for the doubts about a line, and for the state of its account.
    """
    if snapshot.status == "charged_off":
        return _charged_off(snapshot)
    past, past_doubts = _past_dues(snapshot)
    if snapshot.status == "closed":
        return Dues(past, None, past_doubts)
    upcoming, upcoming_doubts = _upcoming(snapshot)
    return Dues(past, upcoming, past_doubts + upcoming_doubts)


def _charged_off(snapshot: Snapshot) -> Dues:
    """All that is still owed is past due, and nothing falls due any more."""
    if snapshot.balance_minor <= 0:
        return Dues()
    since = snapshot.oldest_unpaid_due_on or snapshot.charged_off_on or snapshot.business_date
    return Dues((Due(since, snapshot.balance_minor),))


def _past_dues(snapshot: Snapshot) -> tuple[tuple[Due, ...], tuple[Doubt, ...]]:
    """The instalments behind the past-due sum; the oldest carries what is left of a part payment."""
    past_due, oldest = snapshot.past_due_minor, snapshot.oldest_unpaid_due_on
    if past_due == 0 or oldest is None:
        return (), ()
    doubts: tuple[Doubt, ...] = ()
    if past_due > max(snapshot.balance_minor, 0):
        doubts = (
            Doubt(
                "past_due_minor",
                "past-due-above-balance",
                f"{past_due} is past due of a balance of {snapshot.balance_minor}: only the balance counts",
            ),
        )
    installment = snapshot.installment_minor
    if not installment or snapshot.frequency is None:
        return (Due(oldest, past_due),), doubts
    schedule = _schedule(oldest, snapshot.frequency, snapshot.next_due_on)
    number = schedule.count_before(snapshot.business_date)
    rest = past_due - (number - 1) * installment
    if not 0 < rest <= installment:
        misfit = Doubt(
            "past_due_minor",
            "past-due-misfit",
            f"{number} instalments of {installment} since {oldest} do not make {past_due}: "
            f"all of it counts from {oldest}",
        )
        return (Due(oldest, past_due),), (*doubts, misfit)
    amounts: Iterator[int] = iter([rest, *[installment] * (number - 1)])
    return tuple(map(Due, islice(schedule, number), amounts)), doubts


def _upcoming(snapshot: Snapshot) -> tuple[Upcoming | None, tuple[Doubt, ...]]:
    """What falls due from the snapshot's date on, where the product does so by itself."""
    installment = snapshot.installment_minor
    if snapshot.product_class not in _FALLS_DUE_BY_ITSELF or not installment:
        return None, ()
    oldest = snapshot.oldest_unpaid_due_on if snapshot.past_due_minor else None
    frequency, stated = snapshot.frequency or "once", snapshot.next_due_on
    doubts: tuple[Doubt, ...] = ()
    if stated is None:
        if snapshot.product_class != "closed_end_loan" or oldest is None:
            return None, ()
        first = _schedule(oldest, frequency, None).first_on_or_after(snapshot.business_date)
    elif stated >= snapshot.business_date:
        first = stated
    else:
        first = _schedule(stated, frequency, oldest).first_on_or_after(snapshot.business_date)
        doubts = (_moved(stated, first, snapshot.business_date),)
    if first is None:
        return None, doubts
    # The day of the month comes from what the row states, not from where `first` was clipped to.
    day = _schedule(stated or first, frequency, oldest).day
    return Upcoming(Schedule(first, frequency, day), installment), doubts


def _schedule(start: date, frequency: Frequency, other: date | None) -> Schedule:
    return schedule_from(start, frequency) if other is None else schedule_from(start, frequency, other)


def _moved(stated: date, first: date | None, business_date: date) -> Doubt:
    outcome = f"{first} is taken" if first else "nothing falls due"
    return Doubt(
        "next_due_on",
        "next-due-on-before-snapshot",
        f"{stated} lies before the business date {business_date}: {outcome}",
    )
