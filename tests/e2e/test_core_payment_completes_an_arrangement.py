"""The core books a payment: what it completed, which queue the account left, and what the collectors' screens show."""

from tests.e2e.bank import LOAN, Bank


async def test_a_payment_that_the_core_publishes_completes_the_arrangement_and_empties_the_queue(bank: Bank) -> None:
    await bank.import_close("2026-01-31", LOAN)
    account = bank.account_id("L-1")
    terms = {"installments": [{"due_on": "2026-02-05", "amount_minor": 25_000}], "grace_days": 3}
    arrangement = await bank.undertake("arrangements", "L-1", terms)
    assert arrangement["status"] == "active"
    async with bank.screen() as screen:
        await screen.wait_for("queue.item_entered", "arrangement_follow_up", account)

        await bank.publish_payments(bank.payment("L-1", 25_000, "2026-02-01", "core-1"))

        await screen.wait_for("queue.item_exited", "arrangement_follow_up", account)
    completed = await bank.obligation_where("arrangements", arrangement, "completed")
    assert completed["paid_minor"] == 25_000
    assert completed["version"] > arrangement["version"]
    cured = await bank.account_where("L-1", queue=None)
    assert (cured["balance_minor"], cured["past_due_minor"], cured["bucket"]) == (475_000, 0, "current")


async def test_the_same_payment_published_twice_is_one_payment(bank: Bank) -> None:
    await bank.import_close("2026-01-31", LOAN)
    payment = bank.payment("L-1", 10_000, "2026-02-01", "core-1")
    await bank.publish_payments(payment, payment)
    await bank.publish_payments(payment, bank.payment("L-1", 1, "2026-02-01", "core-2"))
    await bank.account_where("L-1", balance_minor=489_999, past_due_minor=14_999)
    assert sorted(each["amount_minor"] for each in await bank.payments_of("L-1")) == [1, 10_000]
