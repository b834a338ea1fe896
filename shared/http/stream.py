"""Live updates by Server-Sent Events: what happens from now on, or after the `Last-Event-ID` of the client.

Each event's id is its position in the log, so any process resumes any client. An id that is no longer in the log gets
`stream.reset`: the client reads its lists again. A comment every 15 s keeps proxies from closing a silent stream.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Header, Request
from starlette.responses import StreamingResponse

from shared.clock import Clock
from shared.errors import Problem
from shared.http.auth import Principal

HEARTBEAT_S = 15.0
POLL_S = 0.1
RETRY_MS = 2000
_MAX_POSITION = 2**63 - 1

LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="The id of the last event that was seen.", examples=["1042"])
]


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event of the log. `data` is its JSON, on one line."""

    position: int
    event: str
    data: str


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """What the log holds after a position, oldest first.

    `position` is how far was read (events of others are passed over); `is_reset`: the log no longer holds what follows
    the position asked for, and `position` is its end now.
    """

    events: Sequence[StreamEvent]
    position: int
    is_reset: bool = False


ReadStream = Callable[[int | None], Awaitable[StreamBatch]]
"""Reads after a position; None asks for the end of the log, without events."""


def event_stream(
    request: Request, read: ReadStream, *, principal: Principal, last_event_id: str | None = None
) -> StreamingResponse:
    """Return the stream of a client. It ends when the client leaves, its token expires or the process is to end."""
    app = request.app
    frames = stream_frames(
        read,
        after=_position(last_event_id),
        clock=app.state.clock,
        expires_at=principal.expires_at,
        draining=app.state.draining,
    )
    return StreamingResponse(frames, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def stream_frames(
    read: ReadStream,
    *,
    after: int | None,
    clock: Clock,
    expires_at: datetime,
    draining: asyncio.Event,
    poll_s: float = POLL_S,
    heartbeat_s: float = HEARTBEAT_S,
) -> AsyncIterator[bytes]:
    """Yield the frames of a stream until it is to end."""
    loop = asyncio.get_running_loop()
    yield f"retry: {RETRY_MS}\n\n".encode()
    position, written_at = after, loop.time()
    while not draining.is_set() and clock.now() < expires_at:
        batch = await _unbroken(read, position)
        if batch.is_reset:
            yield _frame("stream.reset", "{}", batch.position)
        for event in batch.events:
            yield _frame(event.event, event.data, event.position)
        if batch.is_reset or batch.events:
            written_at = loop.time()
        position = batch.position
        if loop.time() - written_at >= heartbeat_s:
            yield b": heartbeat\n\n"
            written_at = loop.time()
        if not batch.events:
            await _pause(draining, poll_s)


async def _unbroken(read: ReadStream, position: int | None) -> StreamBatch:
    """Let a read end although its client has left: a query that is cancelled takes its connection with it."""

    async def reading() -> StreamBatch:
        return await read(position)

    return await asyncio.shield(asyncio.ensure_future(reading()))


async def _pause(draining: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(draining.wait(), seconds)
    except TimeoutError:
        return


def _frame(event: str, data: str, position: int) -> bytes:
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))  # not `splitlines`: JSON may hold U+2028
    return f"id: {position}\nevent: {event}\n{lines}\n".encode()


def _position(last_event_id: str | None) -> int | None:
    if not last_event_id:
        return None
    if not (last_event_id.isascii() and last_event_id.isdigit()) or int(last_event_id) > _MAX_POSITION:
        raise Problem("validation-error", "Last-Event-ID is the id of an event of this stream.", field="Last-Event-ID")
    return int(last_event_id)
