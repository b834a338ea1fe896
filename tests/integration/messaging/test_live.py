"""All live clients of a process follow one reader: each sees its own creditors, none misses an event."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.jobs import run_chunk
from shared.messaging.live import LiveLog
from shared.messaging.stream import StreamPage
from tests.integration.messaging.rig import CLOCK, fetch, until

TOPICS = ("queue.item_entered",)
MANY = 200

INSERT = """
INSERT INTO stream_log (event_id, topic, key, type, source, time, creditor_id, body)
SELECT gen_random_uuid(), 'queue.item_entered', 'k', 't', '/accounts', now(), $1::uuid, '{}'
FROM generate_series(1, $2::int)
"""
READERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"


@pytest_asyncio.fixture
async def log(kernel_engine: AsyncEngine) -> AsyncIterator[LiveLog]:
    made = LiveLog(kernel_engine, poll_s=0.01, kept_events=50)
    yield made
    await made.close()


async def _readers(engine: AsyncEngine) -> list[Any]:
    return await fetch(engine, READERS, "arrears live log")


async def _nobody_reads(engine: AsyncEngine) -> bool:
    return not await _readers(engine)


async def _publish(engine: AsyncEngine, creditor: UUID, count: int = 1) -> None:
    await run_chunk(engine, CLOCK, lambda tx: tx.execute(INSERT, creditor, count))


def _follow(log: LiveLog, creditor: UUID | None, after: int | None = None) -> AsyncGenerator[StreamPage]:
    return log.follow(TOPICS, None if creditor is None else [creditor], after, idle_s=30)


async def _next(pages: AsyncGenerator[StreamPage]) -> StreamPage:
    async with asyncio.timeout(20):
        return await anext(pages)


async def test_two_hundred_clients_share_one_reader_and_each_sees_its_creditor(
    kernel_engine: AsyncEngine, log: LiveLog
) -> None:
    creditors = [uuid4() for _ in range(MANY)]
    clients = [_follow(log, creditor) for creditor in creditors]
    await asyncio.gather(*map(_next, clients))
    waiting = [asyncio.create_task(_next(client)) for client in clients]
    for creditor in creditors:
        await _publish(kernel_engine, creditor)
    assert len(await _readers(kernel_engine)) == 1
    pages = await asyncio.gather(*waiting)
    assert [[event.creditor_id for event in page.events] for page in pages] == [[creditor] for creditor in creditors]
    for client in clients:
        await client.aclose()
    await until(lambda: _nobody_reads(kernel_engine))


async def test_a_client_that_lost_its_connection_before_its_first_event_misses_none(
    kernel_engine: AsyncEngine, log: LiveLog
) -> None:
    creditor = uuid4()
    async with aclosing(_follow(log, creditor)) as pages:
        began = (await _next(pages)).position
    await _publish(kernel_engine, creditor, 3)
    async with aclosing(_follow(log, creditor, began)) as pages:
        assert len((await _next(pages)).events) == 3


async def test_a_client_slower_than_the_tail_reads_the_log_and_misses_nothing(
    kernel_engine: AsyncEngine, log: LiveLog
) -> None:
    creditor, other = uuid4(), uuid4()
    async with aclosing(_follow(log, creditor)) as slow, aclosing(_follow(log, other)) as quick:
        seen = (await _next(slow)).position
        await _next(quick)
        for _ in range(4):
            await _publish(kernel_engine, creditor, 40)
            await _publish(kernel_engine, other)
            await _next(quick)
        assert len(log._tail) <= 50  # what it keeps is bounded, whoever is behind
        found: list[int] = []
        while len(found) < 160:
            page = await _next(slow)
            assert not page.is_reset
            found += [event.position for event in page.events]
        assert found == sorted(set(found))
        assert found[0] > seen


async def test_a_large_backlog_comes_in_pages(kernel_engine: AsyncEngine) -> None:
    log, creditor = LiveLog(kernel_engine, poll_s=0.01), uuid4()
    async with aclosing(_follow(log, creditor)) as pages:
        await _next(pages)
        await _publish(kernel_engine, creditor, 1_200)
        sizes: list[int] = []
        while sum(sizes) < 1_200:
            sizes.append(len((await _next(pages)).events))
    assert max(sizes) <= 500
    assert sum(sizes) == 1_200


async def test_silence_yields_the_position_that_events_of_others_have_reached(
    kernel_engine: AsyncEngine, log: LiveLog
) -> None:
    async with aclosing(log.follow(TOPICS, [uuid4()], None, idle_s=0.2)) as pages:
        first = await _next(pages)
        await _publish(kernel_engine, uuid4())
        positions = [first.position]
        while positions[-1] == first.position:
            page = await _next(pages)
            assert page.events == []
            positions.append(page.position)
    assert positions[-1] == first.position + 1


async def test_a_position_that_was_never_given_asks_to_begin_anew_and_goes_on(
    kernel_engine: AsyncEngine, log: LiveLog
) -> None:
    creditor = uuid4()
    async with aclosing(_follow(log, creditor, 2**40)) as pages:
        assert (await _next(pages)).is_reset
        await _publish(kernel_engine, creditor)
        page = await _next(pages)
        assert (page.is_reset, len(page.events)) == (False, 1)


async def test_a_reader_that_is_cut_off_reads_on_and_no_client_notices(
    kernel_engine: AsyncEngine, log: LiveLog
) -> None:
    creditor = uuid4()
    async with aclosing(_follow(log, creditor)) as pages:
        await _next(pages)
        (reader,) = await _readers(kernel_engine)
        await fetch(kernel_engine, "SELECT pg_terminate_backend($1)", reader["pid"])
        await _publish(kernel_engine, creditor)
        page = await _next(pages)
        assert (page.is_reset, len(page.events)) == (False, 1)


async def test_no_more_clients_than_one_process_takes(log: LiveLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.messaging.live.MAX_CLIENTS", 1)
    assert not log.is_full
    async with aclosing(_follow(log, None)) as pages:
        await _next(pages)
        assert log.is_full
    assert not log.is_full
