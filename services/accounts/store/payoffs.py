"""The times with nothing owed, as they stand on an account's row: two arrays of days, null without an arrangement.

With them stand the payments that were known to be reversed when they were told: whoever knows of another one can tell
that a time may rest on money that is gone.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.accounts.domain.turning_points import Payoff

Row = Mapping[str, Any]


def payoffs_of(row: Row) -> tuple[Payoff, ...] | None:
    """The times with nothing owed that an account's row states; None where it has no arrangement."""
    if row["paid_off_on"] is None:
        return None
    return tuple(Payoff(*days) for days in zip(row["paid_off_on"], row["owed_again_on"], strict=True))


def payoff_columns(payoffs: Sequence[Payoff] | None, reversed_payments: Sequence[UUID] = ()) -> dict[str, Any]:
    """The columns that state them."""
    return {
        "paid_off_on": None if payoffs is None else [each.paid_off_on for each in payoffs],
        "owed_again_on": None if payoffs is None else [each.owed_again_on for each in payoffs],
        "reversed_payments": list(reversed_payments) if payoffs else None,
    }
