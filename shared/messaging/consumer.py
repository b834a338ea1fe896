"""A member of a consumer group, which runs until it is stopped: it makes Kafka clients and lives through sessions.

A stalled client is made anew, and only a consumer that stalls again and again says that it is not healthy.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.db.transaction import AfterCommit
from shared.messaging import metrics
from shared.messaging.batch import MAX_PARKS_IN_A_ROW, BatchApplier
from shared.messaging.kafka import KafkaSettings, new_consumer, stop
from shared.messaging.message import Subscription
from shared.messaging.offsets import OffsetReader
from shared.messaging.session import Session, rest
from shared.messaging.stopped import FIRST_PAUSE_S
from shared.messaging.watchdog import Progress, StalledError, Watchdog

MAX_RECORDS = 500
BATCHES_AT_ONCE = 2
"""On two processors: while Python works on one batch, the database works on the other."""
_START_S = 60.0
_MAX_BACKOFF_S = 5.0
_UNHEALTHY_AFTER = 3
"""Stalls in a row, with no message polled between them, after which rebuilding has not helped."""

_log = logging.getLogger(__name__)


class Consumer:
    """One member of a consumer group. All subscriptions given are served by it, in one loop."""

    def __init__(  # noqa: PLR0917 - the parts of a service, in their usual order
        self,
        settings: KafkaSettings,
        engine: AsyncEngine,
        clock: Clock,
        group: str,
        subscriptions: Sequence[Subscription],
        client_id: str = "arrears",
        *,
        instance_id: str | None = None,
        after_commit: Sequence[AfterCommit] = (),
        stall_s: float = 20,
        max_records: int = MAX_RECORDS,
        batches_at_once: int = BATCHES_AT_ONCE,
        retry_s: float = 0.1,
        max_parks_in_a_row: int = MAX_PARKS_IN_A_ROW,
        stop_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.group = group
        self.topics = [topic for subscription in subscriptions for topic in subscription.topics]
        self._client_id = client_id
        self._instance_id = instance_id
        self._stall_s = stall_s
        self._max_records = max_records
        self._batches_at_once = batches_at_once
        self._retry_s = retry_s
        self._applier = BatchApplier(
            engine,
            clock,
            subscriptions,
            group=group,
            after_commit=after_commit,
            retry_s=retry_s,
            max_parks_in_a_row=max_parks_in_a_row,
            stop_s=stop_s,
        )
        self._progress = Progress()
        self._session: Session | None = None
        self._has_joined = False
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._stalls = 0
        self._polled_at_stall = 0
        self.rebuilds = 0

    @property
    def is_healthy(self) -> bool:
        """False when the consumer stalls although it was rebuilt: the process should be started anew."""
        return self.stalls < _UNHEALTHY_AFTER

    @property
    def stalls(self) -> int:
        """Stalls in a row."""
        return self._stalls if self._progress.polled == self._polled_at_stall else 0

    @property
    def assignment(self) -> frozenset[tuple[str, int]]:
        """The partitions that it serves now."""
        return frozenset() if self._session is None else self._session.assignment

    @property
    def has_joined(self) -> bool:
        """True once the group has given it its part, which may be none."""
        return self._has_joined

    async def run(self) -> None:
        """Consume until `stop` is called or the task is cancelled."""
        backoff = self._retry_s
        try:
            while not self._stopping.is_set():
                polled = self._progress.polled
                try:
                    await self._live()
                except StalledError:
                    self._count_stall()
                except Exception:  # noqa: BLE001 - whatever it was, the consumer is made anew
                    _log.exception("the consumer starts again", extra={"group": self.group})
                backoff = self._retry_s if self._progress.polled > polled else min(backoff * 2, _MAX_BACKOFF_S)
                await rest(self._stopping, backoff)
        finally:
            self._stopped.set()

    async def stop(self) -> None:
        """Finish the batch at hand and leave the group; return when that is done."""
        self._stopping.set()
        await self._stopped.wait()

    def _count_stall(self) -> None:
        self._stalls = self.stalls + 1
        self._polled_at_stall = self._progress.polled
        self.rebuilds += 1
        metrics.REBUILDS.labels(self.group).inc()
        _log.error("the consumer has stalled and is made anew", extra={"group": self.group, "stalls": self._stalls})

    async def _live(self) -> None:
        """Live through one client: from its start until it fails, stalls, or is no longer wanted."""
        client = new_consumer(
            self._settings, group=self.group, client_id=self._client_id, instance_id=self._instance_id
        )
        self._progress.is_busy = False
        session = Session(
            client,
            self._applier,
            self._progress,
            self._clock,
            group=self.group,
            stopping=self._stopping,
            max_records=self._max_records,
            batches_at_once=self._batches_at_once,
            retry_s=self._retry_s,
        )
        reader = OffsetReader(self._settings)
        watchdog = Watchdog(
            reader,
            self.group,
            self.topics,
            assigned=lambda: session.assignment,
            halted=lambda: session.halted,
            stall_s=self._stall_s,
        )
        try:
            async with asyncio.timeout(_START_S):
                await client.start()
            client.subscribe(self.topics, listener=_Joined(self._joined))
            self._session = session
            await _first(session.run(), watchdog.watch(self._progress))
        finally:
            self._session = None
            await stop(client.stop())
            await reader.close()

    def _joined(self, assigned: Iterable[TopicPartition]) -> None:
        self._applier.stopped.keep_only({(tp.topic, tp.partition) for tp in assigned})
        if self._session is not None:
            self._session.begin_assignment()
        self._has_joined = True


class _Joined(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells when the group has given this member its part."""

    def __init__(self, joined: Callable[[Iterable[TopicPartition]], None]) -> None:
        self._joined = joined

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing to do: what is being applied stays applied, and the inbox knows it."""

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note it."""
        self._joined(assigned)


async def _first(*coroutines: Any) -> None:
    """Run until the first ends, cancel the others, and raise what it raised."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
