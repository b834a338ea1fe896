"""From an imported file and published payments to the work list: what a collector sees without asking for it."""

from datetime import date, timedelta
from typing import Any

from shared.http.pagination import encode_cursor
from shared.ids import new_id
from tests.integration.accounts.desk import CLOCK, DAY, LOAN, Desk

MID = LOAN | {"oldest_unpaid_due_on": "2026-02-01", "past_due_minor": 20_000, "phone": None, "email": None}
"""37 days past due on DAY. Nobody can be called, so it is offered at any hour."""


async def _get(desk: Desk, path: str, **params: Any) -> dict[str, Any]:
    answer = await desk.http.get(path, params=params, headers=desk.headers("collector"))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def _overview(desk: Desk) -> dict[str, Any]:
    return await _get(desk, f"/v1/accounts/{desk.id_of('L1')}/overview")


async def _timeline(desk: Desk, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await _get(desk, f"/v1/accounts/{desk.id_of('L1')}/timeline", **params))["items"]
    return items


async def _next(desk: Desk, queue: str) -> dict[str, Any] | None:
    headers = desk.headers("collector", desk.creditor_id)
    answer = await desk.http.post(f"/v1/queues/{queue}/next", headers=headers)
    assert answer.status_code in {200, 204}, answer.text
    item: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
    return item


async def test_a_payment_takes_the_account_off_the_desk_of_who_works_it(desk: Desk) -> None:
    await desk.take(MID)
    assert (await desk.account())["queue"] == "mid"
    item = await _next(desk, "mid")
    assert item is not None
    await desk.apply(desk.posted(20_000, DAY + timedelta(days=1)))
    assert (await desk.account())["queue"] is None
    answer = await desk.http.post(
        f"/v1/work-items/{item['work_item_id']}/complete", headers=desk.headers("collector", desk.creditor_id)
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "work-item-superseded")
    published = [topic for topic, _, _ in await desk.events()]
    assert published.index("account.cured") < published.index("queue.item_exited")


async def test_a_promise_moves_the_account_and_its_breaking_moves_it_again(desk: Desk) -> None:
    await desk.take(MID)
    promise_id = new_id()
    await desk.apply(desk.promise(1, "made", promise_id=promise_id))
    assert (await desk.account())["queue"] == "arrangement_follow_up"
    assert await _next(desk, "arrangement_follow_up") is None
    broken = desk.promise(2, "broken", promise_id=promise_id, resolved_on=DAY + timedelta(days=6))
    await desk.apply(broken)
    assert (await desk.account())["queue"] == "broken_promise"
    assert await _next(desk, "broken_promise") is not None


async def test_a_night_offers_again_what_was_withheld_and_moves_what_has_aged(desk: Desk) -> None:
    await desk.take(MID, MID | {"core_account_number": "L2", "oldest_unpaid_due_on": "2026-02-09"})
    item = await _next(desk, "mid")
    assert item is not None
    assert item["account_id"] == str(desk.id_of("L1"))
    await desk.http.post(
        f"/v1/work-items/{item['work_item_id']}/complete", headers=desk.headers("collector", desk.creditor_id)
    )
    assert (await desk.account("L2"))["queue"] == "early_stage"
    night = (await desk.age(DAY + timedelta(days=1))).json()
    assert (night["aged"], night["queues_changed"]) == (1, 1)
    assert (await desk.account("L2"))["queue"] == "mid"
    offered = {each["account_id"] for each in (await _next(desk, "mid"), await _next(desk, "mid")) if each}
    assert offered == {str(desk.id_of("L1")), str(desk.id_of("L2"))}


async def test_a_promise_that_passed_unpaid_is_offered_by_the_night_alone(desk: Desk) -> None:
    await desk.take(MID)
    await desk.apply(desk.promise(1, "made", promise_id=new_id(), due_on=DAY))
    assert await _next(desk, "arrangement_follow_up") is None
    await desk.age(DAY + timedelta(days=1))
    assert await _next(desk, "arrangement_follow_up") is not None


