"""The frames of a live stream: a silent one is kept open by comments, and it ends with the client's token."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from shared.clock import FixedClock
from shared.http.stream import HEARTBEAT_S, StreamBatch, StreamEvent, stream_frames

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def _frames(
    log: list[StreamEvent], draining: asyncio.Event, *, heartbeat_s: float, ends_in: timedelta = timedelta(hours=1)
) -> AsyncIterator[bytes]:
    async def read(after: int | None) -> StreamBatch:
        if after is None:
            return StreamBatch([], len(log))
        return StreamBatch([each for each in log if each.position > after], len(log))

    return stream_frames(
        read,
        after=None,
        clock=FixedClock(NOW),
        expires_at=NOW + ends_in,
        draining=draining,
        poll_s=0.001,
        heartbeat_s=heartbeat_s,
    )


async def test_a_silent_stream_writes_a_comment_again_and_again() -> None:
    draining = asyncio.Event()
    frames = _frames([], draining, heartbeat_s=0.01)
    async with asyncio.timeout(10):
        assert await anext(frames) == b"retry: 2000\n\n"
        began_at = asyncio.get_running_loop().time()
        for _ in range(3):
            assert await anext(frames) == b": heartbeat\n\n"
        assert asyncio.get_running_loop().time() - began_at >= 0.03
        draining.set()
        assert [frame async for frame in frames] == []


async def test_events_put_the_comment_off() -> None:
    log: list[StreamEvent] = []
    draining = asyncio.Event()
    frames = _frames(log, draining, heartbeat_s=3600)
    async with asyncio.timeout(10):
        await anext(frames)
        told = asyncio.ensure_future(anext(frames))  # it has read the end of the log, and waits
        while not told.done():
            log.append(StreamEvent(len(log) + 1, "queue.item_entered", "{}"))
            await asyncio.sleep(0.005)
        assert told.result().startswith(b"id: ")
        draining.set()
        rest = [frame async for frame in frames]
    assert b": heartbeat\n\n" not in rest


async def test_a_stream_ends_when_the_token_has_expired() -> None:
    frames = _frames([], asyncio.Event(), heartbeat_s=0, ends_in=timedelta(0))
    assert [frame async for frame in frames] == [b"retry: 2000\n\n"]


def test_the_comment_comes_every_15_seconds_unless_told_otherwise() -> None:
    assert inspect.signature(stream_frames).parameters["heartbeat_s"].default == HEARTBEAT_S == 15


async def test_data_stays_on_one_line_whatever_characters_it_holds() -> None:
    log: list[StreamEvent] = []
    frames = _frames(log, asyncio.Event(), heartbeat_s=0)
    async with asyncio.timeout(10):
        await anext(frames)
        await anext(frames)
        log.append(StreamEvent(1, "queue.item_assigned", '{"assigned_to":"a\u2028b\x85c"}'))
        while (frame := await anext(frames)).startswith(b":"):
            pass
    assert frame.decode() == 'id: 1\nevent: queue.item_assigned\ndata: {"assigned_to":"a\u2028b\x85c"}\n\n'
