"""All of an account's promises and arrangements together: windows, charge-off, activation, and illegal steps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from services.payments.domain.account_case import (
    AccountCase,
    IllegalTransitionError,
    check_arrangement_step,
    check_promise_step,
    judge_account,
)
from services.payments.domain.account_facts import AccountFacts, End, Payoff
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
    return Entry(on(day), on(day), NOON + timedelta(days=day, minutes=1), amount)


def case(
    *, promises: list[PromiseTerms] | None = None, plans: list[ArrangementTerms] | None = None, day: int = 0
) -> AccountCase:
    return AccountCase(promises or [], plans or [], [], AccountFacts(), on(day))


def charged_off(day: int) -> AccountFacts:
    return AccountFacts((End(on(day), "charge_off"),))


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


def test_a_charge_off_cancels_what_is_open_on_its_day_and_leaves_what_was_kept_or_broken() -> None:
    kept, broken, still_open = promise("kept"), promise("broken", due=1), promise("open", due=9)
    found = case(promises=[kept, broken, still_open], plans=[plan("plan", (9, 500))], day=3)
    verdict = judge_account(replace(found, entries=[pay(100, 2)], account=charged_off(2)))
    assert verdict.promises[key("broken")][1].status == "broken"
    assert verdict.promises[key("kept")][1].status == "kept"
    assert verdict.cancelled == {key("open"): "charge_off", key("plan"): "charge_off"}
    assert verdict.promises[key("open")][0].cancelled_on == on(2)


def test_money_effective_after_the_charge_off_keeps_nothing_that_was_open() -> None:
    verdict = judge_account(
        replace(case(promises=[promise("p")], day=3), entries=[pay(100, 3)], account=charged_off(2))
    )
    assert verdict.promises[key("p")][1].status == "cancelled"


def test_money_effective_on_the_day_of_the_charge_off_or_before_keeps_a_promise() -> None:
    found = replace(case(promises=[promise("p")], day=3), account=charged_off(2))
    assert {judge_account(replace(found, entries=[pay(100, day)])).promises[key("p")][1].status for day in (1, 2)} == {
        "kept"
    }


def test_what_is_made_after_the_charge_off_or_knowing_of_it_is_recovery_and_stays() -> None:
    later = promise("later", due=9, made=3)
    aware, unaware = promise("aware", due=9, made=2), promise("unaware", due=9, made=2)
    found = case(promises=[later, aware, unaware], day=3)
    verdict = judge_account(replace(found, account=charged_off(2), made_charged_off={key("aware")}))
    assert verdict.cancelled == {key("unaware"): "charge_off"}


def test_a_charge_off_dated_after_the_business_date_cancels_what_no_day_until_then_breaks() -> None:
    found = replace(case(promises=[promise("soon", due=3), promise("late", due=9)], day=2), account=charged_off(5))
    assert judge_account(found).cancelled == {key("late"): "charge_off"}
    assert judge_account(found).promises[key("soon")][1].status == "made"
    assert judge_account(replace(found, business_date=on(5))).promises[key("soon")][1].status == "broken"


def test_a_bankruptcy_cancels_as_a_charge_off_does() -> None:
    found = case(promises=[promise("p")], plans=[plan("plan", (9, 500))], day=3)
    verdict = judge_account(replace(found, account=AccountFacts((End(on(2), "bankruptcy"),))))
    assert verdict.cancelled == {key("p"): "bankruptcy", key("plan"): "bankruptcy"}


def test_a_payoff_by_the_day_of_the_charge_off_completes_an_arrangement_and_a_later_one_does_not() -> None:
    found = case(plans=[plan("plan", (9, 500))], day=4)
    facts = {day: replace(charged_off(2), payoffs=(Payoff(on(day)),)) for day in (2, 3)}
    states = {day: judge_account(replace(found, account=account)) for day, account in facts.items()}
    assert {day: one.arrangements[key("plan")][1].status for day, one in states.items()} == {
        2: "completed",
        3: "cancelled",
    }


def test_activation_cancels_open_promises_and_not_the_arrangement() -> None:
    found = case(promises=[promise("p")], plans=[plan("plan", (9, 500), made=1)], day=1)
    verdict = judge_account(replace(found, activations=[start(1)]))
    assert verdict.cancelled == {key("p"): "arrangement"}
    assert verdict.arrangements[key("plan")][1].status == "active"


def test_money_of_the_days_before_an_activation_keeps_a_promise_whenever_it_arrives() -> None:
    found = case(promises=[promise("p")], plans=[plan("plan", (9, 500), made=2)], day=3)
    of_day = {
        day: judge_account(replace(found, activations=[start(2)], entries=[pay(100, day)])).promises[key("p")][1].status
        for day in (1, 2)
    }
    assert of_day == {1: "kept", 2: "cancelled"}  # on the day itself it was booked a minute after the activation


def test_an_activation_cancels_no_promise_that_is_made_after_it() -> None:
    found = case(promises=[promise("p", made=2)], plans=[plan("plan", (9, 500), made=1)], day=3)
    assert judge_account(replace(found, activations=[start(1)])).cancelled == {}


def test_the_money_of_a_cancelled_promise_goes_to_the_others() -> None:
    first, second = promise("first", due=5), promise("second", due=9)
    gone = replace(first, cancelled_on=on(1))
    verdict = judge_account(replace(case(promises=[gone, second]), entries=[pay(100, 2)]))
    assert verdict.promises[key("second")][1].status == "kept"


def paid_off(*payoffs: tuple[int, int | None], made_on: int = 0) -> date | None:
    """When the payoffs of an account complete an arrangement made on a day."""
    times = [Payoff(on(since), None if again is None else on(again)) for since, again in payoffs]
    return AccountFacts(payoffs=tuple(times)).paid_off_on(on(made_on))


def test_a_payoff_before_the_arrangement_counts_from_its_start_while_nothing_is_owed() -> None:
    assert paid_off((-5, None)) == paid_off((-5, 1)) == on(0)
    assert paid_off((-5, 0)) is None
    assert paid_off((-5, 0), (4, 6), (8, None)) == on(4)
    found = replace(case(plans=[plan("plan", (9, 500))]), account=AccountFacts(payoffs=(Payoff(on(-5), on(2)),)))
    assert judge_account(found).arrangements[key("plan")][1].resolved_on == on(0)


def test_a_payoff_stays_one_when_something_is_owed_again_and_later_money_is_no_part_of_it() -> None:
    again = AccountFacts(payoffs=(Payoff(on(2), on(3)), Payoff(on(40))))
    money = [pay(300, 2), pay(100, 5)]
    found = replace(case(plans=[plan("plan", (9, 500))], day=60), entries=money, account=again)
    standing = judge_account(found).arrangements[key("plan")][1]
    assert (standing.status, standing.paid_minor, standing.resolved_on) == ("completed", 300, on(2))


def test_a_cancel_by_request_is_final_and_one_by_the_accounts_facts_is_judged_anew() -> None:
    asked = case(
        promises=[replace(promise("word"), cancelled_on=on(3))],
        plans=[replace(plan("plan", (9, 500)), cancelled_on=on(3))],
        day=4,
    )
    ended = replace(case(promises=[promise("word")], plans=[plan("plan", (9, 500))], day=4), account=charged_off(3))
    for one in (asked, ended):
        assert judged(one) == ("cancelled", "cancelled")
    money = [pay(500, 2)]
    assert judged(replace(asked, entries=money)) == ("cancelled", "cancelled")
    assert judged(replace(ended, entries=money)) == ("kept", "completed")
    assert judged(replace(asked, account=AccountFacts(payoffs=(Payoff(on(2)),)))) == ("cancelled", "cancelled")
    assert judged(replace(ended, account=AccountFacts())) == ("made", "active")  # the core has taken it back


def judged(one: AccountCase) -> tuple[str, str]:
    """The statuses of its promise and of its arrangement; the ways there from `cancelled` are legal."""
    found = judge_account(one)
    word, agreed = found.promises[key("word")][1].status, found.arrangements[key("plan")][1].status
    check_promise_step("cancelled", word)
    check_arrangement_step("cancelled", agreed)
    return word, agreed


def test_an_illegal_step_is_a_defect_and_raises() -> None:
    check_promise_step("kept", "made")
    check_arrangement_step("broken", "active")
    with pytest.raises(IllegalTransitionError):
        check_promise_step("broken", "made")
    with pytest.raises(IllegalTransitionError):
        check_arrangement_step("proposed", "broken")
