"""What the published states of an account mean for its promises and arrangements: payoff and charge-off.

Pure. The states seen are a set, each with its version: whatever order they came in, payoff and charge-off are the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.payments.domain.counting import Entry


@dataclass(frozen=True, slots=True)
class Seen:
    """One published state of the account: its version, its business date, and whether it was paid or charged off."""

    version: int
    business_date: date
    is_paid_off: bool
    is_charged_off: bool


def paid_off_on(seen: Iterable[Seen]) -> date | None:
    """The business date since which nothing is owed; None when something is."""
    since: date | None = None
    for state in sorted(seen, key=lambda one: one.version):
        if not state.is_paid_off:
            since = None
        elif since is None:
            since = state.business_date
    return since


def paid_off_by(entries: Iterable[Entry], balance_minor: int) -> date | None:
    """The effective date of the money that brought the balance to where it is, nothing owed; None when none did.

    Money counts for the day on which it is effective, so a payoff that arrives late is a payoff of its day.
    """
    owed = balance_minor
    for entry in sorted(entries, key=Entry.order, reverse=True):
        owed += entry.amount_minor
        if owed > 0:
            return entry.effective_on
    return None


def charged_off_on(seen: Iterable[Seen], *, made_at_version: int, made_charged_off: bool) -> date | None:
    """The business date of the first charge-off after version `made_at_version` of the account.

    What was made on an account that was charged off already is recovery, and stays.
    """
    if made_charged_off:
        return None
    later = [state for state in seen if state.is_charged_off and state.version > made_at_version]
    return min(later, key=lambda one: one.version).business_date if later else None
