"""Pauses: delinquent days stop where the contract's days run on. Each day counts once, whenever the pause was made."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx

from tests.integration.accounts.desk import DAY, LOAN, Desk

OLDEST = date(2026, 2, 1)
"""The oldest unpaid due date of the loan: 37 days before the business date."""
FLOOD = {"starts_on": "2026-02-10", "ends_on": "2026-02-20", "reason": "flood relief programme", "evidence": "D-1"}


async def post(
    desk: Desk, path: str, body: dict[str, Any] | None = None, *, role: str = "supervisor", **headers: str
) -> httpx.Response:
    return await desk.http.post(path, json=body, headers={**desk.headers(role), **headers})


async def pause(desk: Desk, starts_on: date, ends_on: date) -> dict[str, Any]:
    body = {**FLOOD, "starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
    answer = await post(desk, f"/v1/accounts/{desk.id_of('L1')}/pauses", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def cancel(desk: Desk, made: dict[str, Any]) -> httpx.Response:
    return await post(desk, f"/v1/pauses/{made['pause_id']}/cancel")


async def days(desk: Desk, **query: Any) -> tuple[int, int]:
    """Days past due, and delinquent days."""
    account = await desk.account(**query)
    return account["days_past_due"], account["delinquent_days"]


async def test_without_pauses_the_two_numbers_are_one(desk: Desk) -> None:
    await desk.take(LOAN)
    assert await days(desk) == (37, 37)


async def test_a_back_dated_pause_takes_its_days_out_and_leaves_the_contract_alone(desk: Desk) -> None:
    await desk.take(LOAN)
    before = await desk.account()
    await pause(desk, date(2026, 2, 10), date(2026, 2, 20))
    after = await desk.account()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"delinquent_days", "version"}
    assert (after["days_past_due"], after["delinquent_days"]) == (37, 27)


async def test_overlapping_enclosed_and_touching_pauses_count_each_day_once(desk: Desk) -> None:
    await desk.take(LOAN)
    await pause(desk, date(2026, 2, 10), date(2026, 2, 20))
    await pause(desk, date(2026, 2, 15), date(2026, 2, 25))
    assert await days(desk) == (37, 22)
    await pause(desk, date(2026, 2, 5), date(2026, 3, 1))
    assert await days(desk) == (37, 13)
    await pause(desk, date(2026, 3, 1), date(2026, 3, 2))
    assert await days(desk) == (37, 12)


async def test_days_before_the_due_date_and_days_to_come_take_nothing_out_yet(desk: Desk) -> None:
    await desk.take(LOAN)
    await pause(desk, OLDEST - timedelta(days=30), OLDEST + timedelta(days=1))
    assert await days(desk) == (37, 36)
    await pause(desk, DAY, DAY + timedelta(days=5))
    assert await days(desk) == (37, 36)


async def test_after_a_pause_the_count_goes_on_where_it_stood(desk: Desk) -> None:
    await desk.take(LOAN)
    await pause(desk, DAY, DAY + timedelta(days=2))
    seen = []
    for later in range(1, 5):
        assert (await desk.age(DAY + timedelta(days=later))).status_code == 200
        seen.append(await days(desk))
    assert seen == [(38, 37), (39, 37), (40, 38), (41, 39)]


async def test_a_past_day_is_told_with_the_pauses_known_now(desk: Desk) -> None:
    await desk.take(LOAN)
    assert (await desk.age(DAY + timedelta(days=10))).status_code == 200
    await pause(desk, date(2026, 2, 10), date(2026, 3, 15))
    assert await days(desk, as_of=DAY.isoformat()) == (37, 9)
    assert await days(desk) == (47, 14)


async def test_the_overview_has_both_numbers_and_the_timeline_has_the_pause_and_its_end(desk: Desk) -> None:
    await desk.take(LOAN)
    made = await pause(desk, date(2026, 2, 10), date(2026, 2, 20))
    path = f"/v1/accounts/{desk.id_of('L1')}"
    account = (await desk.http.get(f"{path}/overview", headers=desk.headers("collector"))).json()["account"]
    assert (account["days_past_due"], account["delinquent_days"]) == (37, 27)
    assert (await cancel(desk, made)).status_code == 200
    items = (await desk.http.get(f"{path}/timeline", headers=desk.headers("collector"))).json()["items"]
    found = [(item["kind"], item["on"]) for item in items if item["kind"].startswith("pause")]
    assert found == [("pause", "2026-02-10"), ("pause.cancelled", "2026-03-10")]
    detail = next(item["detail"] for item in items if item["kind"] == "pause")
    assert (detail["ends_on"], detail["reason"], detail["evidence"]) == ("2026-02-20", FLOOD["reason"], "D-1")


async def test_a_cancelled_pause_counts_as_if_it_had_never_been_and_stays_on_record(desk: Desk) -> None:
    await desk.take(LOAN)
    made = await pause(desk, date(2026, 2, 10), date(2026, 2, 20))
    inner = await pause(desk, date(2026, 2, 12), date(2026, 2, 14))
    first = await cancel(desk, made)
    assert (first.status_code, first.json()["cancelled_on"]) == (200, "2026-03-10")
    assert await days(desk) == (37, 35)
    again = await cancel(desk, made)
    assert again.json() == first.json()
    listed = await desk.http.get(f"/v1/accounts/{desk.id_of('L1')}/pauses", headers=desk.headers("collector"))
    assert listed.json()["items"] == [first.json(), inner]


async def test_the_account_is_published_when_its_paused_days_change_and_only_then(desk: Desk) -> None:
    await desk.take(LOAN)
    made = await pause(desk, date(2026, 2, 10), date(2026, 2, 20))
    await pause(desk, date(2026, 2, 12), date(2026, 2, 14))
    await cancel(desk, made)
    opened, *found = await desk.events("account.opened", "account.updated")
    assert (opened[1]["pauses"], opened[1]["delinquent_days"]) == ([], 37)
    stated = [(topic, version, payload["pauses"], payload["delinquent_days"]) for topic, payload, version in found]
    assert stated == [
        ("account.updated", 2, [{"starts_on": "2026-02-10", "ends_on": "2026-02-20"}], 27),
        ("account.updated", 3, [{"starts_on": "2026-02-12", "ends_on": "2026-02-14"}], 35),
    ]
    assert "flood" not in str(found)
    await desk.apply(desk.posted(1_000, DAY + timedelta(days=1)))
    _, payload, _ = (await desk.events("account.updated"))[-1]
    assert (payload["past_due_minor"], payload["delinquent_days"], len(payload["pauses"])) == (19_000, 35, 1)


async def test_pauses_are_paged_by_their_first_days(desk: Desk) -> None:
    await desk.take(LOAN)
    for day in (20, 5, 12):
        await pause(desk, date(2026, 2, day), date(2026, 2, day + 1))
    path, found, cursor = f"/v1/accounts/{desk.id_of('L1')}/pauses", [], None
    while True:
        query = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = (await desk.http.get(path, params=query, headers=desk.headers("auditor"))).json()
        found += [item["starts_on"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert found == ["2026-02-05", "2026-02-12", "2026-02-20"]


async def test_the_same_key_makes_one_pause(desk: Desk) -> None:
    await desk.take(LOAN)
    path = f"/v1/accounts/{desk.id_of('L1')}/pauses"
    first = await post(desk, path, FLOOD, **{"Idempotency-Key": "k1"})
    again = await post(desk, path, FLOOD, **{"Idempotency-Key": "k1"})
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")


async def test_what_may_not_be_paused_is_refused(desk: Desk) -> None:
    await desk.take(LOAN)
    path = f"/v1/accounts/{desk.id_of('L1')}/pauses"
    wrong = [
        (await post(desk, path, {**FLOOD, "ends_on": FLOOD["starts_on"]}), 422, "pause-empty"),
        (await post(desk, path, {**FLOOD, "starts_on": "2026-02-30"}), 422, "validation-error"),
        (await post(desk, path, {**FLOOD, "evidence": "4111 1111 1111 1111"}), 422, "card-number-refused"),
        (await post(desk, path, FLOOD, role="collector"), 403, "forbidden"),
        (await post(desk, f"/v1/accounts/{uuid4()}/pauses", FLOOD), 404, "account-unknown"),
        (await post(desk, f"/v1/pauses/{uuid4()}/cancel"), 404, "pause-unknown"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer, _, _ in wrong] == [(s, c) for _, s, c in wrong]
    assert (await post(desk, path, FLOOD, role="senior_collector")).status_code == 201


async def test_another_creditors_pauses_are_not_there(desk: Desk) -> None:
    await desk.take(LOAN)
    made = await pause(desk, date(2026, 2, 10), date(2026, 2, 20))
    stranger, path = desk.headers("supervisor", uuid4()), f"/v1/accounts/{desk.id_of('L1')}/pauses"
    answers = [
        await desk.http.post(path, json=FLOOD, headers=stranger),
        await desk.http.get(path, headers=stranger),
        await desk.http.post(f"/v1/pauses/{made['pause_id']}/cancel", headers=stranger),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]


async def test_a_pause_at_the_ends_of_the_calendar_is_taken_and_told_as_dates(desk: Desk) -> None:
    await desk.take(LOAN)
    await pause(desk, date(1, 1, 2), date.max)
    assert await days(desk) == (37, 0)
    timeline = await desk.http.get(f"/v1/accounts/{desk.id_of('L1')}/timeline", headers=desk.headers("collector"))
    detail = next(item["detail"] for item in timeline.json()["items"] if item["kind"] == "pause")
    assert (detail["starts_on"], detail["ends_on"]) == ("0001-01-02", "9999-12-31")
