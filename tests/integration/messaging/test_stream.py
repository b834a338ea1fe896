"""A live client resumes where it was, sees its creditors only, and is told when its place is gone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import FixedClock
from shared.db.maintenance import STREAM_KEPT, clear_old_rows
from shared.jobs import run_chunk
from shared.messaging.relay import STREAMED, Relay
from shared.messaging.stream import read_stream
from tests.integration.messaging.rig import CLOCK, KafkaPlace, emit, entered, fetch, outbox_is_empty, relaying, until


@pytest_asyncio.fixture
async def relay(kernel_engine: AsyncEngine, place: KafkaPlace) -> AsyncIterator[Relay]:
    async with relaying(Relay(place, kernel_engine)) as running:
        yield running


async def _publish(engine: AsyncEngine, relay: Relay, *creditors: object) -> None:
    await emit(engine, "queue.item_entered", [entered(creditor) for creditor in creditors], version=1)  # type: ignore[arg-type]
    relay.wake()
    await until(lambda: outbox_is_empty(engine))


async def test_a_client_resumes_after_the_last_event_it_saw(kernel_engine: AsyncEngine, relay: Relay) -> None:
    creditor = uuid4()
    start = (await read_stream(kernel_engine, STREAMED, None, None)).position
    await _publish(kernel_engine, relay, creditor, creditor, creditor)
    page = await read_stream(kernel_engine, STREAMED, start, None)
    assert [event.creditor_id for event in page.events] == [creditor] * 3
    assert page.position == page.events[-1].position
    rest = await read_stream(kernel_engine, STREAMED, page.events[0].position, None)
    assert rest.events == page.events[1:]
    first = await read_stream(kernel_engine, STREAMED, start, None, limit=2)
    assert (first.events, first.position) == (page.events[:2], page.events[1].position)


async def test_a_client_sees_its_creditors_only_and_passes_over_the_others(
    kernel_engine: AsyncEngine, relay: Relay
) -> None:
    mine, other = uuid4(), uuid4()
    start = (await read_stream(kernel_engine, STREAMED, None, None)).position
    await _publish(kernel_engine, relay, other, mine, other)
    page = await read_stream(kernel_engine, STREAMED, start, [mine])
    assert [event.creditor_id for event in page.events] == [mine]
    end = (await read_stream(kernel_engine, STREAMED, None, None)).position
    assert page.position == end
    assert (await read_stream(kernel_engine, STREAMED, start, [])).events == []
    assert (await read_stream(kernel_engine, ["queue.item_exited"], start, None)).events == []


async def test_a_place_that_is_pruned_or_was_never_given_asks_to_begin_anew(
    kernel_engine: AsyncEngine, relay: Relay
) -> None:
    await _publish(kernel_engine, relay, uuid4(), uuid4())
    end = (await read_stream(kernel_engine, STREAMED, None, None)).position
    in_three_days = FixedClock(CLOCK.now() + STREAM_KEPT + timedelta(hours=1))
    await run_chunk(kernel_engine, in_three_days, clear_old_rows)
    assert await fetch(kernel_engine, "SELECT 1 FROM stream_log") == []
    assert (await read_stream(kernel_engine, STREAMED, end, None)).is_reset is False
    old = await read_stream(kernel_engine, STREAMED, end - 1, None)
    assert (old.is_reset, old.position, old.events) == (True, end, [])
    assert (await read_stream(kernel_engine, STREAMED, end + 100, None)).is_reset is True
    await _publish(kernel_engine, relay, uuid4())
    page = await read_stream(kernel_engine, STREAMED, end, None)
    assert (page.is_reset, len(page.events)) == (False, 1)
