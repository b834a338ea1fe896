"""`What the words mean`: **snapshot row -> dues**, sentence by sentence."""

from typing import Any

import pytest

from tests.integration.creditor_book import LOAN, Book
from tests.integration.world import read

UNPAID: dict[str, Any] = {"past_due_minor": 0, "oldest_unpaid_due_on": None}


async def test_one_row_is_one_account_with_its_primary_party(book: Book) -> None:
    await book.take(given_name="Ada", family_name="Byron")
    found = read(await book.world.accounts.client.get(f"/v1/accounts/{book.id_of()}/overview"))
    assert [(party["role"], party["name"]) for party in found["parties"]] == [("primary", "Ada Byron")]


async def test_more_parties_come_in_ndjson(book: Book) -> None:
    joint = {"party_number": "P2", "role": "joint", "given_name": "Charles", "family_name": "Babbage"}
    await book.take(given_name="Ada", family_name="Byron", parties=[joint])
    found = read(await book.world.accounts.client.get(f"/v1/accounts/{book.id_of()}/overview"))
    assert sorted((party["role"], party["name"]) for party in found["parties"]) == [
        ("joint", "Charles Babbage"),
        ("primary", "Ada Byron"),
    ]


async def test_the_dues_fall_on_the_oldest_date_and_every_frequency_after_it_before_the_snapshots_date(
    book: Book,
) -> None:
    await book.take(past_due_minor=20_000, oldest_unpaid_due_on="2026-01-10", next_due_on="2026-03-10")
    # 10 March is the snapshot's own date: it is not among them.
    assert await book.dues() == [("2026-01-10", 10_000), ("2026-02-10", 10_000)]


async def test_each_due_is_installment_minor(book: Book) -> None:
    await book.take(past_due_minor=30_000, oldest_unpaid_due_on="2026-01-05", next_due_on="2026-04-05")
    assert await book.dues() == [("2026-01-05", 10_000), ("2026-02-05", 10_000), ("2026-03-05", 10_000)]


async def test_the_oldest_carries_what_is_left_of_a_part_payment(book: Book) -> None:
    await book.take(past_due_minor=23_000, oldest_unpaid_due_on="2026-01-05", next_due_on="2026-04-05")
    assert await book.dues() == [("2026-01-05", 3_000), ("2026-02-05", 10_000), ("2026-03-05", 10_000)]


@pytest.mark.parametrize("past_due", [35_000, 20_000])
async def test_where_that_does_not_fit_the_row_is_taken_with_a_warning_and_all_stands_at_the_oldest(
    book: Book, past_due: int
) -> None:
    counts = await book.take(past_due_minor=past_due, oldest_unpaid_due_on="2026-01-05", next_due_on="2026-04-05")
    assert await book.lines_of(counts, "warnings") == [(1, "past-due-misfit")]
    assert await book.dues() == [("2026-01-05", past_due)]


async def test_next_due_on_is_the_first_due_date_on_or_after_the_snapshots_date(book: Book) -> None:
    await book.take("2026-03-10", **UNPAID, next_due_on="2026-03-10")
    await book.open("2026-03-11")
    assert await book.dues() == [("2026-03-10", 10_000)]


async def test_an_earlier_next_due_on_moves_along_the_frequency_with_a_warning(book: Book) -> None:
    counts = await book.take("2026-03-10", **UNPAID, next_due_on="2026-01-20")
    assert await book.lines_of(counts, "warnings") == [(1, "next-due-on-before-snapshot")]
    assert (await book.account())["next_due_on"] == "2026-03-20"
    await book.open("2026-04-21")
    assert await book.dues() == [("2026-03-20", 10_000), ("2026-04-20", 10_000)]


async def test_without_next_due_on_the_past_due_dues_of_a_closed_end_loan_go_on_along_it(book: Book) -> None:
    await book.take(next_due_on=None)
    await book.open("2026-04-02")
    assert await book.dues() == [("2026-02-01", 10_000), ("2026-03-01", 10_000), ("2026-04-01", 10_000)]


@pytest.mark.parametrize("product", ["mortgage", "commercial"])
async def test_without_next_due_on_only_a_closed_end_loan_goes_on(book: Book, product: str) -> None:
    await book.take(next_due_on=None, product_class=product)
    await book.open("2026-04-02")
    assert await book.dues() == [("2026-02-01", 10_000), ("2026-03-01", 10_000)]


async def test_without_next_due_on_and_past_due_dues_nothing_falls_due(book: Book) -> None:
    await book.take(next_due_on=None, **UNPAID)
    await book.open("2026-06-02")
    assert await book.owes() == (100_000, 0, 0)


