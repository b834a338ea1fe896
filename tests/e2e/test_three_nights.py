"""The nightly order over three business dates: publish payments, import the close of D, open the next date."""

from tests.e2e.bank import LOAN, Bank

CURRENT = LOAN | {"past_due_minor": 0, "oldest_unpaid_due_on": None, "next_due_on": "2026-02-02"}
PAYER = LOAN | {"core_account_number": "L-2"}


async def test_a_loan_falls_due_by_itself_and_no_payment_counts_twice_over_three_nights(bank: Bank) -> None:
    await bank.import_close("2026-01-31", CURRENT, PAYER)
    assert await bank.open_date("2026-02-01") | {"scanned": 0} == _night(bank, "2026-02-01")

    # The first night: the due of the second is not past due on its day.
    await bank.publish_payments(bank.payment("L-2", 10_000, "2026-02-01", "core-1"))
    await bank.account_where("L-2", balance_minor=490_000, past_due_minor=15_000)
    await bank.import_close("2026-02-01", CURRENT, PAYER | {"balance_minor": 490_000, "past_due_minor": 15_000})
    await bank.open_date("2026-02-02")
    await bank.account_where("L-1", past_due_minor=0, bucket="current", queue=None)
    await bank.account_where("L-2", balance_minor=490_000, past_due_minor=15_000, days_past_due=23)

    # The second: nobody paid, so it is; the core says nothing of it.
    second = await bank.open_date("2026-02-03")
    assert second["aged"] == 1
    await bank.account_where(
        "L-1", past_due_minor=25_000, days_past_due=1, oldest_unpaid_due_on="2026-02-02", queue="early_stage"
    )
    assert await bank.open_date("2026-02-03") == second

    # The third: the payment is published before the close that holds it.
    await bank.publish_payments(
        bank.payment("L-1", 25_000, "2026-02-03", "core-2"), bank.payment("L-2", 15_000, "2026-02-03", "core-3")
    )
    await bank.account_where("L-1", balance_minor=475_000, queue=None)
    await bank.account_where("L-2", balance_minor=475_000, past_due_minor=0)
    paid = {"balance_minor": 475_000, "past_due_minor": 0, "oldest_unpaid_due_on": None}
    await bank.import_close("2026-02-03", CURRENT | paid | {"next_due_on": "2026-03-02"}, PAYER | paid)
    await bank.open_date("2026-02-04")
    for number in ("L-1", "L-2"):
        await bank.account_where(number, balance_minor=475_000, past_due_minor=0, days_past_due=0, queue=None)
    balance = await bank.read("accounts", f"/v1/accounts/{bank.account_id('L-1')}/balance")
    assert (balance["snapshot_balance_minor"], balance["items"]) == (475_000, [])
    day_before = await bank.read("accounts", f"/v1/accounts/{bank.account_id('L-1')}", as_of="2026-02-02")
    assert (day_before["balance_minor"], day_before["past_due_minor"]) == (500_000, 0)


def _night(bank: Bank, day: str) -> dict[str, object]:
    """An aging run that changes nothing."""
    return {
        "creditor_id": str(bank.creditor),
        "business_date": day,
        "scanned": 0,
        "aged": 0,
        "cured": 0,
        "queues_changed": 0,
    }
