"""Money on an account: which payments and reversals a snapshot already holds, and what the others do.

A snapshot holds the bookings up to its date; everything else counts on top, whatever its effective date and whenever
it arrives. So the state of an account is a function of *sets*, and the order of arrival cannot matter.
Source: the published surface, "entries and snapshots" and "money on an account". Amounts are minor units.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from services.accounts.domain.dues import Due, Dues, Snapshot, Upcoming, dues_of

Origin = Literal["core", "ours"]

# The other components (principal_only, fees, costs) lower the balance and never affect days past due.
_PAYS_DUES = frozenset({"interest", "principal", "escrow"})
_NEXT_DAY = timedelta(days=1)


class Booking(NamedTuple):
    """Who booked something, and on which day.

    `booked_on` is the day on which the core booked a posting of ours, known from its echo.
    """

    origin: Origin
    posted_on: date
    booked_on: date | None = None

    @property
    def contained_on(self) -> date:
        """The first snapshot date that contains it.

        Ours without an echo: the core books it from our message during the next day at the latest.
        """
        if self.booked_on is not None:
            return self.booked_on
        return self.posted_on if self.origin == "core" else self.posted_on + _NEXT_DAY


class Entry(NamedTuple):
    """A payment. `dues_minor` is the part of it that pays dues.

    `reference` (its source reference, then its source) orders the payments of one day: unlike the id it does not
    depend on which of them arrived first.
    """

    payment_id: UUID
    amount_minor: int
    dues_minor: int
    effective_on: date
    booking: Booking
    reference: tuple[str, str] = ("", "")


class Reversal(NamedTuple):
    """The return of a whole payment, with a booking of its own."""

    payment_id: UUID
    effective_on: date
    booking: Booking


class OnTop(NamedTuple):
    """What the postings that a snapshot does not contain do to it.

    Attributes:
        balance_minor: Added to the balance.
        dues_money_minor: Pays dues, oldest first.
        returned: Dues that are open again, because the payment that had paid them was returned.
    """

    balance_minor: int
    dues_money_minor: int
    returned: tuple[Due, ...]


def paying_dues(amount_minor: int, basis: str, allocation: Iterable[tuple[str, int]]) -> int:
    """The part of a payment that pays dues.

    A payment that came with its own allocation pays dues by interest, principal and escrow. One that we allocated by
    a product's waterfall pays dues whole: the waterfalls reach fees only with what is left after all interest and
    principal, and counting all of it keeps an account's state independent of the order in which payments arrive.
    """
    if basis == "waterfall":
        return amount_minor
    return sum(amount for component, amount in allocation if component in _PAYS_DUES)


def on_top(
    snapshot: Snapshot, entries: Sequence[Entry], reversals: Mapping[UUID, Reversal], history: Sequence[Snapshot] = ()
) -> OnTop:
    """What `entries` and `reversals` (by payment id) add to the ruling `snapshot`.

    `history` are the account's other snapshots: needed where `needs_history` says so, to find what a returned payment
    had paid. A reversal whose payment is not here yet waits: it does nothing.
    """
    balance = money = 0
    returned: list[Due] = []
    for entry in entries:
        reversal = reversals.get(entry.payment_id)
        is_returned_on_top = reversal is not None and not _contains(snapshot, reversal.booking)
        if not _contains(snapshot, entry.booking):
            # A reversal on top of it cancels it.
            if not is_returned_on_top:
                balance -= entry.amount_minor
                money += entry.dues_minor
        elif is_returned_on_top:
            balance += entry.amount_minor
            if entry.dues_minor:
                due_on = _oldest_paid(entry, snapshot, entries, reversals, history)
                returned.append(Due(due_on, entry.dues_minor))
    return OnTop(balance, money, tuple(sorted(returned)))


def needs_history(snapshot: Snapshot, entries: Iterable[Entry], reversals: Mapping[UUID, Reversal]) -> bool:
    """Whether a payment inside the snapshot was returned on top of it: then earlier snapshots and entries matter."""
    return any(
        _contains(snapshot, entry.booking)
        and entry.payment_id in reversals
        and not _contains(snapshot, reversals[entry.payment_id].booking)
        for entry in entries
    )


def _contains(snapshot: Snapshot, booking: Booking) -> bool:
    return booking.contained_on <= snapshot.business_date


def _oldest_paid(
    payment: Entry,
    ruling: Snapshot,
    entries: Sequence[Entry],
    reversals: Mapping[UUID, Reversal],
    history: Sequence[Snapshot],
) -> date:
    """The oldest due date that a payment had paid: a replay over the latest snapshot that does not contain it.

    Unknown (no such snapshot, or it paid no due): the payment's effective date.
    """
    before = max(
        (snapshot for snapshot in history if not _contains(snapshot, payment.booking)),
        key=lambda snapshot: snapshot.business_date,
        default=None,
    )
    if before is None:
        return payment.effective_on
    earlier_money = 0
    for entry in sorted(entries, key=_replay_order):
        if entry.payment_id == payment.payment_id:
            break
        reversal = reversals.get(entry.payment_id)
        is_returned = reversal is not None and _contains(ruling, reversal.booking)
        if _contains(ruling, entry.booking) and not _contains(before, entry.booking) and not is_returned:
            earlier_money += entry.dues_minor
    due = first_unpaid(dues_of(before), earlier_money, max(before.balance_minor, 0))
    return payment.effective_on if due is None else due.due_on


def _replay_order(entry: Entry) -> tuple[date, date, tuple[str, str], UUID]:
    return entry.effective_on, entry.booking.posted_on, entry.reference, entry.payment_id


def first_unpaid(dues: Dues, money_minor: int, cap_minor: int) -> Due | None:
    """The due on which the next unit of money falls, once `money_minor` has paid the oldest ones.

    None when the money has paid all there is: dues never exceed `cap_minor`, what is owed.
    """
    if money_minor >= cap_minor:
        return None
    settled = settle(dues.past, dues.upcoming, money_minor, cap_minor - money_minor, date.min)
    return settled.next_due


class Settled(NamedTuple):
    """Dues after the money has paid the oldest: those past due, and the first of the others that is unpaid."""

    past_due: tuple[Due, ...]
    next_due: Due | None


def settle(dues: Sequence[Due], upcoming: Upcoming | None, money_minor: int, cap_minor: int, cutoff: date) -> Settled:
    """Pays dues oldest first and cuts what stays open, the latest first, to `cap_minor` in all.

    Args:
        dues: Single dues, sorted by date.
        upcoming: Dues that repeat; None when nothing falls due by itself.
        money_minor: What pays them, at least 0. A surplus waits for later dues.
        cap_minor: What is owed at most, at least 0: open dues never exceed the balance.
        cutoff: Dues before it are past due; the walk ends at the first unpaid one that is not.
    """
    past_due: list[Due] = []
    single = nth = 0
    while cap_minor > 0:
        repeated = upcoming.nth(nth) if upcoming is not None else None
        if single < len(dues) and (repeated is None or dues[single].due_on <= repeated.due_on):
            due = dues[single]
            single += 1
        elif repeated is None:
            break
        elif single == len(dues) and money_minor >= repeated.amount_minor:
            # Whole instalments at once, so that a large sum over small instalments takes no longer.
            whole, money_minor = divmod(money_minor, repeated.amount_minor)
            nth += whole
            continue
        else:
            due = repeated
            nth += 1
        paid = min(money_minor, due.amount_minor)
        money_minor -= paid
        unpaid = min(due.amount_minor - paid, cap_minor)
        if unpaid == 0:
            continue
        if due.due_on >= cutoff:
            return Settled(tuple(past_due), Due(due.due_on, unpaid))
        past_due.append(Due(due.due_on, unpaid))
        cap_minor -= unpaid
    return Settled(tuple(past_due), None)
