"""Money in, by HTTP and from the core: posted once, held when it must be, refused clearly."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from services.payments.domain.allocation import Line
from services.payments.domain.payment import PostPayment
from services.payments.handlers.post_payments import post_payments
from services.payments.schemas.payments import PaymentAnswer
from shared.clock import FixedClock
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id
from shared.jobs import run_chunk
from tests.conftest import GetEngine
from tests.integration.payments.money_desk import DAY, NOW, Desk, open_desk


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("payments"), issuer) as made:
        yield await made.open("A", "B")


async def test_a_payment_is_posted_allocated_and_published(desk: Desk) -> None:
    answer = await desk.pay(desk.body("A", "1", 1000))
    made = answer.json()
    assert answer.status_code == 201, made
    assert answer.headers["Location"] == f"/v1/payments/{made['payment_id']}"
    assert made["allocation"] == [
        {"component": "interest", "amount_minor": 500},
        {"component": "principal", "amount_minor": 500},
    ]
    assert (made["status"], made["unapplied_minor"], made["arrangements_completed"]) == ("posted", 0, [])
    [(topic, event)] = await desk.published()
    assert topic == "payment.posted"
    assert (event["payment_id"], event["origin"], event["posted_on"]) == (made["payment_id"], "ours", DAY)
    assert (event["allocation_basis"], event["booked_on"]) == ("waterfall", None)


async def test_a_later_payment_sees_what_an_earlier_one_paid(desk: Desk) -> None:
    await desk.pay(desk.body("A", "1", 400))
    second = (await desk.pay(desk.body("A", "2", 400))).json()
    assert [line["amount_minor"] for line in second["allocation"]] == [100, 300]


async def test_the_same_source_reference_posts_once_and_other_content_is_a_conflict(desk: Desk) -> None:
    first = await desk.pay(desk.body("A", "1"))
    again = await desk.pay(desk.body("A", "1"))
    by_id = desk.body("A", "1", account_id=str(desk.account("A")))
    del by_id["creditor_id"], by_id["core_account_number"]
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await desk.pay(by_id)).json() == first.json()
    other = await desk.pay(desk.body("A", "1", 1001))
    assert (other.status_code, other.json()["code"]) == (409, "source-ref-conflict")
    assert len(await desk.payments()) == 1
    assert len(await desk.published()) == 1


async def test_one_reference_posted_in_a_race_on_many_accounts_posts_once(desk: Desk) -> None:
    accounts = [f"R{number}" for number in range(8)]
    await desk.feed(*(desk.account_message(number) for number in accounts))
    answers = await asyncio.gather(*(desk.pay(desk.body(number, "race")) for number in accounts for _ in range(3)))
    assert sorted({answer.status_code for answer in answers}) == [201, 409]
    assert len({answer.json()["payment_id"] for answer in answers if answer.status_code == 201}) == 1
    assert len(await desk.payments()) == 1


async def test_the_core_and_http_race_for_one_reference_of_the_core(desk: Desk) -> None:
    posts = [desk.pay(desk.body("A", f"c{n}", source="core", channel="branch")) for n in range(10)]
    await asyncio.gather(desk.feed(*(desk.core("A", f"c{n}") for n in range(10))), *posts)
    assert sorted(one["source_ref"] for one in await desk.payments()) == sorted(f"c{n}" for n in range(10))


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1, 10**30, 1.5, "10", None])
async def test_an_amount_that_is_no_amount_is_refused(desk: Desk, amount: object) -> None:
    answer = await desk.pay(desk.body("A", "1") | {"amount_minor": amount})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-error")


@pytest.mark.parametrize(
    ("facts", "status", "code"),
    [
        ({"currency": "EUR"}, 422, "currency-mismatch"),
        ({"effective_on": "2026-03-03"}, 422, "effective-date-in-future"),
        ({"posted_on": "2026-03-03"}, 422, "posted-date-in-future"),
        ({"allocation": [{"component": "fees", "amount_minor": 1}]}, 422, "allocation-mismatch"),
        ({"core_account_number": None}, 422, "validation-error"),
        ({"alocation": []}, 422, "validation-error"),
        ({"account_id": str(uuid4())}, 422, "validation-error"),
        ({"channel": "pigeon"}, 422, "validation-error"),
        ({"ach_trace": "123"}, 422, "validation-error"),
    ],
)
async def test_a_refused_payment_leaves_nothing_and_its_reference_stays_free(
    desk: Desk, facts: dict[str, Any], status: int, code: str
) -> None:
    refused = await desk.pay(desk.body("A", "1", **facts))
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert await desk.query("SELECT 1 FROM source_reference WHERE creditor_id = :creditor") == []
    assert (await desk.pay(desk.body("A", "1"))).status_code == 201


async def test_the_largest_amount_is_posted(desk: Desk) -> None:
    assert (await desk.pay(desk.body("A", "1", 10**15))).status_code == 201


async def test_a_directed_allocation_is_kept_as_it_is(desk: Desk) -> None:
    lines = [{"component": "fees", "amount_minor": 10}, {"component": "principal_only", "amount_minor": 990}]
    made = (await desk.pay(desk.body("A", "1", allocation=lines))).json()
    assert made["allocation"] == lines
    [(_, event)] = await desk.published()
    assert event["allocation_basis"] == "directed"


async def test_held_money_pays_nothing_of_what_its_neighbour_in_the_batch_is_for(desk: Desk) -> None:
    def of_the_core(ref: str, amount: int, **facts: Any) -> PostPayment:
        return PostPayment(
            payment_id=new_id(), account_id=desk.account("A"), creditor_id=desk.creditor, core_account_number="A",
            amount_minor=amount, currency="USD", effective_on=date(2026, 3, 2), posted_on=None, channel="ach",
            source="core", source_ref=ref, is_booked=True, **facts,
        )  # fmt: skip

    to_come = of_the_core("1", 500, allocation=(Line("interest", 500),))._replace(effective_on=date(2026, 3, 9))
    batch = [to_come, of_the_core("2", 500)]

    async def step(tx: Tx) -> list[PaymentAnswer | Refusal]:
        await lock(tx, creditors=[desk.creditor], accounts=[desk.account("A")])
        return await post_payments(tx, batch)

    held, made = await run_chunk(desk.engine, FixedClock(NOW), step)
    assert isinstance(held, PaymentAnswer)
    assert isinstance(made, PaymentAnswer)
    assert held.status == "unapplied"
    assert [(line.component, line.amount_minor) for line in made.allocation] == [("interest", 500)]


async def test_a_bare_unknown_account_is_404_and_so_is_another_creditors(desk: Desk) -> None:
    bare = {k: v for k, v in desk.body("A", "1").items() if k not in {"creditor_id", "core_account_number"}}
    unknown = await desk.pay(bare | {"account_id": str(uuid4())})
    foreign = await desk.pay(bare | {"account_id": str(desk.account("A"))}, creditors=[uuid4()])
    pair = await desk.pay(desk.body("A", "1"), creditors=[uuid4()])
    assert [(one.status_code, one.json()["code"]) for one in (unknown, foreign, pair)] == [
        (404, "account-unknown"), (404, "account-unknown"), (404, "creditor-unknown"),
    ]  # fmt: skip


async def test_money_for_an_unknown_account_is_held_and_posted_when_it_opens(desk: Desk) -> None:
    held = (await desk.pay(desk.body("NEW", "1"))).json()
    assert (held["status"], held["unapplied_minor"], held["allocation"]) == ("unapplied", 1000, [])
    assert [one["payment_id"] for one in await desk.payments(status="unapplied")] == [held["payment_id"]]
    await desk.feed(desk.account_message("NEW"))
    now = (await desk.get(f"/v1/payments/{held['payment_id']}")).json()
    assert (now["status"], now["unapplied_minor"], now["unapplied_reason"]) == ("posted", 0, None)
    assert sum(line["amount_minor"] for line in now["allocation"]) == 1000
    assert [topic for topic, _ in await desk.published()] == ["payment.unapplied", "payment.posted"]
    assert (await desk.pay(desk.body("NEW", "1"))).json()["payment_id"] == held["payment_id"]


async def test_held_money_is_posted_by_effective_date_whatever_the_order_of_arrival(desk: Desk) -> None:
    for ref, day in (("late", "2026-03-02"), ("early", "2026-02-01"), ("mid", "2026-02-15")):
        await desk.feed(desk.core("NEW", ref, effective_on=day))
    await desk.published()
    await desk.feed(desk.account_message("NEW"))
    assert [event["source_ref"] for _, event in await desk.published()] == ["early", "mid", "late"]


async def test_held_money_in_another_currency_goes_on_waiting(desk: Desk) -> None:
    await desk.feed(desk.core("NEW", "1", currency="EUR"))
    await desk.feed(desk.account_message("NEW"), desk.account_message("NEW", version=2, topic="account.updated"))
    [payment] = await desk.payments()
    assert (payment["status"], payment["unapplied_reason"]) == ("unapplied", "currency-mismatch")
    assert [event["reason"] for _, event in await desk.published()] == ["account-unknown", "currency-mismatch"]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"currency": "EUR"}, "currency-mismatch"),
        ({"effective_on": "2026-03-09"}, "effective-date-in-future"),
        ({"posted_on": "2026-03-09"}, "posted-date-in-future"),
    ],
)
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_money_of_the_core_that_does_not_fit_waits_in_sight_in_either_order(
    desk: Desk, order: tuple[int, int], facts: dict[str, Any], reason: str
) -> None:
    messages = [desk.core("NEW", "1", **facts), desk.account_message("NEW")]
    for place in order:
        await desk.feed(messages[place])
    [payment] = await desk.payments()
    assert (payment["status"], payment["unapplied_reason"]) == ("unapplied", reason)
    assert await desk.query("SELECT code FROM dead_letter WHERE creditor_id = :creditor") == []


async def test_money_of_a_day_to_come_is_posted_when_it_comes(desk: Desk) -> None:
    await desk.feed(desk.core("A", "1", effective_on="2026-03-09"))
    await desk.judge("2026-03-08")
    assert [one["status"] for one in await desk.payments()] == ["unapplied"]
    await desk.judge("2026-03-09")
    assert [(one["status"], one["posted_on"]) for one in await desk.payments()] == [("posted", "2026-03-09")]


async def test_money_that_is_booked_on_a_day_to_come_is_posted_when_it_comes(desk: Desk) -> None:
    await desk.feed(desk.core("A", "1", posted_on="2026-03-09"))
    await desk.judge("2026-03-08")
    assert [one["unapplied_reason"] for one in await desk.payments()] == ["posted-date-in-future"]
    await desk.judge("2026-03-09")
    assert [(one["status"], one["effective_on"]) for one in await desk.payments()] == [("posted", "2026-03-02")]


async def test_no_restriction_stops_incoming_money_and_it_is_flagged_for_review(desk: Desk) -> None:
    restricted = [{"kind": "bankruptcy_stay", "since_on": "2026-03-01"}, {"kind": "cease", "since_on": "2026-03-02"}]
    await desk.feed(desk.account_message("A", version=2, topic="account.updated", restrictions=restricted))
    answer = (await desk.pay(desk.body("A", "1"))).json()
    await desk.feed(desk.core("A", "2"), desk.core("LATER", "3"))
    await desk.feed(desk.account_message("LATER", restrictions=restricted))
    assert (answer["status"], answer["review_reasons"]) == ("posted", ["bankruptcy_stay", "cease"])
    flags = {
        event["source_ref"]: event["review_reasons"]
        for topic, event in await desk.published()
        if topic == "payment.posted"
    }
    assert flags == {ref: ["bankruptcy_stay", "cease"] for ref in ("1", "2", "3")}


async def test_a_bad_payment_of_the_core_is_parked_and_its_neighbours_are_posted(desk: Desk) -> None:
    await desk.feed(
        desk.core("A", "1"),
        desk.core("A", "1", 7),
        desk.core("A", "3", allocation=[{"component": "interest", "amount_minor": 1}]),
        desk.core("B", "4"),
    )
    codes = await desk.query("SELECT code FROM dead_letter WHERE creditor_id = :creditor ORDER BY code")
    assert [row[0] for row in codes] == ["allocation-mismatch", "source-ref-conflict"]
    assert sorted(one["source_ref"] for one in await desk.payments()) == ["1", "4"]


async def test_an_echo_posts_nothing_and_tells_when_the_core_booked_it(desk: Desk) -> None:
    made = (await desk.pay(desk.body("A", "1"))).json()["payment_id"]
    echo = desk.core("A", made, posted_on="2026-03-03", channel="ach")
    await desk.feed(echo)
    await desk.feed(echo, desk.core("A", made, 1, channel="ach"))
    [payment] = await desk.payments()
    assert (payment["booked_on"], payment["status"]) == ("2026-03-03", "posted")
    events = await desk.published()
    assert [(topic, event["booked_on"]) for topic, event in events] == [
        ("payment.posted", None), ("payment.posted", "2026-03-03"),
    ]  # fmt: skip
    codes = await desk.query("SELECT code FROM dead_letter WHERE creditor_id = :creditor")
    assert [row[0] for row in codes] == ["source-ref-conflict"]


async def test_the_list_pages_through_all_payments_newest_first(desk: Desk) -> None:
    made = [(await desk.pay(desk.body("A", str(number)))).json()["payment_id"] for number in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {"account_id": str(desk.account("A")), "limit": 2} | (
            {"cursor": cursor} if cursor else {}
        )
        page = (await desk.get("/v1/payments", **params)).json()
        seen += [one["payment_id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    assert (await desk.get("/v1/payments", creditors=[UUID(int=1)])).json()["items"] == []


async def test_a_collector_posts_but_does_not_reverse(desk: Desk) -> None:
    made = (await desk.pay(desk.body("A", "1"), role="collector")).json()["payment_id"]
    body = {"reason": "error", "effective_on": DAY}
    assert (await desk.post(f"/v1/payments/{made}/reversals", body, role="collector")).status_code == 403
    assert (await desk.post(f"/v1/payments/{made}/reallocations", {}, role="integrator")).status_code == 403


@pytest.mark.parametrize(
    "facts", [{"source": "core"}, {"posted_on": "2026-03-01"}], ids=["in the core's name", "booked in the past"]
)
async def test_only_an_integrator_speaks_for_core_banking(desk: Desk, facts: dict[str, Any]) -> None:
    body = desk.body("A", "1", **facts)
    for role in ("collector", "supervisor"):
        refused = await desk.pay(body, role=role)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert await desk.payments() == []
    assert (await desk.pay(body, role="integrator")).status_code == 201


async def test_a_collector_states_the_booking_of_today(desk: Desk) -> None:
    assert (await desk.pay(desk.body("A", "1", posted_on=DAY), role="collector")).status_code == 201
