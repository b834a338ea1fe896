"""What the newest published state of an account means for its promises and arrangements: what ended them, and payoffs.

Pure. A charge-off, a bankruptcy and a discharge end what is open on their day; all are dated, so it never matters
whether they arrive before or after the money of the days before them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

EndReason = Literal["charge_off", "bankruptcy", "discharge"]
_ENDING_RESTRICTIONS: Final[Mapping[str, EndReason]] = {"bankruptcy_stay": "bankruptcy", "discharged": "discharge"}


@dataclass(frozen=True, slots=True)
class End:
    """Cancels what is open at the close of this day."""

    on: date
    reason: EndReason


@dataclass(frozen=True, slots=True)
class Payoff:
    """A time with nothing owed: since a day, up to but not on the day when something was owed again; None: it lasts."""

    paid_off_on: date
    owed_again_on: date | None = None


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What ended the account's promises and arrangements, and the times in which nothing was owed."""

    ends: tuple[End, ...] = ()
    payoffs: tuple[Payoff, ...] = ()

    def paid_off_on(self, since: date) -> date | None:
        """The first day from `since` on with nothing owed: that of a payoff, or `since` within a time that ran."""
        days = [
            max(one.paid_off_on, since)
            for one in self.payoffs
            if one.paid_off_on >= since or one.owed_again_on is None or one.owed_again_on > since
        ]
        return min(days, default=None)


def account_facts(
    *,
    status: str,
    snapshot_on: date,
    charged_off_on: date | None,
    payoffs: Iterable[tuple[date, date | None]],
    doubted_from: date | None,
    ended_by: Iterable[tuple[str, date]],
) -> AccountFacts:
    """Read an account's state. `ended_by` are restrictions that have held, over or not: kinds with their first day.

    A state that does not say when it was charged off was so by its snapshot's date at the latest. `doubted_from` is the
    first day of money that has been taken back, and that the state still counts: payoffs since then may rest on it.
    """
    ends = [End(charged_off_on or snapshot_on, "charge_off")] if status == "charged_off" else []
    ends += [End(on, _ENDING_RESTRICTIONS[kind]) for kind, on in sorted(ended_by) if kind in _ENDING_RESTRICTIONS]
    told = [Payoff(*days) for days in payoffs]
    return AccountFacts(
        tuple(ends), tuple(one for one in told if doubted_from is None or one.paid_off_on < doubted_from)
    )