async def test_the_overview_shows_everything_about_an_account(desk: Desk) -> None:
    await desk.take(LOAN)
    payment = desk.posted(5_000, DAY + timedelta(days=1))
    await desk.apply(
        payment,
        desk.promise(1, "made", promise_id=new_id()),
        desk.arrangement(1, "active", arrangement_id=new_id()),
    )
    await desk.apply(desk.reversed(payment, DAY + timedelta(days=2)))
    seen = await _overview(desk)
    assert seen["account"]["past_due_minor"] == 20_000
    assert [(due["due_on"], due["amount_minor"], due["is_past_due"]) for due in seen["dues"]] == [
        ("2026-02-01", 10_000, True),
        ("2026-03-01", 10_000, True),
        ("2026-04-01", 10_000, False),
    ]
    (party,) = seen["parties"]
    assert (party["role"], party["name"]) == ("primary", "Ada Byron")
    assert {point["kind"] for point in party["contact_points"]} == {"phone", "email"}
    assert [promise["status"] for promise in seen["promises"]] == ["made"]
    assert seen["arrangement"]["status"] == "active"
    assert [each["due_on"] for each in seen["arrangement"]["installments"]] == ["2026-03-20"]
    (paid,) = seen["last_payments"]
    assert (paid["amount_minor"], paid["reversal_reason"]) == (5_000, "nsf")
    assert (seen["restrictions"], seen["last_contacts"]) == ([], [])
    assert seen["queue"]["code"] == "arrangement_follow_up"
    assert seen["queue"]["reasons"] == ["open_promise", "open_arrangement"]


async def test_the_timeline_tells_every_fact_in_the_order_of_its_day(desk: Desk) -> None:
    await desk.take(MID)
    promise_id = new_id()
    early = desk.posted(5_000, date(2026, 3, 2), DAY + timedelta(days=1))
    await desk.apply(desk.promise(1, "made", promise_id=promise_id))
    await desk.apply(early)
    await desk.apply(desk.promise(2, "kept", promise_id=promise_id))
    await desk.age(DAY + timedelta(days=1))
    await desk.apply(desk.posted(15_000, DAY + timedelta(days=1)))
    await desk.apply(desk.reversed(early, DAY + timedelta(days=1)))
    items = await _timeline(desk)
    kinds = [(item["on"], item["kind"]) for item in items]
    assert kinds[:2] == [("2026-03-02", "payment"), ("2026-03-10", "snapshot")]
    assert {kind for _, kind in kinds} >= {
        "payment", "reversal", "snapshot", "account.opened", "account.cured", "promise.made", "promise.kept",
        "queue.entered", "queue.exited",
    }  # fmt: skip
    assert [on for on, _ in kinds] == sorted(on for on, _ in kinds)
    moves = [(item["kind"], item["detail"]["queue"]) for item in items if item["kind"].startswith("queue.")]
    assert moves[:3] == [
        ("queue.entered", "mid"),
        ("queue.exited", "mid"),
        ("queue.entered", "arrangement_follow_up"),
    ]


async def test_the_pages_of_a_timeline_make_the_whole_in_both_directions(desk: Desk) -> None:
    await desk.take(MID)
    for day in range(5):
        await desk.apply(desk.posted(1_000, DAY + timedelta(days=day)))
    whole = await _timeline(desk, limit=200)
    for newest_first in (False, True):
        pages: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            params = {"limit": 3, "newest_first": newest_first} | ({"cursor": cursor} if cursor else {})
            page = await _get(desk, f"/v1/accounts/{desk.id_of('L1')}/timeline", **params)
            pages += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert pages == (whole[::-1] if newest_first else whole)


async def test_a_made_up_place_in_a_timeline_is_an_empty_page(desk: Desk) -> None:
    await desk.take(MID)
    place = encode_cursor(DAY + timedelta(days=1), 2**40, CLOCK.now(), desk.id_of("L1"), "payment")
    assert await _timeline(desk, cursor=place) == []


async def test_the_wired_service_describes_its_routes(desk: Desk) -> None:
    document = (await desk.http.get("/openapi.json")).json()
    assert {"/v1/queues/stream", "/v1/queues/{code}/next", "/v1/work-items/{work_item_id}/escalate"} <= set(
        document["paths"]
    )
