"""`What the words mean`: **charged off** and **signs**, sentence by sentence."""

from typing import Any

from tests.integration.creditor_book import LOAN, Book

CHARGED_OFF: dict[str, Any] = {
    "status": "charged_off",
    "charged_off_on": "2026-03-09",
    "balance_minor": 80_000,
    "past_due_minor": 30_000,
    "oldest_unpaid_due_on": "2025-09-01",
}
SHARE: dict[str, Any] = {
    "product_class": "share_negative",
    "balance_minor": 12_300,
    "past_due_minor": 12_300,
    "oldest_unpaid_due_on": "2026-03-05",
    "frequency": "once",
    "installment_minor": None,
    "next_due_on": None,
}


async def test_charged_off_is_stage_recovery(book: Book) -> None:
    await book.take(**CHARGED_OFF)
    found = await book.account()
    assert (found["stage"], found["status"], found["queue"]) == ("recovery", "charged_off", "recovery")


async def test_balance_is_what_is_still_owed_and_past_due_equals_it(book: Book) -> None:
    await book.take(**CHARGED_OFF)
    assert await book.owes() == (80_000, 80_000, 190)  # 1 September to 10 March


async def test_nothing_falls_due_on_a_charged_off_account(book: Book) -> None:
    await book.take(**CHARGED_OFF)
    await book.open("2026-04-02")
    assert (await book.owes())[:2] == (80_000, 80_000)
    assert (await book.account())["next_due_on"] is None


async def test_days_past_due_run_on_after_the_charge_off(book: Book) -> None:
    await book.take(**CHARGED_OFF)
    await book.open("2026-04-02")
    assert (await book.owes())[2] == 213
    assert (await book.account())["bucket"] == "b180_plus"


async def test_part_payments_neither_re_age_nor_cure_a_charged_off_account(book: Book) -> None:
    await book.take(**CHARGED_OFF)
    await book.core_pays("R1", 79_999, "2026-03-11")
    found = await book.account()
    assert await book.owes() == (1, 1, 190)
    assert (found["stage"], found["oldest_unpaid_due_on"]) == ("recovery", "2025-09-01")
    assert book.published("account.cured") == []


async def test_at_zero_balance_a_charged_off_account_is_current_and_in_no_queue(book: Book) -> None:
    await book.take(**CHARGED_OFF)
    await book.core_pays("R1", 80_000, "2026-03-11")
    found = await book.account()
    assert await book.owes() == (0, 0, 0)
    assert (found["stage"], found["bucket"], found["queue"]) == ("current", "current", None)


async def test_amounts_are_what_is_owed(book: Book) -> None:
    await book.take(**SHARE)  # a share at -123.00, overdrawn since 5 March
    found = await book.account()
    assert await book.owes() == (12_300, 12_300, 5)
    assert (found["oldest_unpaid_due_on"], found["stage"]) == ("2026-03-05", "early")


async def test_a_deposit_that_covers_a_negative_share_cures_it(book: Book) -> None:
    await book.take(**SHARE)
    await book.core_pays("R1", 12_300, "2026-03-11")
    assert await book.owes() == (0, 0, 0)
    assert (await book.account())["queue"] is None


async def test_only_balance_may_be_negative_a_credit_with_nothing_past_due(book: Book) -> None:
    await book.take(balance_minor=-700, past_due_minor=0, oldest_unpaid_due_on=None)
    assert await book.owes() == (-700, 0, 0)
    await book.open("2026-04-02")
    assert await book.owes() == (-700, 0, 0)
    for column in ["past_due_minor", "installment_minor", "principal_minor", "fees_minor"]:
        counts = await book.send_file("2026-03-10", {**LOAN, "core_account_number": "L2", column: -1})
        assert counts["rejected"] == 1, column
