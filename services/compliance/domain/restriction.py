"""Restrictions: their usual citations, and where one stands on a day. Pure; days are of the creditor's calendar."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, Literal

Status = Literal["placed", "active", "ended", "lifted"]

CITATIONS: Final[Mapping[str, str]] = {
    "bankruptcy_stay": "11 USC 362(a)(6)",
    "discharged": "11 USC 524(a)(2)",
    "deceased": "12 CFR 1006.6(a)(4)",
    "cease": "12 CFR 1006.6(c)(1)",
    "attorney": "12 CFR 1006.6(b)(2)",
    "dispute_hold": "12 CFR 1006.38(d)(2)",
    "scra": "50 USC 3901-4043",
    "identity_theft": "15 USC 1681m(f)",
    "litigation": "policy",
    "complaint_hold": "policy",
    "disaster": "policy",
    "hardship": "policy",
}
"""Where each kind is founded, unless whoever places it says more."""

STAY: Final = "bankruptcy_stay"
TRANSITIONS: Final[Mapping[Status, frozenset[Status]]] = {
    "placed": frozenset({"active", "lifted"}),
    "active": frozenset({"ended", "lifted"}),
    "ended": frozenset({"lifted"}),
    "lifted": frozenset(),
}
"""The day moves one from placed to active to ended; a person lifts it, once and for good."""


def status_on(today: date, *, effective_on: date, ends_on: date | None, lifted_at: datetime | None) -> Status:
    """Where a restriction stands: lifted, else by its first and last day."""
    if lifted_at is not None:
        return "lifted"
    if today < effective_on:
        return "placed"
    return "ended" if ends_on is not None and ends_on < today else "active"
