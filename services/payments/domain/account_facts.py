"""What the newest published state of an account means for its promises and arrangements: what ended them, and payoff.

Pure. A charge-off, a bankruptcy and a discharge end what is open on their day; all are dated, so it never matters
whether they arrive before or after the money of the days before them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

EndReason = Literal["charge_off", "bankruptcy", "discharge"]
_ENDING_RESTRICTIONS: Final[frozenset[EndReason]] = frozenset({"bankruptcy", "discharge"})


@dataclass(frozen=True, slots=True)
class End:
    """Cancels what is open at the close of this day."""

    on: date
    reason: EndReason


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What ended the account's promises and arrangements, and since when nothing is owed (null: something is)."""

    ends: tuple[End, ...] = ()
    paid_off_on: date | None = None


def account_facts(
    *,
    status: str,
    balance_minor: int,
    snapshot_on: date,
    charged_off_on: date | None,
    paid_off_on: date | None,
    restrictions: Iterable[tuple[str, date]],
) -> AccountFacts:
    """Read an account's state. `restrictions` are kinds with the day since when; amounts are minor units.

    A state that does not say when it was charged or paid off was so by its snapshot's date at the latest.
    """
    ends = [End(charged_off_on or snapshot_on, "charge_off")] if status == "charged_off" else []
    since = dict(sorted(restrictions, reverse=True))  # of one kind, the first
    ends += [End(since[kind], kind) for kind in sorted(_ENDING_RESTRICTIONS) if kind in since]
    return AccountFacts(tuple(ends), (paid_off_on or snapshot_on) if balance_minor <= 0 else None)
