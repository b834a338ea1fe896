"""What was ever said of one account: snapshots of the core and payments, and which of them a snapshot contains.

Amounts are minor units.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Snapshot:
    """What the core's extract says of one account; `received` orders the arrivals."""

    on: date
    received: int
    balance: int
    past_due: int = 0
    oldest: date | None = None
    installment: int | None = None
    frequency: str | None = None
    next_due: date | None = None
    status: str = "open"
    is_absent: bool = False
    charged_off: date | None = None


@dataclass(frozen=True)
class Entry:
    """A payment. `dues` is the part of it that can pay dues. `booked` is the day of the core's echo of ours.

    `id` orders the payments of one day.
    """

    id: str
    amount: int
    dues: int
    effective: date
    posted: date
    is_core: bool
    booked: date | None = None
    reversal_posted: date | None = None
    reversal_is_core: bool = True
    reversal_effective: date | None = None


def contained(snapshot: Snapshot, posted: date, booked: date | None, *, is_core: bool) -> bool:
    """A snapshot contains core entries with posted_on <= its date and ours with posted_on < its date."""
    if is_core:
        return posted <= snapshot.on
    if booked is not None:
        return booked <= snapshot.on
    return posted < snapshot.on
