"""A payment comes back from the bank: its return file re-opens what it had completed, and the work is there again."""

from datetime import date

from tests.e2e.bank import LOAN, Bank
from tests.integration.payments.return_files import Returned, return_file

TRACE = "091000010000042"


async def test_an_nsf_return_reopens_the_arrangement_and_brings_the_account_back_into_its_queue(bank: Bank) -> None:
    await bank.import_close("2026-01-31", LOAN)
    account = bank.account_id("L-1")
    terms = {"installments": [{"due_on": "2026-02-05", "amount_minor": 25_000}]}
    arrangement = await bank.undertake("arrangements", "L-1", terms)
    async with bank.screen() as screen:
        paid = await bank.post_payment("L-1", 25_000, "2026-01-31", ach_trace=TRACE)
        assert paid["arrangements_completed"] == [arrangement["id"]]
        await bank.account_where("L-1", queue=None, past_due_minor=0)
        before = len(screen.shown)

        content = return_file(Returned(trace=TRACE, amount=25_000, code="R01"), created_on=date(2026, 1, 31))
        report = await _send(bank, content)

        assert [(each["result"], each["payment_id"]) for each in report] == [("reversed", paid["payment_id"])]
        reopened = await bank.obligation_where("arrangements", arrangement, "active")
        assert (reopened["paid_minor"], reopened["version"] > arrangement["version"]) == (0, True)
        await bank.account_where("L-1", queue="arrangement_follow_up", balance_minor=500_000, past_due_minor=25_000)
        await screen.wait_for("queue.item_entered", "arrangement_follow_up", account)
        assert before > 0
    returned = await bank.read("payments", f"/v1/payments/{paid['payment_id']}")
    assert (returned["status"], returned["reversal"]["reason"]) == ("reversed", "nsf")

    assert [each["result"] for each in await _send(bank, content)] == ["already_reversed"]
    assert (await bank.account("L-1"))["balance_minor"] == 500_000


async def _send(bank: Bank, content: str) -> list[dict[str, str]]:
    answer = await bank.call(
        "integrator",
        "POST",
        "payments",
        "/v1/imports/nacha-returns",
        params={"creditor_id": str(bank.creditor)},
        content=content,
        headers={"Content-Type": "text/plain"},
    )
    assert answer.is_success, answer.text
    entries: list[dict[str, str]] = answer.json()["entries"]
    return entries
