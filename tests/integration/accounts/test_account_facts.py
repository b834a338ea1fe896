"""Money, promises and snapshots on an account: the sentences of "What the words mean", through the real handlers."""

import random
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.db.transaction import Tx
from shared.jobs import run_chunk
from shared.messaging.message import Message
from tests.integration.accounts.desk import CLOCK, CURRENT_LOAN, DAY, LOAN, Desk

NEXT = DAY + timedelta(days=1)
WATCHED = (
    "balance_minor", "past_due_minor", "oldest_unpaid_due_on", "bucket", "stage", "queue", "snapshot_on", "is_absent",
)  # fmt: skip


async def state(desk: Desk) -> tuple[Any, ...]:
    account = await desk.account()
    return tuple(account[name] for name in WATCHED)


async def test_a_payment_pays_the_oldest_due_first_and_moves_the_account(desk: Desk) -> None:
    await desk.take(LOAN)
    assert (await desk.account())["queue"] == "mid"
    await desk.apply(desk.posted(10_000, NEXT))
    account = await desk.account()
    assert (account["past_due_minor"], account["oldest_unpaid_due_on"]) == (10_000, "2026-03-01")
    assert (account["balance_minor"], account["queue"]) == (90_000, "early_stage")
    topics = [topic for topic, _, _ in await desk.events("account.aged", "account.updated", "account.cured")]
    assert topics == ["account.aged"]


async def test_paying_all_that_is_past_due_cures(desk: Desk) -> None:
    await desk.take(LOAN)
    await desk.apply(desk.posted(20_000, NEXT))
    found = await desk.events("account.opened", "account.aged", "account.cured", "account.updated")
    assert [(topic, version) for topic, _, version in found] == [
        ("account.opened", 1), ("account.cured", 2), ("account.aged", 3),
    ]  # fmt: skip
    assert (await desk.account())["queue"] is None
    exits = await desk.events("queue.item_exited")
    assert [payload["queue"] for _, payload, _ in exits] == ["mid"]


async def test_a_core_payment_posted_by_the_snapshot_date_is_in_it(desk: Desk) -> None:
    await desk.take(LOAN)
    await desk.apply(desk.posted(10_000, DAY))
    assert (await desk.account())["balance_minor"] == 100_000
    await desk.apply(desk.posted(10_000, DAY - timedelta(days=30), NEXT))
    assert (await desk.account())["balance_minor"] == 90_000


async def test_our_payment_counts_on_top_until_a_later_snapshot(desk: Desk) -> None:
    await desk.take(LOAN)
    await desk.apply(desk.posted(10_000, DAY, origin="ours"))
    assert (await desk.account())["balance_minor"] == 90_000
    await desk.take(
        {**LOAN, "balance_minor": 90_000, "past_due_minor": 10_000, "oldest_unpaid_due_on": "2026-03-01"}, day=NEXT
    )
    assert (await desk.account())["balance_minor"] == 90_000


async def test_an_echo_makes_ours_a_core_entry_in_any_order(desk: Desk) -> None:
    await desk.take(LOAN)
    ours = desk.posted(10_000, DAY, origin="ours", payment_id=uuid4())
    echoed = desk.posted(10_000, DAY, origin="ours", payment_id=ours.payload.payment_id, booked_on=DAY)
    await desk.apply(echoed)
    await desk.apply(ours)
    assert (await desk.account())["balance_minor"] == 100_000
    late = desk.posted(5_000, DAY, origin="ours", payment_id=uuid4())
    await desk.apply(late)
    assert (await desk.account())["balance_minor"] == 95_000
    await desk.apply(desk.posted(5_000, DAY, origin="ours", payment_id=late.payload.payment_id, booked_on=DAY))
    assert (await desk.account())["balance_minor"] == 100_000


