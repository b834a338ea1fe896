"""Authority: limits per role are data, a supervisor has none, and nobody approves their own proposal."""

from datetime import date, timedelta

from services.payments.domain.arrangement import Installment
from services.payments.domain.authority import AUTHORITY, check_approver, exceeded

DAY = date(2026, 1, 1)


def plan(total: int, count: int = 1, every: int = 30) -> list[Installment]:
    return [Installment(DAY + timedelta(days=every * k), total // count) for k in range(count)]


def over(roles: set[str], installments: list[Installment], tolerance: int = 0, grace: int = 0) -> tuple[str, ...]:
    return exceeded(roles, installments, tolerance_minor=tolerance, grace_days=grace)


def test_a_collector_agrees_alone_up_to_the_limits_of_the_role() -> None:
    limits = AUTHORITY["collector"]
    assert limits.total_minor is not None
    assert over({"collector"}, plan(limits.total_minor)) == ()
    assert over({"collector"}, plan(limits.total_minor + 1)) == ("total_minor",)
    assert over({"collector"}, plan(1300, 13, every=7)) == ("installments",)
    assert over({"collector"}, plan(200, 2, every=400)) == ("span_days",)
    assert over({"collector"}, plan(100_000), tolerance=501, grace=11) == ("tolerance_minor", "grace_days")


def test_a_senior_collector_has_higher_limits() -> None:
    assert over({"senior_collector"}, plan(2_000_000, 20)) == ()
    assert over({"collector", "senior_collector"}, plan(2_000_000, 20)) == ()


def test_a_supervisor_has_no_limits() -> None:
    assert over({"supervisor"}, plan(10**12, 300), tolerance=10**9, grace=365) == ()


def test_a_token_without_a_role_that_has_limits_agrees_to_nothing_alone() -> None:
    assert over(set(), plan(1)) == ("role",)
    assert over({"integrator"}, plan(1)) == ("role",)


def test_nobody_approves_their_own_proposal() -> None:
    refused = check_approver(proposed_by="ana", approver="ana")
    assert refused is not None
    assert refused.code == "same-person"
    assert check_approver(proposed_by="ana", approver="ben") is None
