"""Live updates by Server-Sent Events: what happens from now on, or after the `Last-Event-ID` of the client.

Each event's id is its position in the log, so any process resumes any client; the first block and each heartbeat carry
an id too, so that a client that has seen no event yet resumes where it began. An id that is no longer in the log gets
`stream.reset`: the client reads its lists again. A stream ends with its token, and at once when the process is to end.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated

from fastapi import Header, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.errors import Problem
from shared.http.auth import Principal
from shared.messaging.live import LiveLog
from shared.messaging.stream import StreamPage

HEARTBEAT_S = 15.0
"""A silent stream says where it stands so often, which also keeps proxies from closing it."""
RETRY_MS = 2000
TAKE_S = 20.0
"""How long a client may leave a full buffer unread before it is let go; it resumes by its last id."""
_MAX_POSITION = 2**63 - 1

LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="The last id that was received.", examples=["1042"])
]


def event_stream(
    request: Request, topics: Sequence[str], *, principal: Principal, last_event_id: str | None = None
) -> Response:
    """Return the stream of a client: the events of these topics, of the creditors of its token.

    Raises:
        Problem: `validation-error` for an id that is none; `busy` when the process has as many clients as it takes.
    """
    log: LiveLog = request.app.state.live
    after = _position(last_event_id)
    if log.is_full:
        raise Problem("busy", "As many clients follow as one process takes.", headers={"Retry-After": "5"})
    life_s = (principal.expires_at - request.app.state.clock.now()).total_seconds()
    frames = stream_frames(log.follow(topics, principal.creditors, after, idle_s=HEARTBEAT_S))
    return EventStream(frames, life_s=life_s, draining=request.app.state.draining)


async def stream_frames(pages: AsyncGenerator[StreamPage]) -> AsyncGenerator[bytes]:
    """Yield the bytes for each page: its events, or where the stream stands when it has none."""
    yield f"retry: {RETRY_MS}\n\n".encode()
    async with contextlib.aclosing(pages):
        async for page in pages:
            blocks = [_block("stream.reset", "{}", page.position)] if page.is_reset else []
            blocks += [_block(event.topic, event.body, event.position) for event in page.events]
            if not blocks:  # no data: a browser dispatches nothing, and remembers the id
                blocks = [f": heartbeat\nid: {page.position}\n\n"]
            yield "".join(blocks).encode()


class EventStream(Response):
    """Sends frames until the client leaves or does not read, `life_s` is over, or the process is to end."""

    media_type = "text/event-stream"

    def __init__(
        self, frames: AsyncGenerator[bytes], *, life_s: float, draining: asyncio.Event, take_s: float = TAKE_S
    ) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._frames = frames
        self._life_s = life_s
        self._draining = draining
        self._take_s = take_s
        self._is_sending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream."""
        del scope
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        work = asyncio.ensure_future(self._send_all(send))
        ends = [asyncio.ensure_future(_left(receive)), asyncio.ensure_future(self._draining.wait())]
        try:
            await asyncio.wait([work, *ends], timeout=max(self._life_s, 0), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, *ends):
                task.cancel()
            outcomes = await asyncio.gather(work, *ends, return_exceptions=True)
        if isinstance(outcomes[0], Exception):
            raise outcomes[0]
        if not self._is_sending:  # else the buffer is full: the server closes the connection
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_all(self, send: Send) -> None:
        async with contextlib.aclosing(self._frames) as frames:
            async for frame in frames:
                self._is_sending = True
                try:
                    async with asyncio.timeout(self._take_s):
                        await send({"type": "http.response.body", "body": frame, "more_body": True})
                except TimeoutError:
                    return
                self._is_sending = False


async def _left(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _block(event: str, data: str, position: int) -> str:
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))  # not `splitlines`: JSON may hold U+2028
    return f"id: {position}\nevent: {event}\n{lines}\n"


def _position(last_event_id: str | None) -> int | None:
    if not last_event_id:
        return None
    if not (last_event_id.isascii() and last_event_id.isdigit()) or int(last_event_id) > _MAX_POSITION:
        raise Problem("validation-error", "Last-Event-ID is an id of this stream.", field="Last-Event-ID")
    return int(last_event_id)