async def test_a_fact_applied_twice_counts_once(desk: Desk) -> None:
    await desk.take(LOAN)
    payment = desk.posted(10_000, NEXT)
    back = desk.reversed(payment, NEXT)
    await desk.apply(payment, payment)
    await desk.apply(payment)
    assert (await desk.account())["balance_minor"] == 90_000
    await desk.apply(back, desk.reversed(payment, NEXT))
    assert (await desk.account())["balance_minor"] == 100_000


async def test_a_reversal_before_its_payment_waits_for_it(desk: Desk) -> None:
    await desk.take(LOAN)
    payment = desk.posted(10_000, NEXT)
    await desk.apply(desk.reversed(payment, NEXT))
    assert (await desk.account())["balance_minor"] == 100_000
    await desk.apply(payment)
    assert (await desk.account())["balance_minor"] == 100_000


async def test_a_reversal_of_a_contained_payment_is_due_on_the_oldest_date_that_it_had_paid(desk: Desk) -> None:
    await desk.take(LOAN)
    payment = desk.posted(20_000, NEXT)
    await desk.apply(payment)
    paid = {**CURRENT_LOAN, "balance_minor": 80_000}
    await desk.take(paid, day=NEXT)
    assert (await desk.account())["past_due_minor"] == 0
    await desk.apply(desk.reversed(payment, NEXT + timedelta(days=2)))
    account = await desk.account()
    assert (account["balance_minor"], account["past_due_minor"]) == (100_000, 20_000)
    assert account["oldest_unpaid_due_on"] == "2026-02-01"


async def test_a_reversal_of_a_payment_of_unknown_effect_is_due_on_its_effective_date(desk: Desk) -> None:
    await desk.take(CURRENT_LOAN)
    payment = desk.posted(7_000, date(2026, 3, 2))
    await desk.apply(payment, desk.reversed(payment, NEXT))
    account = await desk.account()
    assert (account["past_due_minor"], account["oldest_unpaid_due_on"]) == (7_000, "2026-03-02")


async def test_principal_only_money_lowers_the_balance_and_pays_no_due(desk: Desk) -> None:
    await desk.take(LOAN)
    lines = [{"component": "principal_only", "amount_minor": 6_000}, {"component": "interest", "amount_minor": 4_000}]
    await desk.apply(desk.posted(10_000, NEXT, allocation=lines, allocation_basis="directed"))
    account = await desk.account()
    assert (account["balance_minor"], account["past_due_minor"]) == (90_000, 16_000)


async def test_facts_may_come_before_their_account(desk: Desk) -> None:
    payment = desk.posted(10_000, NEXT)
    await desk.apply(payment)
    await desk.take(LOAN)
    assert (await desk.account())["balance_minor"] == 90_000


async def test_a_charged_off_debt_is_in_recovery_and_part_payments_neither_re_age_nor_cure(desk: Desk) -> None:
    await desk.take({**LOAN, "core_account_number": "L9", "party_number": "P9"})
    row = {**LOAN, "status": "charged_off", "charged_off_on": "2026-03-01"}
    await desk.receive(desk.snapshot(**row))
    account = await desk.account()
    assert (account["stage"], account["past_due_minor"], account["queue"]) == ("recovery", 100_000, "recovery")
    await desk.apply(desk.posted(30_000, NEXT))
    account = await desk.account()
    assert (account["past_due_minor"], account["oldest_unpaid_due_on"]) == (70_000, "2026-02-01")
    await desk.apply(desk.posted(70_000, NEXT))
    account = await desk.account()
    assert (account["bucket"], account["stage"], account["queue"]) == ("current", "current", None)


async def test_an_older_snapshot_only_fills_history(desk: Desk) -> None:
    await desk.take(LOAN)
    before = await state(desk)
    counts = await desk.take(
        {**LOAN, "balance_minor": 1, "past_due_minor": 0, "given_name": "Old"}, day=date(2026, 3, 1)
    )
    assert counts["unchanged"] == 1
    assert await state(desk) == before
    past = await desk.account(as_of="2026-03-05")
    assert (past["balance_minor"], past["past_due_minor"], past["snapshot_on"]) == (1, 0, "2026-03-01")


