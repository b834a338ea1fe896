"""Where stages begin is data: stated per creditor and product, judged by at once, and by the whole book soon after."""

from datetime import date
from typing import Any
from uuid import uuid4

import httpx

from tests.integration.accounts.desk import DAY, HEADER, LOAN, Desk, csv_of

SHIPPED = {"early": 1, "mid": 30, "late": 60, "pre_charge_off": 90}
STRICT = {"early": 5, "mid": 20, "late": 38, "pre_charge_off": 50}


async def get(desk: Desk, product: str = "closed_end_loan") -> httpx.Response:
    path = f"/v1/creditors/{desk.creditor_id}/aging-policies/{product}"
    return await desk.http.get(path, headers=desk.headers("supervisor"))


async def put(
    desk: Desk, stages: dict[str, Any], tag: str | None = None, *, product: str = "closed_end_loan", role: str = "admin"
) -> httpx.Response:
    headers = desk.headers(role) | ({"If-Match": tag} if tag else {})
    path = f"/v1/creditors/{desk.creditor_id}/aging-policies/{product}"
    return await desk.http.put(path, json={"stages": stages}, headers=headers)


async def test_what_the_creditor_has_not_stated_is_as_shipped(desk: Desk) -> None:
    answer = await get(desk)
    assert (answer.json()["stages"], answer.json()["version"], answer.headers["ETag"]) == (SHIPPED, 0, '"0"')
    assert (await get(desk, "share_negative")).json()["stages"] == {
        "early": 1, "mid": 15, "late": 30, "pre_charge_off": 45,
    }  # fmt: skip
    path = f"/v1/creditors/{desk.creditor_id}/aging-policies"
    listed = (await desk.http.get(path, headers=desk.headers("auditor"))).json()["items"]
    assert [one["product_class"] for one in listed] == [
        "closed_end_loan", "credit_card", "share_negative", "mortgage", "commercial",
    ]  # fmt: skip


async def test_a_stated_policy_moves_the_book_and_publishes_only_what_moved(desk: Desk) -> None:
    card = {**LOAN, "core_account_number": "C1", "product_class": "credit_card"}
    young = {**LOAN, "core_account_number": "L2", "past_due_minor": 10_000, "oldest_unpaid_due_on": "2026-03-01"}
    paid = {**LOAN, "core_account_number": "L3", "past_due_minor": 0, "oldest_unpaid_due_on": None}
    written_off = {**LOAN, "core_account_number": "L4", "status": "charged_off", "charged_off_on": "2026-03-01"}
    await desk.send(csv_of(LOAN, card, young, paid, written_off, header=f"{HEADER},status,charged_off_on"))
    answer = await put(desk, {**STRICT, "late": 36})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"'), answer.text
    await desk.run_jobs()
    stages = {number: (await desk.account(number))["stage"] for number in ("L1", "C1", "L2", "L3", "L4")}
    assert stages == {"L1": "late", "C1": "mid", "L2": "early", "L3": "current", "L4": "recovery"}
    assert (await desk.account())["queue"] == "late"
    aged = await desk.events("account.aged")
    assert [(payload["account_id"], payload["stage"]) for _, payload, _ in aged] == [(str(desk.id_of("L1")), "late")]


async def test_a_first_stage_that_begins_later_leaves_an_account_past_due_and_current(desk: Desk) -> None:
    young = {**LOAN, "past_due_minor": 10_000, "oldest_unpaid_due_on": "2026-03-08"}
    await desk.take(young)
    await put(desk, STRICT)
    await desk.run_jobs()
    account = await desk.account()
    assert (account["stage"], account["bucket"], account["days_past_due"]) == ("current", "b1_29", 2)


async def test_the_next_nights_judge_by_the_stated_policy(desk: Desk) -> None:
    await desk.take(LOAN)
    await put(desk, STRICT)
    await desk.run_jobs()
    assert (await desk.account())["stage"] == "mid"  # 37 days
    assert (await desk.age(date(2026, 3, 11))).status_code == 200
    assert (await desk.account())["stage"] == "late"
    assert (await desk.account(as_of=DAY.isoformat()))["stage"] == "mid"


async def test_an_event_is_judged_by_the_stated_policy_before_the_book_is(desk: Desk) -> None:
    await desk.take(LOAN)
    await put(desk, {**STRICT, "late": 36})
    await desk.apply(desk.posted(1_000, date(2026, 3, 11)))
    assert (await desk.account())["stage"] == "late"


async def test_a_change_needs_the_etag_that_was_read(desk: Desk) -> None:
    first = await put(desk, STRICT, '"0"')
    assert first.status_code == 200
    again = await put(desk, STRICT)
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await put(desk, SHIPPED)).json()["code"] == "precondition-required"
    assert (await put(desk, SHIPPED, '"0"')).json()["code"] == "precondition-failed"
    back = await put(desk, SHIPPED, first.headers["ETag"], role="supervisor")
    assert (back.status_code, back.json()["version"]) == (200, 2)


async def test_days_that_do_not_rise_and_strangers_are_refused(desk: Desk) -> None:
    assert (await put(desk, {**STRICT, "mid": 5})).json()["code"] == "aging-policy-invalid"
    assert (await put(desk, {**STRICT, "early": 0})).json()["code"] == "validation-error"
    assert (await put(desk, {**STRICT, "early": 1.0})).json()["code"] == "validation-error"
    assert (await put(desk, STRICT, product="payday")).json()["code"] == "validation-error"
    assert (await put(desk, STRICT, role="collector")).status_code == 403
    for creditor_id, headers in ((desk.creditor_id, desk.headers("admin", uuid4())), (uuid4(), desk.headers("admin"))):
        path = f"/v1/creditors/{creditor_id}/aging-policies/closed_end_loan"
        answers = [
            await desk.http.put(path, json={"stages": STRICT}, headers=headers),
            await desk.http.get(path, headers=headers),
            await desk.http.get(path.removesuffix("/closed_end_loan"), headers=headers),
        ]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
