"""A promise is judged when its date has passed; money that was in time heals it however late it arrives."""

from tests.e2e.bank import LOAN, Bank


async def test_a_promise_breaks_when_its_date_passes_and_an_in_time_payment_that_arrives_late_heals_it(
    bank: Bank,
) -> None:
    other = LOAN | {"core_account_number": "L-2"}
    await bank.import_close("2026-01-31", LOAN, other)
    terms = {"due_on": "2026-02-03", "amount_minor": 5_000}
    promises = {number: await bank.undertake("promises", number, terms) for number in ("L-1", "L-2")}
    await bank.account_where("L-1", queue="arrangement_follow_up")
    await bank.account_where("L-2", queue="arrangement_follow_up")
    await bank.open_date("2026-02-03")
    await bank.open_date("2026-02-04")
    for number, promise in promises.items():
        broken = await bank.obligation_where("promises", promise, "broken")
        assert broken["resolved_on"] == "2026-02-04"
        await bank.account_where(number, queue="broken_promise", days_past_due=25)

    await bank.publish_payments(
        bank.payment("L-1", 5_000, "2026-02-03", "in time, told late"),
        bank.payment("L-2", 5_000, "2026-02-04", "a day too late"),
    )

    kept = await bank.obligation_where("promises", promises["L-1"], "kept")
    assert kept["installments"][0]["paid_minor"] == 5_000
    await bank.account_where("L-1", queue="early_stage", past_due_minor=20_000)
    await bank.account_where("L-2", queue="broken_promise", past_due_minor=20_000)
    assert (await bank.read("payments", f"/v1/promises/{promises['L-2']['id']}"))["status"] == "broken"
