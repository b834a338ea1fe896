"""Disputes: their states, and when one stops the collection of its debt. Pure.

Whether it does follows from the rules in force for the creditor's role and the debt, not from the dispute alone: a
debt collector must cease on a written dispute (12 CFR 1006.38(d)(2)), a creditor need not.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from services.compliance.domain.checks.params import DisputeAbsent
from services.compliance.domain.rules import Rule

Status = Literal[
    "opened", "acknowledged", "investigating", "verified", "corrected", "deleted", "duplicative", "withdrawn"
]

CLOSED: Final[frozenset[Status]] = frozenset({"verified", "corrected", "deleted", "duplicative", "withdrawn"})
TRANSITIONS: Final[Mapping[Status, frozenset[Status]]] = {
    "opened": frozenset({"acknowledged", "investigating"}) | CLOSED,
    "acknowledged": frozenset({"investigating"}) | CLOSED,
    "investigating": CLOSED,
    **{each: frozenset[Status]() for each in sorted(CLOSED)},
}
"""Each next state of each state; what is closed stays so, and a new dispute is a new one."""


def holding_rule(rules: Iterable[Rule], *, kind: str, is_written: bool, is_whole: bool) -> Rule | None:
    """The first of the rules in force by which a dispute stops the collection of its debt, or None."""
    for rule in rules:
        params = rule.params
        if (
            isinstance(params, DisputeAbsent)
            and (not params.kinds or kind in params.kinds)
            and (is_written or not params.written_only)
            and (is_whole or not params.whole_only)
        ):
            return rule
    return None
