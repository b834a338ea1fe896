"""Orders of arrival that once mattered, each found by the random ones: the same facts, told in both orders."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from tests.integration.creditor_book import LOAN, Book
from tests.integration.world import read


@pytest.mark.parametrize("first", ["A", "B"])
async def test_of_two_payments_of_one_day_the_one_that_paid_the_older_due_is_the_same_in_any_order(
    book: Book, first: str
) -> None:
    await book.take("2026-03-10")
    for ref in [first, "B" if first == "A" else "A"]:
        await book.core_pays(ref, 10_000, "2026-03-11")  # by their references, A paid 1 February and B 1 March
    await book.take("2026-03-11", balance_minor=80_000, past_due_minor=0, oldest_unpaid_due_on=None)
    await book.core_pays("B-back", 10_000, "2026-03-12", reversal_of="B", reason="nsf")
    assert await book.dues() == [("2026-03-01", 10_000)]


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_complete_file_rules_over_an_earlier_row_that_arrives_after_it(book: Book, is_late: bool) -> None:
    others = [{**LOAN, "core_account_number": f"N{n}"} for n in range(10)]
    await book.send_file("2026-03-10", LOAN, *others)
    await book.send_file("2026-03-11", *others, complete=True)
    if not is_late:
        await book.take("2026-03-12")
    await book.send_file("2026-03-13", *others, complete=True)
    if is_late:
        await book.take("2026-03-12")
    assert await book.owes() == (100_000, 0, 0)


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_payoff_in_time_completes_an_arrangement_whenever_it_arrives(book: Book, is_late: bool) -> None:
    await book.take("2026-03-10", balance_minor=30_000)
    made = await book.arrange(("2026-03-12", 20_000), ("2026-03-20", 20_000))
    if not is_late:
        await book.core_pays("R1", 30_000, "2026-03-12")
    await book.open("2026-03-22")
    if is_late:
        await book.core_pays("R1", 30_000, "2026-03-12")
    assert (await book.arrangement_of(made))["status"] == "completed"


OWES: dict[str, Any] = {"balance_minor": 30_000}
NOTHING: dict[str, Any] = {"balance_minor": 0, "past_due_minor": 0, "oldest_unpaid_due_on": None}


@pytest.mark.parametrize("has_passed", [False, True])
async def test_a_payoff_before_an_arrangement_was_made_that_arrives_late_completes_it_on_its_first_day(
    book: Book, has_passed: bool
) -> None:
    await book.take("2026-03-10", **OWES)
    made = await book.arrange(("2026-03-12", 20_000), ("2026-03-20", 20_000))
    if has_passed:
        await book.open("2026-03-22")
        assert (await book.arrangement_of(made))["status"] == "broken"
    await book.core_pays("R1", 30_000, "2026-03-09", posted_on="2026-03-11")
    found = await book.arrangement_of(made)
    assert (found["status"], found["resolved_on"]) == ("completed", "2026-03-10")


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_promise_reached_in_time_is_kept_whether_the_money_or_the_charge_off_comes_first(
    book: Book, is_late: bool
) -> None:
    await book.take()
    made = await book.promise(10_000, "2026-03-20")
    charge_off: dict[str, Any] = {"status": "charged_off", "charged_off_on": "2026-03-15", "balance_minor": 90_000}
    if not is_late:
        await book.core_pays("R1", 10_000, "2026-03-14")
    await book.take("2026-03-15", **charge_off)
    if is_late:
        assert (await book.promise_of(made))["status"] == "cancelled"
        await book.core_pays("R1", 10_000, "2026-03-14")
    await book.open("2026-03-25")
    assert (await book.promise_of(made))["status"] == "kept"


@pytest.mark.parametrize("order", ["as it was", "the money late", "the payoff's snapshot late", "the new debt first"])
async def test_an_arrangement_on_a_card_that_is_paid_off_and_used_again_stays_completed(book: Book, order: str) -> None:
    card: dict[str, Any] = {
        "product_class": "credit_card",
        "installment_minor": None,
        "frequency": None,
        "next_due_on": None,
    }
    again: dict[str, Any] = {**card, "balance_minor": 4_000, "past_due_minor": 0, "oldest_unpaid_due_on": None}
    await book.take("2026-03-10", **card, **OWES)
    made = await book.arrange(("2026-03-12", 10_000), ("2026-03-20", 20_000), ("2026-03-28", 5_000))
    told: dict[str, Callable[[], Awaitable[Any]]] = {
        "money": lambda: book.core_pays("R1", 30_000, "2026-03-12"),
        "paid off": lambda: book.take("2026-03-13", **card, **NOTHING),
        "used again": lambda: book.take("2026-03-17", **again),
    }
    for step in {
        "as it was": ["money", "paid off", "used again"],
        "the money late": ["paid off", "used again", "money"],
        "the payoff's snapshot late": ["money", "used again", "paid off"],
        "the new debt first": ["used again", "paid off", "money"],
    }[order]:
        await told[step]()
    for day in ["2026-03-22", "2026-03-30"]:
        await book.open(day)
        found = await book.arrangement_of(made)
        assert (found["status"], found["resolved_on"]) == ("completed", "2026-03-12")
    assert (await book.owes())[0] == 4_000


async def test_interest_of_the_days_before_a_payoff_does_not_take_it_back(book: Book) -> None:
    await book.take("2026-03-10", **OWES)
    made = await book.arrange(("2026-03-12", 10_000), ("2026-03-20", 25_000))
    await book.core_pays("R1", 30_000, "2026-03-11")
    await book.take("2026-03-11", **(OWES | NOTHING | {"balance_minor": 137}))
    await book.open("2026-03-25")
    assert (await book.arrangement_of(made))["status"] == "completed"


@pytest.mark.parametrize("is_on_top", [True, False])
async def test_a_payoff_that_is_returned_was_none_though_a_snapshot_held_it(book: Book, is_on_top: bool) -> None:
    await book.take("2026-03-10", **OWES)
    made = await book.arrange(("2026-03-12", 10_000), ("2026-03-20", 20_000))
    await book.core_pays("R1", 30_000, "2026-03-11")
    await book.take("2026-03-11", **NOTHING)
    assert (await book.arrangement_of(made))["status"] == "completed"
    await book.core_pays("R1-back", 30_000, "2026-03-11", posted_on="2026-03-14", reversal_of="R1", reason="nsf")
    if not is_on_top:
        await book.take("2026-03-14", **OWES)
    assert (await book.arrangement_of(made))["status"] == "active"
    await book.open("2026-03-25")
    assert (await book.arrangement_of(made))["status"] == "broken"


@pytest.mark.parametrize("seed", range(40))
async def test_once_the_money_that_paid_it_off_went_back_no_arrangement_is_said_to_be_completed(
    book: Book, seed: int
) -> None:
    world, chance = book.world, Random(seed)
    await book.take("2026-03-10", **OWES)
    made = await book.arrange(("2026-03-12", 20_000), ("2026-03-20", 20_000))  # more than is owed
    await book.open("2026-03-12")  # so that the snapshot holds the payments, and no return of them
    payments = [read(await book.try_pay(amount, posted_on="2026-03-10")) for amount in (10_000, 20_000)]
    close = {**LOAN, **NOTHING, "creditor_id": str(book.creditor_id), "business_date": "2026-03-11"}
    arrivals = [world.feed("core.account.snapshot", close)] if chance.random() < 0.7 else []
    for _ in range(chance.randint(1, 6)):
        world.send([arrivals.pop()] if arrivals and chance.random() < 0.3 else [])
        await world.step(chance)
    await world.collect()
    told = len(book.published("arrangement.completed"))
    back = {"reason": "nsf", "effective_on": "2026-03-11"}
    read(await book.post(f"/v1/payments/{chance.choice(payments)['payment_id']}/reversals", back))
    world.send(arrivals)
    for _ in range(chance.randint(1, 6)):
        await world.step(chance)
    await book.settle()
    assert len(book.published("arrangement.completed")) == told
    assert (await book.arrangement_of(made))["status"] == "active"
