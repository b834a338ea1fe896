"""Facts explain every row: rebuilt from them, a book is what it was; a row that is not is named and put right."""

from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from deploy.local.kafka import Kafka
from services.accounts.app import SERVICE as ACCOUNTS
from services.payments.app import SERVICE as PAYMENTS
from shared.cli import ServiceDescription
from shared.clock import SystemClock
from shared.db.engine import engine_for
from shared.messaging.message import RawMessage
from shared.messaging.rebuild import NotAtRestError, RebuildReport, rebuild
from tests.conftest import GetDatabase, GetEngine
from tests.integration.any_order.story import Story
from tests.integration.any_order.telling import Telling
from tests.integration.creditor_book import open_book
from tests.integration.world import World, open_world

SERVICES: dict[str, ServiceDescription[Any]] = {"accounts": ACCOUNTS, "payments": PAYMENTS}


@pytest_asyncio.fixture(scope="module")
async def world(issuer: Issuer, kafka: Kafka, service_engine: GetEngine) -> AsyncIterator[World]:
    """Both services, with databases of this module."""
    engines = {name: await service_engine(name) for name in SERVICES}
    async with open_world(issuer, engines, kafka.bootstrap_servers, ["supervisor", "integrator", "admin"]) as opened:
        yield opened


async def _rebuild(
    world: World, get_database: GetDatabase, name: str, *, check: bool, at_rest: bool = True
) -> RebuildReport:
    service = SERVICES[name]
    assert service.rebuild is not None
    side = world.accounts if name == "accounts" else world.payments
    how = service.rebuild(side.client._transport.app.state.settings)  # type: ignore[attr-defined]
    engine = engine_for((await get_database(name)).owner_dsn)

    async def history() -> AsyncIterator[Sequence[RawMessage]]:
        yield [message for message in world.sent if message.topic in how.topics]

    async def is_at_rest() -> bool:
        return at_rest

    try:
        return await rebuild(engine, SystemClock(), how, history, check=check, is_at_rest=is_at_rest)
    finally:
        await engine.dispose()


async def _sql(get_database: GetDatabase, name: str, sql: str, *args: Any) -> str:
    connection = await asyncpg.connect((await get_database(name)).owner_dsn)
    try:
        return str(await connection.execute(sql, *args))
    finally:
        await connection.close()


async def _account_with_a_past(world: World) -> UUID:
    book = await open_book(world)
    await book.take()
    await book.arrange(("2026-03-20", 20_000))
    await book.promise(20_000, "2026-03-20")
    await book.core_pays("R1", 15_000, "2026-03-15")
    await book.restrict("cease")
    await world.settle()
    return UUID(book.id_of())


@pytest.mark.parametrize("seed", [3, 8])
async def test_a_book_that_was_told_in_any_order_is_what_its_facts_say(
    world: World, service_database: GetDatabase, seed: int
) -> None:
    await Telling(world, Story(seed), Random(seed)).live()
    for name in SERVICES:
        report = await _rebuild(world, service_database, name, check=True)
        assert report.differences == []
        assert report.messages > 0
        assert all(before == after for before, after in report.hashes.values())


@pytest.mark.parametrize(
    ("name", "table", "sql"),
    [
        ("accounts", "entry", "UPDATE entry SET amount_minor = amount_minor + 1 WHERE account_id = $1"),
        ("accounts", "entry", "DELETE FROM entry WHERE account_id = $1"),
        ("accounts", "promise_view", "UPDATE promise_view SET status = 'broken' WHERE account_id = $1"),
        ("accounts", "arrangement_view", "DELETE FROM arrangement_view WHERE account_id = $1"),
        ("accounts", "restriction_view", "UPDATE restriction_view SET kind = 'scra' WHERE account_id = $1"),
        ("accounts", "outside_event", "DELETE FROM outside_event WHERE account_id = $1"),
        (
            "accounts",
            "account",
            "UPDATE account SET restrictions = '{}', restricted_since = '{}' WHERE account_id = $1",
        ),
        ("accounts", "account", "UPDATE account SET balance_minor = 1, bucket = 'current' WHERE account_id = $1"),
        ("payments", "account_view", "UPDATE account_view SET balance_minor = 1 WHERE account_id = $1"),
        ("payments", "promise", "UPDATE promise SET paid_minor = 7 WHERE account_id = $1"),
        ("payments", "arrangement", "UPDATE arrangement SET next_due_on = NULL WHERE account_id = $1"),
    ],
)
async def test_a_corrupted_row_is_named_by_a_check_and_put_right_by_a_rebuild(
    world: World, service_database: GetDatabase, name: str, table: str, sql: str
) -> None:
    account = await _account_with_a_past(world)
    before = await _rebuild(world, service_database, name, check=True)
    assert before.differing == 0
    assert await _sql(service_database, name, sql, account) in {"UPDATE 1", "DELETE 1"}

    checked = await _rebuild(world, service_database, name, check=True)
    assert table in {each.table for each in checked.differences}
    again = await _rebuild(world, service_database, name, check=True)
    assert again.differences == checked.differences, "a check writes nothing"

    repaired = await _rebuild(world, service_database, name, check=False)
    assert repaired.differences == checked.differences
    after = await _rebuild(world, service_database, name, check=True)
    assert after.differing == 0
    assert after.hashes == before.hashes


async def test_a_rebuild_waits_for_messages_that_are_on_their_way(world: World, service_database: GetDatabase) -> None:
    with pytest.raises(NotAtRestError, match="not consumed yet"):
        await _rebuild(world, service_database, "accounts", check=True, at_rest=False)
