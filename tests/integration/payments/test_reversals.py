"""Money back: once, whole, by hand, from the core in any order, and by Nacha file."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deploy.local.demo.nacha_file import return_file
from deploy.local.demo.plan import CorePayment
from deploy.local.issuer import Issuer
from tests.conftest import GetEngine
from tests.integration.payments.money_desk import DAY, Desk, open_desk

DATA = Path(__file__).parents[2] / "data" / "nacha"
TRACE = "091000010000001"


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("payments"), issuer) as made:
        yield await made.open("A", "B")


async def reverse(desk: Desk, payment_id: str, **facts: Any) -> Any:
    body = {"reason": "nsf", "effective_on": DAY} | facts
    return await desk.post(f"/v1/payments/{payment_id}/reversals", body)


async def posted(desk: Desk, ref: str = "1", **facts: Any) -> str:
    answer = await desk.pay(desk.body("A", ref, **facts))
    assert answer.status_code == 201, answer.text
    payment_id: str = answer.json()["payment_id"]
    return payment_id


async def test_a_reversal_takes_the_whole_payment_back_and_a_second_changes_nothing(desk: Desk) -> None:
    payment = await posted(desk)
    first = await reverse(desk, payment)
    assert (first.status_code, first.json()["amount_minor"], first.json()["reason"]) == (201, 1000, "nsf")
    again = await reverse(desk, payment, reason="error")
    assert (again.status_code, again.json()) == (201, first.json())
    shown = (await desk.get(f"/v1/payments/{payment}")).json()
    assert (shown["status"], shown["reversal"]["reversal_id"]) == ("reversed", first.json()["reversal_id"])
    assert [topic for topic, _ in await desk.published()] == ["payment.posted", "payment.reversed"]


async def test_a_reversed_payment_no_longer_counts_as_paid(desk: Desk) -> None:
    await reverse(desk, await posted(desk))
    second = (await desk.pay(desk.body("A", "2"))).json()
    assert second["allocation"][0] == {"component": "interest", "amount_minor": 500}


async def test_a_reversal_of_a_payment_that_a_snapshot_holds_makes_its_parts_owed_again(desk: Desk) -> None:
    payment = await posted(desk, allocation=[{"component": "interest", "amount_minor": 1000}])
    later = desk.account_message("A", version=2, snapshot_on="2026-03-03", interest_minor=0, fees_minor=0)
    await desk.feed(desk.date_message("2026-03-03"), later)
    await reverse(desk, payment, effective_on="2026-03-03")
    again = (await desk.pay(desk.body("A", "2", 1500))).json()
    assert again["allocation"] == [
        {"component": "interest", "amount_minor": 1000},
        {"component": "principal", "amount_minor": 500},
    ]


async def test_an_unknown_payment_or_a_day_in_the_future_is_refused(desk: Desk) -> None:
    unknown = await reverse(desk, "019a7c0e-7b52-7c3e-b4a6-0d4b9f5f2f10")
    early = await reverse(desk, await posted(desk), effective_on="2026-03-09")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "payment-unknown")
    assert (early.status_code, early.json()["code"]) == (422, "effective-date-in-future")


async def test_a_reversal_of_the_core_before_its_payment_waits_for_it(desk: Desk) -> None:
    await desk.feed(desk.core("A", "r-1", reversal_of="c-1", reason="nsf"))
    waiting = (await desk.get("/v1/held-reversals", creditors=[desk.creditor])).json()["items"]
    found = [(one["source_ref"], one["reversal_of"], one["held_reason"]) for one in waiting]
    assert found == [("r-1", "c-1", "payment-unknown")]
    await desk.feed(desk.core("A", "c-1"))
    [payment] = await desk.payments()
    assert (payment["status"], payment["reversal"]["origin"]) == ("reversed", "core")
    assert (await desk.get("/v1/held-reversals", creditors=[desk.creditor])).json()["items"] == []


async def test_reversals_of_the_core_are_applied_once_and_each_leaves_its_trace(desk: Desk) -> None:
    await desk.feed(desk.core("A", "c-1"))
    await desk.feed(desk.core("A", "r-1", reversal_of="c-1"), desk.core("A", "r-1", reversal_of="c-1"))
    await desk.feed(desk.core("A", "r-2", reversal_of="c-1"), desk.core("A", "r-1", reversal_of="c-1"))
    assert [topic for topic, _ in await desk.published()] == ["payment.posted", "payment.reversed"]
    kinds = await desk.query("SELECT source_ref, kind FROM source_reference WHERE creditor_id = :creditor ORDER BY 1")
    assert [tuple(row) for row in kinds] == [("c-1", "payment"), ("r-1", "reversal"), ("r-2", "reversal")]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    ("amount", "day", "why"),
    [(999, DAY, "reversal-mismatch"), (1000, "2026-03-09", "effective-date-in-future")],
)
async def test_a_reversal_that_does_not_fit_waits_in_sight_in_either_order(
    desk: Desk, order: tuple[int, int], amount: int, day: str, why: str
) -> None:
    messages = [desk.core("A", "c-1"), desk.core("A", "r-1", amount, reversal_of="c-1", effective_on=day)]
    for place in order:
        await desk.feed(messages[place])
    waiting = (await desk.get("/v1/held-reversals", creditors=[desk.creditor])).json()["items"]
    assert [(one["source_ref"], one["held_reason"]) for one in waiting] == [("r-1", why)]
    assert [one["status"] for one in await desk.payments()] == ["posted"]
    assert await desk.query("SELECT code FROM dead_letter WHERE creditor_id = :creditor") == []


async def test_a_reversal_of_a_day_to_come_is_applied_when_it_comes(desk: Desk) -> None:
    await desk.feed(desk.core("A", "c-1"), desk.core("A", "r-1", reversal_of="c-1", effective_on="2026-03-09"))
    await desk.judge("2026-03-08")
    assert [one["status"] for one in await desk.payments()] == ["posted"]
    await desk.judge("2026-03-09")
    assert [one["status"] for one in await desk.payments()] == ["reversed"]


@pytest.mark.parametrize("amount", [1000, 999])
async def test_a_reversal_that_goes_on_waiting_keeps_the_time_at_which_it_came(desk: Desk, amount: int) -> None:
    await desk.feed(desk.core("A", "r-1", amount, reversal_of="c-1", effective_on="2026-03-09"))
    async with desk.engine.begin() as connection:  # it came a day ago
        await connection.exec_driver_sql("UPDATE held_reversal SET received_at = received_at - interval '1 day'")
    read = "SELECT received_at FROM held_reversal WHERE creditor_id = :creditor"
    came = await desk.query(read)
    await desk.judge("2026-03-03")
    assert await desk.query(read) == came
    await desk.feed(desk.core("A", "c-1"))
    assert await desk.query(read) == came


@pytest.mark.parametrize("has_echo", [True, False])
async def test_the_core_echoes_our_reversal_under_any_name_and_it_is_booked_once(desk: Desk, *, has_echo: bool) -> None:
    payment = await posted(desk)
    if has_echo:
        await desk.feed(desk.core("A", payment))
    reversal = (await reverse(desk, payment)).json()["reversal_id"]
    await desk.feed(desk.core("A", reversal, reversal_of=payment, posted_on="2026-03-03", reason="nsf"))
    shown = (await desk.get(f"/v1/payments/{payment}")).json()["reversal"]
    assert (shown["reversal_id"], shown["origin"], shown["booked_on"]) == (reversal, "ours", "2026-03-03")
    events = [event for topic, event in await desk.published() if topic == "payment.reversed"]
    assert [event["booked_on"] for event in events] == [None, "2026-03-03"]


async def test_money_that_went_back_while_it_was_held_is_published_with_its_reversal(desk: Desk) -> None:
    held = (await desk.pay(desk.body("NEW", "1"))).json()["payment_id"]
    assert (await reverse(desk, held)).status_code == 201
    await desk.published()
    await desk.feed(desk.account_message("NEW"))
    assert [topic for topic, _ in await desk.published()] == ["payment.posted", "payment.reversed"]
    shown = (await desk.get(f"/v1/payments/{held}")).json()
    assert (shown["status"], sum(line["amount_minor"] for line in shown["allocation"])) == ("reversed", 1000)


async def test_a_reallocation_moves_the_money_with_a_link(desk: Desk) -> None:
    old = await posted(desk)
    answer = await desk.post(f"/v1/payments/{old}/reallocations", {"account_id": str(desk.account("B"))})
    made = answer.json()
    assert answer.status_code == 201, made
    assert (made["reversal"]["payment_id"], made["reversal"]["reason"]) == (old, "misapplied")
    new = (await desk.get(f"/v1/payments/{made['payment']['payment_id']}")).json()
    assert (new["account_id"], new["reallocation_of"], new["amount_minor"]) == (str(desk.account("B")), old, 1000)
    again = await desk.post(f"/v1/payments/{old}/reallocations", {})
    assert (again.status_code, again.json()["code"]) == (409, "payment-already-reversed")


async def test_a_refused_reallocation_leaves_the_payment_where_it_was(desk: Desk) -> None:
    old = await posted(desk)
    answer = await desk.post(f"/v1/payments/{old}/reallocations", {"account_id": str(desk.account("NOWHERE"))})
    assert (answer.status_code, answer.json()["code"]) == (404, "account-unknown")
    assert [one["status"] for one in await desk.payments()] == ["posted"]


def returns(*payments: tuple[int, str], on: str = DAY) -> bytes:
    day = date.fromisoformat(on)
    return return_file([CorePayment("A", amount, day, "ach", trace, trace) for amount, trace in payments], day)


async def test_a_return_file_reverses_what_it_means_and_reports_each_entry(desk: Desk) -> None:
    payment = await posted(desk, ach_trace=TRACE)
    await posted(desk, "2", amount=7, ach_trace="091000010000002")
    await posted(desk, "3", amount=7, ach_trace="091000010000002")
    content = returns((1000, TRACE), (7, "091000010000002"), (5, "091000010000009"), (1000, TRACE))
    answer = await desk.send_file(content)
    report = answer.json()
    assert answer.status_code == 201, report
    assert [entry["result"] for entry in report["entries"]] == [
        "reversed", "ambiguous", "unmatched", "already_reversed",
    ]  # fmt: skip
    assert all(report["counts"][result] == 1 for result in ("reversed", "ambiguous", "unmatched", "already_reversed"))
    shown = (await desk.get(f"/v1/payments/{payment}")).json()
    assert (shown["status"], shown["reversal"]["reason"]) == ("reversed", "nsf")
    assert (await desk.get(answer.headers["Location"])).json()["entries"] == report["entries"]


async def test_the_same_file_again_moves_no_money_and_keeps_its_report(desk: Desk) -> None:
    await posted(desk, ach_trace=TRACE)
    first = await desk.send_file(returns((1000, TRACE)), key="f-1")
    same_key = await desk.send_file(returns((1000, TRACE)), key="f-1")
    again = await desk.send_file(returns((1000, TRACE)))
    assert same_key.json() == first.json()
    assert (again.json()["file_id"], again.json()["entries"][0]["result"]) == (
        first.json()["file_id"], "already_reversed",
    )  # fmt: skip
    assert (await desk.get(first.headers["Location"])).json()["entries"] == first.json()["entries"]
    assert [topic for topic, _ in await desk.published()].count("payment.reversed") == 1


async def test_a_payment_older_than_seventy_days_or_of_another_channel_is_not_meant(desk: Desk) -> None:
    old = str(date.fromisoformat(DAY) - timedelta(days=71))
    await posted(desk, ach_trace=TRACE, effective_on=old)
    await posted(desk, "2", ach_trace=TRACE, channel="wire")
    report = (await desk.send_file(returns((1000, TRACE)))).json()
    assert [entry["result"] for entry in report["entries"]] == ["unmatched"]


async def test_the_real_web_return_reverses_its_debit_by_trace(desk: Desk) -> None:
    payment = await posted(desk, amount=12354, ach_trace="091400600000001", effective_on="2018-10-10")
    report = (await desk.send_file((DATA / "return-WEB.ach").read_bytes())).json()
    assert [entry["result"] for entry in report["entries"]] == ["reversed", "reported"]
    assert (await desk.get(f"/v1/payments/{payment}")).json()["reversal"]["effective_on"] == "2018-10-17"


async def test_a_return_is_matched_by_its_individual_id(desk: Desk) -> None:
    await posted(desk, "MjMxNDAwMjAtOGQ", amount=12354)
    report = (await desk.send_file((DATA / "return-WEB.ach").read_bytes())).json()
    assert report["entries"][0]["result"] == "reversed"


async def test_a_broken_file_applies_nothing_and_names_its_lines(desk: Desk) -> None:
    await posted(desk, ach_trace=TRACE)
    whole = returns((1000, TRACE))
    cut = await desk.send_file(b"\n".join(whole.splitlines()[:4]))
    wrong = await desk.send_file(whole.replace(b"000000001000", b"000000001001"))
    controls = await desk.send_file((DATA / "return-no-batch-controls.ach").read_bytes())
    for answer in (cut, wrong, controls):
        assert (answer.status_code, answer.json()["code"]) == (422, "nacha-file-invalid")
        assert "line " in answer.json()["detail"].lower()
    assert [one["status"] for one in await desk.payments()] == ["posted"]
    assert await desk.query("SELECT 1 FROM nacha_file WHERE creditor_id = :creditor") == []
