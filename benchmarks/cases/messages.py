"""What the cases about messages share: a backlog in Kafka that the real consumer works off, and its rows by bare SQL.

The plain way takes the first messages, one by one, ready as Kafka gives them (bytes and headers): neither fetching them
nor committing offsets counts against it. What it publishes must be what Arrears publishes for the same.
"""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.backlog import Backlog
from benchmarks.book import CLOCK
from benchmarks.place import Place
from benchmarks.rounds import Seconds, Side, interleaved
from benchmarks.written import Write, changes, state_of, write_in_batches
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage, Subscription
from shared.settings import ServiceSettings

POLLED = 500
"""Messages of one polled batch, as in production."""
Check = Callable[[asyncpg.Connection, int], Awaitable[None]]
"""Raises when the database does not hold what the first messages, so many, say."""
Plain = Callable[[AsyncEngine, RawMessage], Awaitable[None]]
_EVENTS = "SELECT topic, count(*) AS events FROM outbox GROUP BY topic ORDER BY topic"


class MessageCase:
    """Messages for one service, applied to a copy of a prepared database in each round."""

    def __init__(
        self,
        place: Place,
        service: str,
        prepared: str,
        *,
        settings: ServiceSettings,
        subscriptions: Sequence[Subscription],
        messages: Sequence[RawMessage],
        plain: Plain,
        plain_n: int,
        check: Check,
    ) -> None:
        self._place = place
        self._service = service
        self._prepared = prepared
        self._subscriptions = subscriptions
        self._messages = messages
        self._backlog = Backlog(settings, messages)
        self._plain_receive = plain
        self._few = messages[:plain_n]
        self._check = check
        self._published: list[tuple[str, int]] = []
        self.writes: list[Write] = []

    async def run(self, code: str, rounds: int) -> Seconds:
        """Return the seconds of all sides."""
        await self._backlog.put()
        await self._publish_few()
        return await interleaved(
            code,
            rounds,
            Side("Arrears", self._arrears, len(self._messages)),
            Side("limit", self._limit, len(self._messages)),
            Side("plain", self._plain, len(self._few)),
        )

    async def _publish_few(self) -> None:
        """Find out what the plain way has to come to."""
        async with self._place.copy(self._service, self._prepared) as engine:
            applier = BatchApplier(engine, CLOCK, self._subscriptions, group=self._service)
            for batch in _batches(self._few):
                await applier.apply(batch)
            async with self._place.admin(str(engine.url.database)) as admin:
                await self._check_whole(admin, len(self._few))
                self._published = [tuple(row) for row in await admin.fetch(_EVENTS)]

    async def _arrears(self) -> float:
        async with self._place.copy(self._service, self._prepared) as engine:
            name = str(engine.url.database)
            if not self.writes:
                async with self._place.admin(name) as admin:
                    before = await state_of(admin)
            seconds = await self._backlog.consume(engine, self._service, self._subscriptions)
            async with self._place.admin(name) as admin:
                await self._check_whole(admin, len(self._messages))
                if not self.writes:
                    self.writes = changes(before, await state_of(admin))
            return seconds

    async def _limit(self) -> float:
        async with (
            self._place.copy(self._service, self._prepared) as engine,
            self._place.admin(str(engine.url.database)) as admin,
        ):
            seconds = await write_in_batches(admin, self.writes, len(_batches(self._messages)))
            await self._check_whole(admin, len(self._messages))
            events = await admin.fetchval("SELECT count(*) FROM outbox")
            expected = next(len(write.rows) for write in self.writes if write.table == "outbox")
            if events != expected:
                raise AssertionError(f"{events} events, not {expected}")
            return seconds

    async def _plain(self) -> float:
        async with self._place.copy(self._service, self._prepared) as engine:
            began = perf_counter()
            for message in self._few:
                await self._plain_receive(engine, message)
            seconds = perf_counter() - began
            async with self._place.admin(str(engine.url.database)) as admin:
                await self._check_whole(admin, len(self._few))
                published = [tuple(row) for row in await admin.fetch(_EVENTS)]
            if published != self._published:
                raise AssertionError(f"the plain way published {published}, not {self._published}")
            return seconds

    async def _check_whole(self, admin: asyncpg.Connection, n: int) -> None:
        parked = await admin.fetchval("SELECT count(*) FROM dead_letter")
        if parked:
            raise AssertionError(f"{parked} messages were parked")
        await self._check(admin, n)


def _batches(messages: Sequence[RawMessage]) -> list[Sequence[RawMessage]]:
    return [messages[begin : begin + POLLED] for begin in range(0, len(messages), POLLED)]
