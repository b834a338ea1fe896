"""The blocks of a live stream, and what ends it: its client, a client that does not read, its token, its process."""

import asyncio
import inspect
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from shared.http.stream import HEARTBEAT_S, TAKE_S, EventStream, stream_frames
from shared.messaging.stream import StreamEvent, StreamPage

AT = datetime(2026, 3, 10, tzinfo=UTC)


def _event(position: int, body: str = "{}") -> StreamEvent:
    return StreamEvent(position, "queue.item_entered", UUID(int=position), "key", None, AT, 1, body)


async def _pages(*pages: StreamPage) -> AsyncGenerator[StreamPage]:
    for page in pages:
        yield page


async def _frames(*pages: StreamPage) -> list[str]:
    return [frame.decode() async for frame in stream_frames(_pages(*pages))]


async def test_a_stream_says_where_it_stands_before_its_first_event_and_in_each_heartbeat() -> None:
    frames = await _frames(StreamPage([], 7), StreamPage([], 9))
    assert frames == ["retry: 2000\n\n", ": heartbeat\nid: 7\n\n", ": heartbeat\nid: 9\n\n"]


async def test_events_and_resets_carry_the_id_to_resume_from() -> None:
    frames = await _frames(StreamPage([], 4, is_reset=True), StreamPage([_event(5), _event(6)], 6))
    assert frames[1] == "id: 4\nevent: stream.reset\ndata: {}\n\n"
    assert frames[2] == "".join(f"id: {n}\nevent: queue.item_entered\ndata: {{}}\n\n" for n in (5, 6))


async def test_data_stays_on_one_line_whatever_characters_it_holds() -> None:
    (_, frame) = await _frames(StreamPage([_event(1, '{"assigned_to":"a\u2028b\x85c"}')], 1))
    assert frame == 'id: 1\nevent: queue.item_entered\ndata: {"assigned_to":"a\u2028b\x85c"}\n\n'


def test_the_times_are_those_that_are_documented() -> None:
    assert HEARTBEAT_S == 15
    assert inspect.signature(EventStream).parameters["take_s"].default == TAKE_S == 20


class Client:
    """The other end of a stream: what it was sent; it may stop reading, and it may leave."""

    def __init__(self, *, reads: bool = True) -> None:
        self.sent: list[dict[str, Any]] = []
        self.has_left = asyncio.Event()
        self.was_sent = asyncio.Event()
        self._reads = reads

    async def receive(self) -> dict[str, Any]:
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if not self._reads and message["type"] == "http.response.body":
            await asyncio.Event().wait()
        self.sent.append(message)
        self.was_sent.set()


class Source:
    """Frames without an end, which say when they are let go."""

    def __init__(self) -> None:
        self.is_closed = False

    async def frames(self) -> AsyncGenerator[bytes]:
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            self.is_closed = True


async def _serve(client: Client, source: Source, draining: asyncio.Event, life_s: float, take_s: float = 60) -> None:
    stream = EventStream(source.frames(), life_s=life_s, draining=draining, take_s=take_s)
    async with asyncio.timeout(10):
        await stream({}, client.receive, client.send)


@pytest.mark.parametrize("cause", ["drain", "leave", "expire"])
async def test_a_stream_ends_with_its_process_its_client_or_its_token(cause: str) -> None:
    client, source, draining = Client(), Source(), asyncio.Event()
    serving = asyncio.create_task(_serve(client, source, draining, life_s=0.05 if cause == "expire" else 3600))
    await client.was_sent.wait()
    if cause == "drain":
        draining.set()
    if cause == "leave":
        client.has_left.set()
    await serving
    assert source.is_closed
    assert client.sent[1] == {"type": "http.response.body", "body": b"first", "more_body": True}
    assert client.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


@pytest.mark.parametrize("cause", ["drain", "expire", "slow"])
async def test_a_client_that_does_not_read_holds_nothing_up(cause: str) -> None:
    client, source, draining = Client(reads=False), Source(), asyncio.Event()
    life_s, take_s = (0.05, 60) if cause == "expire" else (3600, 0.05 if cause == "slow" else 60)
    serving = asyncio.create_task(_serve(client, source, draining, life_s, take_s))
    await client.was_sent.wait()
    if cause == "drain":
        draining.set()
    await serving
    assert source.is_closed
    assert [message["type"] for message in client.sent] == ["http.response.start"]
