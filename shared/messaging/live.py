"""Follows the stream log for all live clients of a process with one query at a time, whatever their number.

The newest events lie in one bounded tail that all clients share; each holds only its position. A client that is slower
than the tail reads its page from the log itself, so that none costs more memory than another, and none misses an event.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.engine import connect_directly
from shared.messaging.stream import StreamEvent, StreamPage, read_end, read_next, read_stream
from shared.telemetry.metrics import gauge

POLL_S = 0.1
KEPT_EVENTS = 5_000
PAGE_EVENTS = 500
"""What a client is given at once, at most: it lies in the buffer of its connection."""
MAX_CLIENTS = 1_000
"""More clients of one process are turned away: each is a connection that stays."""
_READ_S = 5.0
_RETRY_S = 1.0

CLIENTS = gauge("arrears_stream_clients", "Live clients that follow the stream log.")

_log = logging.getLogger(__name__)


class LiveLog:
    """The stream log as it grows. One per process; it reads only while somebody follows."""

    def __init__(self, engine: AsyncEngine, *, poll_s: float = POLL_S, kept_events: int = KEPT_EVENTS) -> None:
        self._engine = engine
        self._poll_s = poll_s
        self._tail: deque[StreamEvent] = deque()
        self._kept_events = kept_events
        self._floor = self._end = 0
        self._generation = 0
        self._clients = 0
        self._is_open = asyncio.Event()
        self._pulse = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether there are as many clients as one process takes."""
        return self._clients >= MAX_CLIENTS

    async def follow(
        self, topics: Sequence[str], creditors: Collection[UUID] | None, after: int | None, *, idle_s: float
    ) -> AsyncGenerator[StreamPage]:
        """Yield what comes after a position (None: from now on), for some creditors (None: all of them).

        The first page comes at once; a page without events comes after `idle_s` of silence. Close the iterator.
        """
        wanted, allowed = frozenset(topics), None if creditors is None else frozenset(creditors)
        self._enter()
        try:
            await self._opened()
            generation = self._generation
            position = self._end if after is None else after
            is_known = after is None
            is_first = True
            while True:
                if is_known and generation == self._generation and position >= self._floor:
                    page = self._page(position, wanted, allowed)
                else:
                    generation = self._generation
                    page = await _unbroken(self._engine, topics, position, creditors)
                    is_known = True
                position = page.position
                if is_first or page.events or page.is_reset:
                    is_first = False
                    yield page
                if position >= self._end and not await self._next(position, generation, idle_s):
                    yield StreamPage([], position)
        finally:
            self._leave()

    async def close(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def running(self, _app: object = None) -> AsyncIterator[None]:
        """Be closed with the app."""
        try:
            yield
        finally:
            await self.close()

    def _enter(self) -> None:
        self._clients += 1
        CLIENTS.inc()
        if self._reading is None or self._reading.done():
            self._is_open.clear()
            self._reading = asyncio.create_task(self._read(), name="live log")

    def _leave(self) -> None:
        self._clients -= 1
        CLIENTS.dec()
        if not self._clients and self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def _opened(self) -> None:
        try:
            async with asyncio.timeout(_READ_S):
                await self._is_open.wait()
        except TimeoutError:
            raise ConnectionError("the stream log cannot be read") from None

    def _page(self, position: int, topics: frozenset[str], creditors: frozenset[UUID] | None) -> StreamPage:
        found: list[StreamEvent] = []
        for event in reversed(self._tail):
            if event.position <= position:
                break
            if event.topic in topics and (creditors is None or event.creditor_id in creditors):
                found.append(event)
        found.reverse()
        if len(found) > PAGE_EVENTS:
            return StreamPage(found[:PAGE_EVENTS], found[PAGE_EVENTS - 1].position)
        return StreamPage(found, max(position, self._end))

    async def _next(self, position: int, generation: int, idle_s: float) -> bool:
        """Wait until the log has grown; False when it has not within `idle_s`."""
        try:
            async with asyncio.timeout(idle_s):
                while position >= self._end and generation == self._generation:
                    await self._pulse.wait()
        except TimeoutError:
            return False
        return True

    async def _read(self) -> None:
        while True:
            try:
                connection = await connect_directly(self._engine, application_name="arrears live log")
                try:
                    await self._read_on(connection)
                finally:
                    connection.terminate()  # it only reads: nothing is lost, and nobody waits for a silent server
            except Exception:  # noqa: BLE001 - a reader outlives whatever happens to its database
                _log.warning("the live log is read again", exc_info=True)
                await asyncio.sleep(_RETRY_S)

    async def _read_on(self, connection: Any) -> None:
        async with asyncio.timeout(_READ_S):
            end = await read_end(connection)
        if not self._is_open.is_set() or end < self._end:  # the first client, or a database that was set back
            self._tail.clear()
            self._floor = self._end = end
            self._generation += 1
            self._is_open.set()
            self._wake()
        while True:
            async with asyncio.timeout(_READ_S):
                events = await read_next(connection, self._end)
            if events:
                self._append(events)
            else:
                await asyncio.sleep(self._poll_s)

    def _append(self, events: Sequence[StreamEvent]) -> None:
        self._tail.extend(events)
        self._end = events[-1].position
        while len(self._tail) > self._kept_events:
            self._floor = self._tail.popleft().position
        self._wake()

    def _wake(self) -> None:
        """Wake whoever waits now; who comes later waits for the next time."""
        self._pulse.set()
        self._pulse = asyncio.Event()


async def _unbroken(
    engine: AsyncEngine, topics: Sequence[str], after: int, creditors: Collection[UUID] | None
) -> StreamPage:
    """Let a read end although its client has left: a query that is cancelled takes its connection with it."""
    return await asyncio.shield(asyncio.ensure_future(read_stream(engine, topics, after, creditors)))
