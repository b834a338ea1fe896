"""Money comes before the account that it is for: held in sight, then posted when the account arrives by Kafka."""

from tests.e2e.bank import LOAN, Bank, eventually


async def test_a_payment_before_its_account_is_held_and_posted_when_the_snapshot_comes(bank: Bank) -> None:
    await bank.publish_payments(bank.payment("L-1", 5_000, "2026-02-01", "core-1"))
    (held,) = await eventually(lambda: bank.payments_of("L-1"), bool)
    assert (held["status"], held["unapplied_minor"], held["unapplied_reason"]) == (
        "unapplied",
        5_000,
        "account-unknown",
    )

    row = LOAN | {"creditor_id": str(bank.creditor), "business_date": "2026-01-31"}
    await bank.publish("core.account.snapshot", ("L-1", row))

    (posted,) = await eventually(lambda: bank.payments_of("L-1"), lambda found: found[0]["status"] == "posted")
    assert (posted["payment_id"], posted["unapplied_minor"]) == (held["payment_id"], 0)
    assert sum(line["amount_minor"] for line in posted["allocation"]) == 5_000
    overview = await eventually(
        lambda: bank.read("accounts", f"/v1/accounts/{bank.account_id('L-1')}/overview"),
        lambda shown: bool(shown["last_payments"]),
    )
    assert overview["account"]["balance_minor"] == 495_000
    assert overview["account"]["past_due_minor"] == 20_000
    assert overview["account"]["days_past_due"] == 21
    assert overview["queue"]["code"] == "early_stage"
