"""Messages in any order, in any batches, some twice: payments comes to the same end on its real handlers."""

from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from shared.messaging.message import RawMessage
from tests.conftest import GetEngine
from tests.integration.payments.money_desk import Desk, open_desk


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("payments"), issuer) as made:
        yield made


def story(desk: Desk) -> list[RawMessage]:
    """Payments early and late, reversed, doubly reversed, reversed twice by name, for two accounts that open."""
    return [
        desk.creditor_message(),
        desk.creditor_message(version=3, business_date="2026-03-03"),
        desk.date_message("2026-03-03"),
        desk.account_message("A"),
        desk.account_message("A", version=2, topic="account.updated", balance_minor=50_000),
        desk.account_message("B"),
        desk.core("A", "a-1", 1000),
        desk.core("A", "a-2", 300, effective_on="2026-02-01"),
        desk.core("A", "a-3", 77, allocation=[{"component": "fees", "amount_minor": 77}]),
        desk.core("B", "b-1", 500),
        desk.core("A", "a-1r", 1000, reversal_of="a-1", reason="nsf"),
        desk.core("B", "b-1r", 500, reversal_of="b-1"),
        desk.core("B", "b-2", 800, effective_on="2026-01-15"),
        desk.core("C", "c-1", 800),
    ]  # fmt: skip


async def deliver(desk: Desk, messages: Sequence[RawMessage], chance: Random) -> None:
    waiting = list(messages) + chance.sample(list(messages), 4)
    chance.shuffle(waiting)
    while waiting:
        cut = chance.randint(1, 6)
        now, waiting = waiting[:cut], waiting[cut:]
        await desk.feed(*now)


async def state(desk: Desk) -> list[tuple[Any, ...]]:
    return sorted(
        (
            one["source_ref"], one["core_account_number"], one["status"], one["amount_minor"], one["posted_on"],
            one["unapplied_reason"], sum(line["amount_minor"] for line in one["allocation"]),
            one["reversal"] and (one["reversal"]["reason"], one["reversal"]["posted_on"]),
        )
        for one in await desk.payments()
    )  # fmt: skip


async def facts(desk: Desk) -> list[tuple[Any, ...]]:
    """Every fact is published once: the two of each payment at most."""
    events = [(t, e) for t, e in await desk.published() if t in {"payment.posted", "payment.reversed"}]
    refs = {e["payment_id"]: e["source_ref"] for t, e in events if t == "payment.posted"}
    return sorted((topic, refs[event["payment_id"]]) for topic, event in events)


@pytest.mark.parametrize("seed", range(25))
async def test_any_order_of_the_same_messages_ends_in_the_same_state(desk: Desk, seed: int) -> None:
    await desk.feed(*story(desk))
    expected = await state(desk), await facts(desk)
    desk.creditor = uuid4()
    await deliver(desk, story(desk), Random(seed))
    assert (await state(desk), await facts(desk)) == expected
    assert [row[2] for row in expected[0]] == ["reversed", "posted", "posted", "reversed", "posted", "unapplied"]


async def test_books_balance_after_any_order(desk: Desk) -> None:
    await deliver(desk, story(desk), Random(99))
    wrong = await desk.query(
        """
        SELECT p.payment_id FROM payment p LEFT JOIN allocation a USING (payment_id)
        WHERE p.creditor_id = :creditor AND p.unapplied_reason IS NULL
        GROUP BY p.payment_id, p.amount_minor HAVING sum(a.amount_minor) IS DISTINCT FROM p.amount_minor
        """
    )
    assert wrong == []
