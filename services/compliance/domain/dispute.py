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
_WORKED_ON: Final[frozenset[Status]] = frozenset({"investigating"})
_BEGUN: Final[frozenset[Status]] = frozenset({"acknowledged", "investigating"})
_NOTHING: Final[frozenset[Status]] = frozenset()
TRANSITIONS: Final[Mapping[Status, frozenset[Status]]] = {
    "opened": _BEGUN | CLOSED,
    "acknowledged": _WORKED_ON | CLOSED,
    "investigating": CLOSED,
    **dict.fromkeys(CLOSED, _NOTHING),
}
"""Each next state of each state; what is closed stays so, and a new dispute is a new one."""


def holding_rule(rules: Iterable[Rule], *, kind: str, is_written: bool, is_whole: bool) -> Rule | None:
    """The first of the rules in force by which a dispute stops the collection of its debt, or None."""
    for rule in rules:
        params = rule.params
        if (
            isinstance(params, DisputeAbsent)
            and rule.effect == "prohibit"
            and (not params.kinds or kind in params.kinds)
            and (is_written or not params.written_only)
            and (is_whole or not params.whole_only)
        ):
            return rule
    return None
