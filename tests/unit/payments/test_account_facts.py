"""What an account's state says of its promises and arrangements: what ended them, and payoffs."""

from datetime import date
from typing import Any

from services.payments.domain.account_facts import AccountFacts, End, Payoff, account_facts

CLOSE = date(2026, 3, 10)
DAY = date(2026, 3, 4)


def facts(**changes: Any) -> AccountFacts:
    state: dict[str, Any] = {
        "status": "open", "snapshot_on": CLOSE, "charged_off_on": None, "payoffs": (), "doubted_from": None,
        "ended_by": (),
    }  # fmt: skip
    return account_facts(**(state | changes))


def test_an_open_account_ends_nothing() -> None:
    assert facts() == AccountFacts()
    assert facts(ended_by=[("cease", DAY), ("dispute", DAY)]) == AccountFacts()


def test_a_charge_off_ends_on_its_day_or_where_none_is_known_on_its_snapshots() -> None:
    assert facts(status="charged_off", charged_off_on=DAY).ends == (End(DAY, "charge_off"),)
    assert facts(status="charged_off").ends == (End(CLOSE, "charge_off"),)
    assert facts(charged_off_on=DAY).ends == ()  # the core has taken it back


def test_every_bankruptcy_and_discharge_ends_on_its_first_day() -> None:
    found = facts(
        ended_by=[("bankruptcy_stay", CLOSE), ("discharged", CLOSE), ("bankruptcy_stay", DAY), ("cease", DAY)]
    )
    assert found.ends == (End(DAY, "bankruptcy"), End(CLOSE, "bankruptcy"), End(CLOSE, "discharge"))


def test_payoffs_are_as_stated_and_none_that_may_rest_on_money_that_was_taken_back() -> None:
    told = [(DAY, CLOSE), (CLOSE, None)]
    assert facts(payoffs=told).payoffs == (Payoff(DAY, CLOSE), Payoff(CLOSE))
    assert facts(payoffs=told, doubted_from=CLOSE).payoffs == (Payoff(DAY, CLOSE),)
    assert facts(payoffs=told, doubted_from=DAY).payoffs == ()
