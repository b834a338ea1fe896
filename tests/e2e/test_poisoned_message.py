"""A message that cannot be taken is parked with its reason, the rest goes on, and a replay takes it when it can be."""

from tests.e2e.bank import LOAN, Bank, eventually, open_bank


async def test_a_poisoned_payment_is_parked_with_its_reason_and_the_rest_goes_on(bank: Bank) -> None:
    await bank.import_close("2026-01-31", LOAN)
    await bank.publish(
        "core.payment.received",
        ("L-1", bank.payment("L-1", 100, "2026-02-01", "before")),
        (key := f"poisoned-{bank.creditor}", b'{"amount_minor": '),
        (key, bank.payment("L-1", 1, "2026-02-01", "yen") | {"amount_minor": -1}),
        ("L-1", bank.payment("L-1", 10, "2026-02-01", "after")),
        (key, bank.payment("L-1", 1_000, "2026-02-01", "behind the poison")),
    )
    await bank.account_where("L-1", balance_minor=500_000 - 1_110)
    letters = bank.operator.dead_letters("payments", key)
    assert [letter["code"] for letter in letters] == ["message-undecodable", "message-invalid"]
    assert "amount_minor" in letters[1]["detail"]
    assert {letter["topic"] for letter in letters} == {"core.payment.received"}


async def test_a_parked_snapshot_is_taken_by_a_replay_once_its_cause_is_gone(bank: Bank) -> None:
    await bank.state_currency("EUR")
    key = f"poisoned-{bank.creditor}"  # one key, one partition: the good one stands behind the bad one
    async with open_bank(bank.operator) as neighbour:
        rows = [LOAN | {"creditor_id": str(one.creditor), "business_date": "2026-01-31"} for one in (bank, neighbour)]
        await bank.publish("core.account.snapshot", *((key, row) for row in rows))
        await eventually(lambda: neighbour.find("L-1"), lambda answer: answer.is_success)
    (letter,) = bank.operator.dead_letters("accounts", key)
    assert letter["code"] == "currency-mismatch"
    assert (await bank.find("L-1")).status_code == 404
    await bank.publish_payments(bank.payment("L-1", 100, "2026-02-01", "core-1"))

    assert bank.operator.replay("accounts", key).returncode == 1  # the cause is still there, so it stays parked
    await bank.state_currency("USD")
    replayed = bank.operator.replay("accounts", key)

    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    await bank.account_where("L-1", balance_minor=499_900)
    assert [each["status"] for each in await bank.payments_of("L-1")] == ["posted"]
