"""Orders of arrival that once mattered, each found by the random ones: the same facts, told in both orders."""

import pytest

from tests.integration.creditor_book import LOAN, Book


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
