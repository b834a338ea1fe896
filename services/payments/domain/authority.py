"""Who may agree to what alone: limits per role as data. Within them an arrangement is active at once, else proposed.

The limits of a token are the most generous of its roles', each role judged whole. A token without a role that has
limits agrees to nothing alone. A promise is the consumer's own word and gives nothing away: it needs no authority.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.payments.domain.arrangement import Installment
from shared.errors import Refusal


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest values that a role agrees to alone; None is no limit. Money in minor units of the account."""

    total_minor: int | None = None
    installments: int | None = None
    span_days: int | None = None
    tolerance_minor: int | None = None
    grace_days: int | None = None


AUTHORITY: Final[Mapping[str, Limits]] = {
    "collector": Limits(total_minor=1_000_000, installments=12, span_days=366, tolerance_minor=500, grace_days=10),
    "senior_collector": Limits(
        total_minor=5_000_000, installments=36, span_days=1_100, tolerance_minor=5_000, grace_days=30
    ),
    "supervisor": Limits(),
}
"""The shipped limits, by role."""

APPROVERS: Final[frozenset[str]] = frozenset({"supervisor"})
"""The roles that approve what others proposed."""


def exceeded(
    roles: Iterable[str], installments: Sequence[Installment], *, tolerance_minor: int, grace_days: int
) -> tuple[str, ...]:
    """Name the limits that the terms exceed for the role that exceeds fewest; empty when one role allows all."""
    limits = [AUTHORITY[role] for role in roles if role in AUTHORITY]
    if not limits:
        return ("role",)
    asked = {
        "total_minor": sum(installment.amount_minor for installment in installments),
        "installments": len(installments),
        "span_days": (installments[-1].due_on - installments[0].due_on).days,
        "tolerance_minor": tolerance_minor,
        "grace_days": grace_days,
    }
    return min((_over(limit, asked) for limit in limits), key=len)


def check_approver(*, proposed_by: str, approver: str) -> Refusal | None:
    """Nobody approves their own proposal: `same-person`."""
    if proposed_by == approver:
        return Refusal("same-person", "Nobody approves their own proposal; another supervisor has to.")
    return None


def _over(limits: Limits, asked: Mapping[str, int]) -> tuple[str, ...]:
    allowed: Mapping[str, int | None] = {
        "total_minor": limits.total_minor,
        "installments": limits.installments,
        "span_days": limits.span_days,
        "tolerance_minor": limits.tolerance_minor,
        "grace_days": limits.grace_days,
    }
    return tuple(name for name, limit in allowed.items() if limit is not None and asked[name] > limit)