async def test_a_past_day_counts_the_entries_effective_by_then(desk: Desk) -> None:
    await desk.take(LOAN)
    await desk.age(date(2026, 3, 20))
    await desk.apply(desk.posted(10_000, date(2026, 3, 15), date(2026, 3, 18)))
    assert (await desk.account(as_of="2026-03-14"))["balance_minor"] == 100_000
    on = await desk.account(as_of="2026-03-15")
    assert (on["balance_minor"], on["oldest_unpaid_due_on"], on["days_past_due"]) == (90_000, "2026-03-01", 14)
    url = f"/v1/accounts/{desk.id_of('L1')}"
    for day, code in (("2026-03-21", "as-of-in-future"), ("2026-03-09", "as-of-before-history")):
        answer = await desk.http.get(url, params={"as_of": day}, headers=desk.headers("collector"))
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_balance_names_its_items(desk: Desk) -> None:
    await desk.take(LOAN)
    payment = desk.posted(10_000, NEXT)
    await desk.apply(payment, desk.posted(3_000, NEXT), desk.reversed(payment, NEXT))
    answer = await desk.http.get(f"/v1/accounts/{desk.id_of('L1')}/balance", headers=desk.headers("collector"))
    found = answer.json()
    assert found["balance_minor"] == found["snapshot_balance_minor"] + sum(i["amount_minor"] for i in found["items"])
    assert sorted(item["amount_minor"] for item in found["items"]) == [-10_000, -3_000, 10_000]
    assert sum(due["amount_minor"] for due in found["dues"]) == found["past_due_minor"]


async def test_promises_and_arrangements_move_the_account_and_older_versions_are_ignored(desk: Desk) -> None:
    await desk.take(LOAN)
    promise_id, arrangement_id = uuid4(), uuid4()
    await desk.apply(desk.promise(1, "made", promise_id=promise_id))
    assert (await desk.account())["queue"] == "arrangement_follow_up"
    broken = desk.promise(2, "broken", promise_id=promise_id, resolved_on=DAY)
    await desk.apply(broken)
    assert (await desk.account())["queue"] == "broken_promise"
    await desk.apply(desk.promise(1, "made", promise_id=promise_id))
    assert (await desk.account())["queue"] == "broken_promise"
    await desk.apply(desk.arrangement(1, "active", arrangement_id=arrangement_id))
    assert (await desk.account())["arrangement_status"] == "active"
    await desk.apply(desk.arrangement(2, "completed", arrangement_id=arrangement_id, next_due_on=None))
    assert (await desk.account())["arrangement_status"] == "completed"


async def test_any_order_of_the_same_facts_ends_in_the_same_account(desk: Desk) -> None:
    """Posted, reversed, back-dated, duplicated, echoed; late snapshots; promises and arrangements: permuted."""
    seed = random.Random(20260310)  # a repeatable order, no secret
    ends: set[tuple[Any, ...]] = set()
    for _ in range(12):
        ids = [uuid4() for _ in range(4)]
        desk.creditor_id = uuid4()
        assert (await desk.open_creditor()).status_code == 200
        await desk.take({**LOAN, "core_account_number": "seed"}, day=date(2026, 3, 12))
        inside = desk.posted(20_000, date(2026, 3, 8), payment_id=ids[0])
        ours = desk.posted(5_000, DAY, origin="ours", payment_id=ids[1])
        facts: list[Message[Any]] = [
            inside,
            inside,
            desk.reversed(inside, date(2026, 3, 14)),
            ours,
            desk.posted(5_000, DAY, origin="ours", payment_id=ids[1], booked_on=date(2026, 3, 12)),
            desk.posted(4_000, date(2026, 2, 20), date(2026, 3, 13), payment_id=ids[2]),
            desk.promise(1, "made", promise_id=ids[3]),
            desk.promise(2, "broken", promise_id=ids[3], resolved_on=date(2026, 3, 12)),
            desk.arrangement(1, "active", arrangement_id=ids[3]),
        ]
        snapshots: list[Message[Any]] = [
            desk.snapshot(date(2026, 3, 1), past_due_minor=10_000),
            desk.snapshot(DAY, **{**CURRENT_LOAN, "balance_minor": 80_000}),
            desk.snapshot(date(2026, 3, 11), **{**CURRENT_LOAN, "balance_minor": 80_000}),
        ]
        steps: list[Message[Any]] = [*facts, *snapshots]
        seed.shuffle(steps)
        for step in steps:
            await (desk.receive(step) if step in snapshots else desk.apply(step))
        ends.add(await state(desk))
    assert len(ends) == 1, ends


