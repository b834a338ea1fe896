"""What the cases about messages share: one batch applier fed with ready messages, and the same rows by bare SQL.

Messages lie ready as Kafka gives them (bytes and headers); fetching them and committing offsets is not measured.
"""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

import asyncpg

from benchmarks.book import CLOCK
from benchmarks.place import Place
from benchmarks.rounds import interleaved
from benchmarks.written import Write, changes, state_of, write_in_batches
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage, Subscription

POLLED = 500
"""Messages of one polled batch, as in production."""
Check = Callable[[asyncpg.Connection], Awaitable[None]]
"""Raises when the database does not hold what the messages say."""


class MessageCase:
    """Messages for one service, applied to a copy of a prepared database in each round."""

    def __init__(
        self,
        place: Place,
        service: str,
        prepared: str,
        *,
        subscriptions: Sequence[Subscription],
        messages: Sequence[RawMessage],
        check: Check,
    ) -> None:
        self._place = place
        self._service = service
        self._prepared = prepared
        self._subscriptions = subscriptions
        self._batches = [messages[begin : begin + POLLED] for begin in range(0, len(messages), POLLED)]
        self._check = check
        self.writes: list[Write] = []

    async def run(self, rounds: int) -> tuple[list[float], list[float]]:
        """Return the seconds of both sides."""
        return await interleaved(self._arrears, self._limit, rounds)

    async def _arrears(self) -> float:
        async with self._place.copy(self._service, self._prepared) as engine:
            name = str(engine.url.database)
            applier = BatchApplier(engine, CLOCK, self._subscriptions, group=self._service)
            if not self.writes:
                async with self._place.admin(name) as admin:
                    before = await state_of(admin)
            began = perf_counter()
            for batch in self._batches:
                await applier.apply(batch)
            seconds = perf_counter() - began
            async with self._place.admin(name) as admin:
                await self._check_whole(admin)
                if not self.writes:
                    self.writes = changes(before, await state_of(admin))
            return seconds

    async def _limit(self) -> float:
        async with (
            self._place.copy(self._service, self._prepared) as engine,
            self._place.admin(str(engine.url.database)) as admin,
        ):
            seconds = await write_in_batches(admin, self.writes, len(self._batches))
            await self._check_whole(admin)
            return seconds

    async def _check_whole(self, admin: asyncpg.Connection) -> None:
        parked = await admin.fetchval("SELECT count(*) FROM dead_letter")
        if parked:
            raise AssertionError(f"{parked} messages were parked")
        await self._check(admin)
        expected = next((len(write.rows) for write in self.writes if write.table == "outbox"), None)
        events = await admin.fetchval("SELECT count(*) FROM outbox")
        if expected not in (None, events):
            raise AssertionError(f"{events} events, not {expected}")
