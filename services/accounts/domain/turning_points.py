"""Since when an account is charged off, and since when nothing is owed: promises and arrangements are judged by it.

Pure, and dated by the money and the snapshots themselves, never by when they arrived. Amounts are minor units.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.accounts.domain.dues import Snapshot
from services.accounts.domain.ledger import Entry, Reversal


@dataclass(frozen=True, slots=True)
class Owed:
    """The last snapshot that says that something is owed."""

    on: date
    balance_minor: int


def charged_off_on(snapshot: Snapshot, first_so: date | None) -> date | None:
    """The day of the charge-off that stands: as the core states it, else `first_so`, of the first snapshot so.

    None while the account is not charged off: an earlier charge-off that the core has taken back does not count.
    """
    if snapshot.status != "charged_off":
        return None
    stated = snapshot.charged_off_on
    return stated if stated is not None and stated <= snapshot.business_date else first_so or snapshot.business_date


def paid_off_on(
    owed: Owed | None, settled_on: date | None, entries: Iterable[Entry], reversals: Mapping[UUID, Reversal]
) -> date | None:
    """The day since which nothing is owed, for an account on which nothing is.

    Args:
        owed: The last snapshot that says otherwise; None when none does.
        settled_on: The date of the first snapshot after it.
        entries: At least all that `owed` does not contain, and all that were returned on top of it.
        reversals: By payment id.
    """
    if owed is None:
        return settled_on
    left, money = owed.balance_minor, []
    for entry in entries:
        if entry.booking.contained_on > owed.on:
            if entry.payment_id not in reversals:
                money.append((entry.effective_on, entry.amount_minor))
        elif entry.payment_id in reversals and reversals[entry.payment_id].booking.contained_on > owed.on:
            left += entry.amount_minor
    for effective_on, amount_minor in sorted(money):
        left -= amount_minor
        if left <= 0:
            return min(effective_on, settled_on or effective_on)
    return settled_on
