"""The times with nothing owed, as they stand on an account's row: two arrays of days, null without an arrangement."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.accounts.domain.turning_points import Payoff

Row = Mapping[str, Any]


def payoffs_of(row: Row) -> tuple[Payoff, ...] | None:
    """The times with nothing owed that an account's row states; None where it has no arrangement."""
    if row["paid_off_on"] is None:
        return None
    return tuple(Payoff(*days) for days in zip(row["paid_off_on"], row["owed_again_on"], strict=True))


def payoff_columns(payoffs: Sequence[Payoff] | None) -> dict[str, list[date | None] | None]:
    """The columns that state them."""
    names = ("paid_off_on", "owed_again_on")
    return {name: None if payoffs is None else [getattr(each, name) for each in payoffs] for name in names}
