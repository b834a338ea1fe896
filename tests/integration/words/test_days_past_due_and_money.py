"""`What the words mean`: **days past due** and **money on an account**, sentence by sentence.

"... it is posted and flagged for review" is tested with the restrictions themselves, which come with compliance.
"""

from typing import Any

import pytest

from tests.integration.creditor_book import Book, refused_with
from tests.integration.world import read


def _lines(**amounts: int) -> list[dict[str, object]]:
    return [{"component": component, "amount_minor": amount} for component, amount in amounts.items()]


async def test_days_past_due_is_business_date_minus_the_oldest_due_date_not_fully_paid(book: Book) -> None:
    await book.take()
    await book.core_pays("R1", 9_999, "2026-03-11")
    assert await book.owes() == (90_001, 10_001, 37)  # 1 cent of 1 February is open
    await book.core_pays("R2", 1, "2026-03-11")
    assert await book.owes() == (90_000, 10_000, 9)


async def test_a_due_is_past_due_from_the_day_after_and_ignored_on_its_day(book: Book) -> None:
    await book.take(past_due_minor=0, oldest_unpaid_due_on=None, next_due_on="2026-03-12")
    await book.open("2026-03-12")
    today = await book.account()
    assert (today["past_due_minor"], today["oldest_unpaid_due_on"], today["days_past_due"]) == (0, None, 0)
    await book.open("2026-03-13")
    tomorrow = await book.account()
    assert (tomorrow["past_due_minor"], tomorrow["oldest_unpaid_due_on"]) == (10_000, "2026-03-12")
    assert tomorrow["days_past_due"] == 1


async def test_buckets_and_stages_begin_on_their_days(book: Book) -> None:
    await book.take("2026-01-01", past_due_minor=0, oldest_unpaid_due_on=None, next_due_on="2026-01-01",
                    frequency="once")  # fmt: skip
    found = []
    for day in ["01-01", "01-02", "01-30", "01-31", "03-01", "03-02", "03-31", "04-01", "04-30", "05-01", "05-30",
                "05-31", "06-29", "06-30"]:  # fmt: skip
        await book.open(f"2026-{day}")
        account = await book.account()
        found.append((account["days_past_due"], account["bucket"], account["stage"]))
    assert found == [
        (0, "current", "current"),
        (1, "b1_29", "early"),
        (29, "b1_29", "early"),
        (30, "b30_59", "mid"),
        (59, "b30_59", "mid"),
        (60, "b60_89", "late"),
        (89, "b60_89", "late"),
        (90, "b90_119", "pre_charge_off"),
        (119, "b90_119", "pre_charge_off"),
        (120, "b120_149", "pre_charge_off"),
        (149, "b120_149", "pre_charge_off"),
        (150, "b150_179", "pre_charge_off"),
        (179, "b150_179", "pre_charge_off"),
        (180, "b180_plus", "pre_charge_off"),
    ]


async def test_stages_of_a_negative_share_begin_on_days_1_15_30_45(book: Book) -> None:
    await book.take("2026-01-02", product_class="share_negative", balance_minor=12_300, past_due_minor=12_300,
                    oldest_unpaid_due_on="2026-01-01", frequency="once", next_due_on=None,
                    installment_minor=None)  # fmt: skip
    found = [(await book.account())["stage"]]
    for day in ["01-15", "01-16", "01-30", "01-31", "02-14", "02-15"]:
        await book.open(f"2026-{day}")
        found.append((await book.account())["stage"])
    assert found == ["early", "early", "mid", "mid", "late", "late", "pre_charge_off"]


async def test_where_stages_begin_is_data_per_creditor_and_product(book: Book) -> None:
    stages = {"early": 5, "mid": 20, "late": 38, "pre_charge_off": 50}
    path = f"/v1/creditors/{book.creditor_id}/aging-policies/closed_end_loan"
    read(await book.world.accounts.client.put(path, json={"stages": stages}))
    await book.take()
    assert (await book.account())["stage"] == "mid"  # 37 days
    await book.open("2026-03-11")
    assert (await book.account())["stage"] == "late"
    await book.take("2026-03-11", core_account_number="L2", product_class="mortgage")
    assert (await book.account("L2"))["stage"] == "mid"  # the shipped 30


async def test_every_amount_lowers_the_balance(book: Book) -> None:
    await book.take()
    owed = 100_000
    for component in ["interest", "principal", "principal_only", "fees", "costs", "escrow"]:
        await book.pay(1_000, allocation=_lines(**{component: 1_000}))
        owed -= 1_000
        assert (await book.owes())[0] == owed


async def test_below_zero_is_a_credit(book: Book) -> None:
    await book.take()
    await book.core_pays("R1", 100_500, "2026-03-11")
    assert await book.owes() == (-500, 0, 0)