@pytest.mark.parametrize("product", ["closed_end_loan", "mortgage", "commercial"])
async def test_loans_mortgages_and_commercial_debts_fall_due_by_themselves(book: Book, product: str) -> None:
    await book.take(product_class=product)
    await book.open("2026-05-02")
    assert (await book.owes())[1] == 40_000  # February to May


@pytest.mark.parametrize("product", ["credit_card", "share_negative"])
async def test_cards_and_negative_shares_fall_due_with_the_next_snapshot(book: Book, product: str) -> None:
    await book.take(product_class=product)
    await book.open("2026-05-02")
    assert (await book.owes())[1] == 20_000
    await book.take("2026-05-02", product_class=product, past_due_minor=40_000)
    assert (await book.owes())[1] == 40_000


async def test_open_dues_never_exceed_the_balance_the_latest_are_cut(book: Book) -> None:
    await book.take(balance_minor=25_000)
    await book.open("2026-05-02")
    assert await book.dues() == [("2026-02-01", 10_000), ("2026-03-01", 10_000), ("2026-04-01", 5_000)]


async def test_the_day_of_the_month_is_the_larger_of_the_two_dates_days(book: Book) -> None:
    await book.take("2026-03-10", past_due_minor=20_000, oldest_unpaid_due_on="2026-01-28", next_due_on="2026-03-30")
    # 28 January, then the 30th: clipped to 28 February.
    assert await book.dues() == [("2026-01-28", 10_000), ("2026-02-28", 10_000)]
    await book.open("2026-05-01")
    assert (await book.dues())[2:] == [("2026-03-30", 10_000), ("2026-04-30", 10_000)]


async def test_the_31st_falls_on_the_last_day_of_a_shorter_month_and_comes_back(book: Book) -> None:
    await book.take("2026-01-15", **UNPAID, next_due_on="2026-01-31")
    await book.open("2026-06-01")
    days = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert await book.dues() == [(day, 10_000) for day in days]


async def test_the_31st_falls_on_29_february_in_a_leap_year(book: Book) -> None:
    await book.take("2024-01-15", **UNPAID, next_due_on="2024-01-31")
    await book.open("2024-04-01")
    assert [day for day, _ in await book.dues()] == ["2024-01-31", "2024-02-29", "2024-03-31"]


@pytest.mark.parametrize(
    ("first", "days"),
    [
        ("2026-01-05", ["2026-01-05", "2026-01-20", "2026-02-05", "2026-02-20", "2026-03-05"]),
        ("2026-01-20", ["2026-01-20", "2026-02-05", "2026-02-20", "2026-03-05"]),
        ("2026-01-14", ["2026-01-14", "2026-01-29", "2026-02-14", "2026-02-28"]),
    ],
)
async def test_semimonthly_is_d_and_d_plus_15(book: Book, first: str, days: list[str]) -> None:
    await book.take("2026-01-02", **UNPAID, next_due_on=first, frequency="semimonthly")
    await book.open("2026-03-10")
    assert [day for day, _ in await book.dues()] == days


@pytest.mark.parametrize(
    ("first", "days"),
    [
        ("2026-01-15", ["2026-01-15", "2026-01-31", "2026-02-15", "2026-02-28", "2026-03-15"]),
        ("2026-01-31", ["2026-01-31", "2026-02-15", "2026-02-28", "2026-03-15"]),
    ],
)
async def test_semimonthly_the_15th_pairs_with_month_end(book: Book, first: str, days: list[str]) -> None:
    await book.take("2026-01-02", **UNPAID, next_due_on=first, frequency="semimonthly")
    await book.open("2026-03-16")
    assert [day for day, _ in await book.dues()] == days


@pytest.mark.parametrize(
    ("frequency", "days"),
    [
        ("weekly", ["2026-03-14", "2026-03-21", "2026-03-28", "2026-04-04", "2026-04-11"]),
        ("biweekly", ["2026-03-14", "2026-03-28", "2026-04-11"]),
        ("monthly", ["2026-03-14"]),
        ("quarterly", ["2026-03-14"]),
        ("once", ["2026-03-14"]),
    ],
)
async def test_there_is_no_weekend_shift(book: Book, frequency: str, days: list[str]) -> None:
    await book.take(**UNPAID, next_due_on="2026-03-14", frequency=frequency)  # a Saturday
    await book.open("2026-04-13")
    assert [day for day, _ in await book.dues()] == days


async def test_past_due_minor_excludes_fees(book: Book) -> None:
    row: dict[str, Any] = {**LOAN, "principal_minor": 90_000, "interest_minor": 5_000, "fees_minor": 5_000}
    await book.send_file("2026-03-10", row)
    assert await book.owes() == (100_000, 20_000, 37)
    await book.core_pays("R1", 5_000, "2026-03-11", allocation=[{"component": "fees", "amount_minor": 5_000}])
    assert await book.owes() == (95_000, 20_000, 37)
