"""What an account's state says of its promises and arrangements: what ended them, and payoff."""

from datetime import date
from typing import Any

from services.payments.domain.account_facts import AccountFacts, End, account_facts

CLOSE = date(2026, 3, 10)
DAY = date(2026, 3, 4)


def facts(**changes: Any) -> AccountFacts:
    state: dict[str, Any] = {
        "status": "open", "balance_minor": 500, "snapshot_on": CLOSE, "charged_off_on": None, "paid_off_on": None,
        "restrictions": (),
    }  # fmt: skip
    return account_facts(**(state | changes))


def test_an_open_account_that_owes_ends_nothing() -> None:
    assert facts() == AccountFacts()
    assert facts(restrictions=[("cease", DAY), ("dispute", DAY)]) == AccountFacts()


def test_a_charge_off_ends_on_its_day_or_where_none_is_known_on_its_snapshots() -> None:
    assert facts(status="charged_off", charged_off_on=DAY).ends == (End(DAY, "charge_off"),)
    assert facts(status="charged_off").ends == (End(CLOSE, "charge_off"),)
    assert facts(charged_off_on=DAY).ends == ()  # the core has taken it back


def test_bankruptcy_and_discharge_end_since_the_first_of_each() -> None:
    found = facts(restrictions=[("bankruptcy", CLOSE), ("discharge", CLOSE), ("bankruptcy", DAY), ("cease", DAY)])
    assert found.ends == (End(DAY, "bankruptcy"), End(CLOSE, "discharge"))


def test_nothing_owed_is_a_payoff_of_its_day_or_where_none_is_known_of_its_snapshots() -> None:
    assert facts(balance_minor=0, paid_off_on=DAY).paid_off_on == DAY
    assert facts(balance_minor=-5).paid_off_on == CLOSE
    assert facts(paid_off_on=DAY).paid_off_on is None