async def test_a_snapshot_of_an_unknown_creditor_is_held_and_applied_when_it_is_made(desk: Desk) -> None:
    desk.creditor_id = UUID(int=uuid4().int)
    assert await desk.receive(desk.snapshot(), desk.snapshot(core_account_number="L2")) == []
    held = await desk.http.get("/v1/held-snapshots", headers=desk.headers("admin", desk.creditor_id))
    assert [each["core_account_number"] for each in held.json()["items"]] == ["L1", "L2"]
    assert (await desk.open_creditor()).status_code == 200
    await desk.run_jobs()
    assert (await desk.account("L2"))["balance_minor"] == 100_000
    held = await desk.http.get("/v1/held-snapshots", headers=desk.headers("admin", desk.creditor_id))
    assert held.json()["items"] == []


async def test_a_held_snapshot_that_is_refused_by_now_stays_held_and_holds_up_no_other(desk: Desk) -> None:
    desk.creditor_id = UUID(int=uuid4().int)
    await desk.receive(*(desk.snapshot(core_account_number=number) for number in ("L1", "L2")))

    async def as_once_taken(tx: Tx) -> None:
        await tx.execute(
            "UPDATE held_snapshot SET body = jsonb_set(body, '{oldest_unpaid_due_on}', '\"0001-01-01\"')"
            " WHERE creditor_id = $1 AND core_account_number = 'L1'",
            desk.creditor_id,
        )

    await run_chunk(desk.engine, CLOCK, as_once_taken)
    await desk.open_creditor()
    await desk.run_jobs()
    assert (await desk.account("L2"))["balance_minor"] == 100_000
    held = await desk.http.get("/v1/held-snapshots", headers=desk.headers("admin", desk.creditor_id))
    assert [each["core_account_number"] for each in held.json()["items"]] == ["L1"]


async def test_a_held_snapshot_yields_to_what_was_received_of_its_day_since(desk: Desk) -> None:
    desk.creditor_id = UUID(int=uuid4().int)
    numbers = ("L1", "L2", "L3")
    await desk.receive(*(desk.snapshot(core_account_number=number, balance_minor=70_000) for number in numbers))
    await desk.receive(desk.snapshot(core_account_number="L3", balance_minor=80_000))
    await desk.open_creditor()
    await desk.receive(desk.snapshot(balance_minor=90_000))
    await desk.take({**LOAN, "core_account_number": "L2", "balance_minor": 95_000})
    await desk.run_jobs()
    assert [(await desk.account(number))["balance_minor"] for number in numbers] == [90_000, 95_000, 80_000]


async def test_a_snapshot_that_cannot_be_taken_is_refused_alone(desk: Desk) -> None:
    rejected = await desk.receive(desk.snapshot(currency="EUR"), desk.snapshot(core_account_number="L2"))
    assert [each.refusal.code for each in rejected] == ["currency-mismatch"]
    assert (await desk.account("L2"))["balance_minor"] == 100_000
