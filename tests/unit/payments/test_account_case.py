"""All of an account's promises and arrangements together: windows, charge-off, activation, and illegal steps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from services.payments.domain.account_case import (
    AccountCase,
    Activation,
    Baseline,
    IllegalTransitionError,
    check_arrangement_step,
    check_promise_step,
    judge_account,
)
from services.payments.domain.account_facts import Seen
from services.payments.domain.arrangement import ArrangementTerms, Installment
from services.payments.domain.counting import Entry, Start
from services.payments.domain.promise import PromiseTerms

DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPACE = UUID("5f9a3a1e-0000-7000-8000-000000000000")


def on(days: int) -> date:
    return DAY + timedelta(days=days)


def start(day: int) -> Start:
    return Start(on(day), NOON + timedelta(days=day))


def key(name: str) -> UUID:
    return uuid5(SPACE, name)


def promise(name: str, amount: int = 100, due: int = 5, made: int = 0) -> PromiseTerms:
    return PromiseTerms(key(name), amount, on(due), start(made))


def plan(name: str, *rows: tuple[int, int], made: int = 0, approved: bool = True) -> ArrangementTerms:
    installments = tuple(Installment(on(day), amount) for day, amount in rows)
    return ArrangementTerms(key(name), installments, start(made), is_approved=approved)


def pay(amount: int, day: int) -> Entry:
    return Entry(key(f"{amount}/{day}"), amount, on(day), on(day), NOON + timedelta(days=day, minutes=1))


def case(
    *, promises: list[PromiseTerms] | None = None, plans: list[ArrangementTerms] | None = None, day: int = 0
) -> AccountCase:
    ids = [one.promise_id for one in promises or []] + [one.arrangement_id for one in plans or []]
    baselines = {one: Baseline(1, was_charged_off=False) for one in ids}
    return AccountCase(promises or [], plans or [], baselines, [], [], on(day))


CHARGED_OFF = Seen(2, on(1), is_paid_off=False, is_charged_off=True)


def test_each_arrangements_window_ends_where_the_next_one_starts() -> None:
    older, newer = plan("older", (5, 100)), plan("newer", (20, 100), made=10)
    verdict = judge_account(replace(case(plans=[newer, older], day=10), entries=[pay(100, 12), pay(100, 5)]))
    assert verdict.arrangements[key("older")][0].superseded_by == newer.start
    assert [verdict.arrangements[key(name)][1].paid_minor for name in ("older", "newer")] == [100, 100]


def test_a_proposal_cancelled_before_approval_ends_no_window() -> None:
    older = plan("older", (5, 100))
    proposal = replace(plan("newer", (20, 100), made=10, approved=False), cancelled_on=on(11))
    verdict = judge_account(case(plans=[older, proposal], day=12))
    assert verdict.arrangements[key("older")][0].superseded_by is None


def test_a_charge_off_cancels_what_is_open_and_leaves_what_was_kept_or_broken() -> None:
    kept, broken, still_open = promise("kept"), promise("broken", due=1), promise("open", due=9)
    found = case(promises=[kept, broken, still_open], plans=[plan("plan", (9, 500))], day=3)
    verdict = judge_account(replace(found, entries=[pay(100, 2)], seen=[CHARGED_OFF]))
    assert verdict.promises[key("kept")][1].status == "kept"
    assert verdict.promises[key("broken")][1].status == "broken"
    assert verdict.cancelled == {key("open"): "charge_off", key("plan"): "charge_off"}
    assert verdict.promises[key("open")][0].cancelled_on == on(1)


def test_activation_cancels_open_promises_and_not_the_arrangement() -> None:
    found = case(promises=[promise("p")], plans=[plan("plan", (9, 500))])
    verdict = judge_account(replace(found, activation=Activation(key("plan"), on(0))))
    assert verdict.cancelled == {key("p"): "arrangement"}
    assert verdict.arrangements[key("plan")][1].status == "active"


def test_without_an_activation_in_this_step_an_active_arrangement_cancels_no_promise() -> None:
    assert judge_account(case(promises=[promise("p")], plans=[plan("plan", (9, 500))])).cancelled == {}


def test_the_money_of_a_cancelled_promise_goes_to_the_others() -> None:
    first, second = promise("first", due=5), promise("second", due=9)
    gone = replace(first, cancelled_on=on(1))
    verdict = judge_account(replace(case(promises=[gone, second]), entries=[pay(100, 2)]))
    assert verdict.promises[key("second")][1].status == "kept"


def test_a_payoff_before_the_arrangement_counts_from_its_start() -> None:
    paid_off = Seen(1, on(-5), is_paid_off=True, is_charged_off=False)
    verdict = judge_account(replace(case(plans=[plan("plan", (9, 500))]), seen=[paid_off]))
    assert verdict.arrangements[key("plan")][1].resolved_on == on(0)


def test_an_illegal_step_is_a_defect_and_raises() -> None:
    check_promise_step("kept", "made")
    check_arrangement_step("broken", "active")
    with pytest.raises(IllegalTransitionError):
        check_promise_step("cancelled", "made")
    with pytest.raises(IllegalTransitionError):
        check_arrangement_step("proposed", "broken")
