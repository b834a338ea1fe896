"""The times with nothing owed of an account with an arrangement: what is published of them, and what that costs."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from services.accounts.handlers.recompute import recompute
from shared.db.transaction import Tx
from shared.events.payments import PaymentPosted
from shared.jobs import run_chunk
from shared.messaging.message import Message
from tests.integration.accounts.desk import CLOCK, LOAN, Desk

CARD: dict[str, Any] = {
    **LOAN, "product_class": "credit_card", "balance_minor": 30_000, "past_due_minor": None,
    "oldest_unpaid_due_on": None, "installment_minor": None, "frequency": None, "next_due_on": None,
}  # fmt: skip
STATES = ("account.opened", "account.updated", "account.aged", "account.cured")


def on(day: int) -> date:
    return date(2026, 3, day)


async def payoffs(desk: Desk) -> list[tuple[str, str | None]]:
    """As they were published last."""
    told = [payload for _, payload, _ in await desk.events(*STATES)][-1]["payoffs"]
    return [(one["paid_off_on"], one["owed_again_on"]) for one in told]


async def statements(desk: Desk, *messages: Message[PaymentPosted]) -> list[str]:
    """What a batch of postings asks of the database."""
    asked: list[str] = []

    async def step(tx: Tx) -> Sequence[Any]:
        def note(one: Any) -> None:
            asked.append(one.query)

        tx.driver.add_query_logger(note)
        try:
            return await desk.handle(tx, messages)
        finally:
            tx.driver.remove_query_logger(note)

    await run_chunk(desk.engine, CLOCK, step)
    return asked


async def test_each_time_with_nothing_owed_is_told_and_a_snapshot_of_a_new_debt_ends_it(desk: Desk) -> None:
    await desk.take(CARD, day=on(10))
    await desk.apply(desk.arrangement(1, "active", arrangement_id=uuid4()))
    assert await payoffs(desk) == []
    await desk.apply(desk.posted(30_000, on(11)))
    assert await payoffs(desk) == [("2026-03-11", None)]
    await desk.take({**CARD, "balance_minor": 137}, day=on(12))
    assert await payoffs(desk) == [("2026-03-11", "2026-03-12")]
    await desk.apply(desk.posted(137, on(14)))
    await desk.take({**CARD, "balance_minor": 0}, day=on(15))
    assert await payoffs(desk) == [("2026-03-11", "2026-03-12"), ("2026-03-14", None)]
    await desk.take({**CARD, "balance_minor": 0}, day=on(10))  # it had been nothing from the first
    assert await payoffs(desk) == [("2026-03-10", "2026-03-12"), ("2026-03-14", None)]


async def test_told_on_top_of_what_stands_or_from_the_first_snapshot_they_are_the_same(desk: Desk) -> None:
    await desk.take(CARD, day=on(10))
    await desk.apply(desk.arrangement(1, "active", arrangement_id=uuid4()))
    for day, balance in [(11, 20_000), (12, 0), (13, 4_000), (14, 9_000)]:
        await desk.apply(desk.posted(10_000, on(day)))
        await desk.take({**CARD, "balance_minor": balance}, day=on(day))
    assert await payoffs(desk) == [("2026-03-12", "2026-03-13"), ("2026-03-14", "2026-03-14")]
    count = len(await desk.events(*STATES))
    await run_chunk(desk.engine, CLOCK, lambda tx: recompute(tx, [desk.id_of("L1")], changed_from=None))
    assert len(await desk.events(*STATES)) == count


async def test_payoffs_are_kept_and_told_where_nothing_else_changes(desk: Desk) -> None:
    await desk.take(CARD, day=on(10))
    await desk.apply(desk.arrangement(1, "active", arrangement_id=uuid4()))
    paid = desk.posted(30_000, on(11))
    await desk.apply(paid)
    for day, balance in [(12, 0), (14, 500)]:
        await desk.take({**CARD, "balance_minor": balance}, day=on(day))
    assert await payoffs(desk) == [("2026-03-11", "2026-03-14")]
    await desk.apply(desk.reversed(paid, on(13)))  # which the ruling snapshot holds already
    assert await payoffs(desk) == []
    await desk.apply(desk.posted(500, on(15)))
    assert await payoffs(desk) == [("2026-03-15", None)]


async def test_an_account_without_an_arrangement_has_none(desk: Desk) -> None:
    await desk.take(CARD, day=on(10))
    await desk.apply(desk.posted(30_000, on(11)))
    assert await payoffs(desk) == []
    await desk.apply(desk.arrangement(1, "active", arrangement_id=uuid4()))
    assert await payoffs(desk) == [("2026-03-11", None)]


async def test_a_payment_on_top_of_the_ruling_snapshot_asks_nothing_more_for_them(desk: Desk) -> None:
    await desk.take(CARD, {**CARD, "core_account_number": "L2"}, day=on(10))
    await desk.apply(desk.arrangement(1, "active", arrangement_id=uuid4()))
    usual = await statements(desk, desk.posted(1_000, on(11), number="L2"))
    assert await statements(desk, desk.posted(1_000, on(11), number="L1")) == usual