async def test_it_pays_dues_oldest_first(book: Book) -> None:
    await book.take()
    await book.core_pays("R1", 12_000, "2026-03-11")
    assert await book.dues() == [("2026-03-01", 8_000)]


async def test_surplus_pays_later_dues_as_they_come(book: Book) -> None:
    await book.take()
    await book.core_pays("R1", 35_000, "2026-03-11")  # both dues, April's, and half of May's
    assert await book.owes() == (65_000, 0, 0)
    await book.open("2026-04-02")
    assert await book.owes() == (65_000, 0, 0)
    await book.open("2026-05-02")
    assert await book.owes() == (65_000, 5_000, 1)


async def test_surplus_of_principal_only_pays_no_due(book: Book) -> None:
    await book.take()
    await book.core_pays(
        "R1", 35_000, "2026-03-11", allocation=_lines(interest=1_000, principal=19_000, principal_only=15_000)
    )
    assert await book.owes() == (65_000, 0, 0)
    await book.open("2026-04-02")
    assert await book.owes() == (65_000, 10_000, 1)


@pytest.mark.parametrize(
    ("owed", "amount", "lines"),
    [
        ({}, 12_345, [("principal", 12_345)]),
        ({"principal_minor": 90_000, "interest_minor": 7_000, "fees_minor": 3_000}, 12_345,
         [("interest", 7_000), ("principal", 5_345)]),
        ({"principal_minor": 90_000, "interest_minor": 7_000, "fees_minor": 3_000}, 101_000,
         [("interest", 7_000), ("principal", 91_000), ("fees", 3_000)]),
    ],
)  # fmt: skip
async def test_allocation_sums_to_the_payment(
    book: Book, owed: dict[str, Any], amount: int, lines: list[tuple[str, int]]
) -> None:
    await book.take(**owed)
    made = await book.pay(amount)
    assert [(line["component"], line["amount_minor"]) for line in made["allocation"]] == lines
    refusal = await book.try_pay(1_000, allocation=_lines(interest=999))
    assert refused_with(refusal) == (422, "allocation-mismatch")


@pytest.mark.parametrize("component", ["principal_only", "fees", "costs"])
async def test_components_other_than_interest_principal_and_escrow_never_affect_days_past_due(
    book: Book, component: str
) -> None:
    await book.take()
    await book.pay(20_000, allocation=_lines(**{component: 20_000}))
    assert await book.owes() == (80_000, 20_000, 37)


@pytest.mark.parametrize("component", ["interest", "principal", "escrow"])
async def test_interest_principal_and_escrow_pay_dues(book: Book, component: str) -> None:
    await book.take()
    await book.pay(10_000, allocation=_lines(**{component: 10_000}))
    assert await book.owes() == (90_000, 10_000, 9)


async def test_unapplied_minor_is_only_money_for_an_unknown_account(book: Book) -> None:
    await book.take()
    assert (await book.pay(150_000))["unapplied_minor"] == 0  # more than is owed is a credit, not unapplied
    held = read(await book.try_pay(4_000, account_id=None, creditor_id=str(book.creditor_id), core_account_number="L9"))
    assert (held["status"], held["unapplied_minor"]) == ("unapplied", 4_000)
    refusal = await book.try_pay(4_000, account_id=book.id_of("L9"))
    assert refused_with(refusal) == (404, "account-unknown")


async def test_no_restriction_ever_stops_incoming_money(book: Book) -> None:
    await book.take()
    async with book.world.accounts.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE account SET restrictions = ARRAY['cease'], restricted_since = ARRAY[DATE '2026-03-01']"
            f" WHERE account_id = '{book.id_of()}'"
        )
    await book.core_pays("R1", 10_000, "2026-03-11")
    await book.pay(5_000)
    assert await book.owes() == (85_000, 5_000, 9)


async def test_effective_on_after_both_the_business_date_and_today_is_refused(book: Book) -> None:
    await book.take()
    assert refused_with(await book.try_pay(1_000, "2199-01-01")) == (422, "effective-date-in-future")


async def test_a_source_ref_never_posts_twice(book: Book) -> None:
    await book.take()
    first = await book.pay(10_000, source_ref="S1")
    assert (await book.pay(10_000, source_ref="S1"))["payment_id"] == first["payment_id"]
    assert refused_with(await book.try_pay(10_001, source_ref="S1")) == (409, "source-ref-conflict")
    assert (await book.owes())[0] == 90_000


async def test_a_reversal_unwinds_exactly_and_a_second_changes_nothing(book: Book) -> None:
    await book.take()
    made = await book.pay(15_000)
    assert await book.owes() == (85_000, 5_000, 9)
    first = await book.take_back(made, "2026-03-10")
    second = await book.take_back(made, "2026-03-11", reason="error")
    assert second["reversal_id"] == first["reversal_id"]
    assert await book.owes() == (100_000, 20_000, 37)
