"""Polls a group's topics, applies each polled batch in one transaction, then commits its offsets.

It runs until it is stopped: transient errors rewind and back off, a stalled client is made anew, and only a consumer
that stalls again and again says that it is not healthy. Stopped partitions wait for a new start of the process.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.db.failures import is_transient
from shared.db.transaction import AfterCommit
from shared.messaging import metrics
from shared.messaging.batch import MAX_PARKS_IN_A_ROW, BatchApplier
from shared.messaging.kafka import KafkaSettings, new_consumer, stop
from shared.messaging.message import RawMessage, Subscription
from shared.messaging.offsets import OffsetReader
from shared.messaging.watchdog import Progress, StalledError, Watchdog

MAX_RECORDS = 500
_START_S = 60.0
_COMMIT_S = 10.0
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
        stall_s: float = 30,
        max_records: int = MAX_RECORDS,
        retry_s: float = 0.1,
        max_parks_in_a_row: int = MAX_PARKS_IN_A_ROW,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.group = group
        self.topics = [topic for subscription in subscriptions for topic in subscription.topics]
        self._client_id = client_id
        self._instance_id = instance_id
        self._stall_s = stall_s
        self._max_records = max_records
        self._retry_s = retry_s
        self._applier = BatchApplier(
            engine,
            clock,
            subscriptions,
            group=group,
            after_commit=after_commit,
            retry_s=retry_s,
            max_parks_in_a_row=max_parks_in_a_row,
        )
        self._progress = Progress()
        self._client: AIOKafkaConsumer | None = None
        self._out_of_range: set[TopicPartition] = set()
        self._has_joined = False
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self.stalls = 0
        """Stalls in a row."""
        self.rebuilds = 0

    @property
    def is_healthy(self) -> bool:
        """False when the consumer stalls although it was rebuilt: the process should be started anew."""
        return self.stalls < _UNHEALTHY_AFTER

    @property
    def assignment(self) -> frozenset[tuple[str, int]]:
        """The partitions that it serves now."""
        client = self._client
        return frozenset((tp.topic, tp.partition) for tp in client.assignment()) if client else frozenset()

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
                    await self._session()
                except StalledError:
                    self._count_stall(polled)
                except Exception:  # noqa: BLE001 - whatever it was, the consumer is made anew
                    _log.exception("the consumer starts again", extra={"group": self.group})
                backoff = self._retry_s if self._progress.polled > polled else min(backoff * 2, _MAX_BACKOFF_S)
                await self._rest(backoff)
        finally:
            self._stopped.set()

    async def stop(self) -> None:
        """Finish the batch at hand and leave the group; return when that is done."""
        self._stopping.set()
        await self._stopped.wait()

    def _count_stall(self, polled: int) -> None:
        self.stalls = 1 if self._progress.polled > polled else self.stalls + 1
        self.rebuilds += 1
        metrics.REBUILDS.labels(self.group).inc()
        _log.error("the consumer has stalled and is made anew", extra={"group": self.group, "stalls": self.stalls})

    async def _rest(self, seconds: float) -> None:
        waiting = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait([waiting], timeout=seconds)
        waiting.cancel()

    async def _session(self) -> None:
        """Live through one client: from its start until it fails, stalls, or is no longer wanted."""
        client = new_consumer(
            self._settings, group=self.group, client_id=self._client_id, instance_id=self._instance_id
        )
        self._out_of_range.clear()
        self._progress.is_busy = False
        reader = OffsetReader(self._settings)
        watchdog = Watchdog(reader, self.group, self.topics, assigned=self._running, stall_s=self._stall_s)
        try:
            async with asyncio.timeout(_START_S):
                await client.start()
            client.subscribe(self.topics, listener=_Joined(self._joined))
            self._client = client
            await _first(self._loop(client), watchdog.watch(self._progress))
        finally:
            self._client = None
            await stop(client.stop())
            await reader.close()

    def _joined(self) -> None:
        self._has_joined = True

    def _running(self) -> Iterable[tuple[str, int]]:
        """The partitions that should make progress: assigned, and not stopped."""
        halted = {(tp.topic, tp.partition) for tp in self._out_of_range} | set(self._applier.stopped)
        return self.assignment - halted

    async def _loop(self, client: AIOKafkaConsumer) -> None:
        backoff = self._retry_s
        while not self._stopping.is_set():
            records = await self._poll(client)
            if not records:
                continue
            self._progress.is_busy = True
            try:
                with metrics.BATCH_SECONDS.labels(self.group).time():
                    await self._applier.apply([_raw(record) for batch in records.values() for record in batch])
            except Exception as error:
                if not is_transient(error):
                    raise
                metrics.RETRIES.labels(self.group).inc()
                _log.warning("a batch is tried again", extra={"group": self.group}, exc_info=True)
                self._rewind(client, {tp: batch[0].offset for tp, batch in records.items()})
                await self._rest(backoff)
                backoff = min(backoff * 2, _MAX_BACKOFF_S)
                continue
            finally:
                self._progress.is_busy = False
            backoff = self._retry_s
            self.stalls = 0
            await self._commit(client, records)

    async def _poll(self, client: AIOKafkaConsumer) -> dict[TopicPartition, list[ConsumerRecord[Any, Any]]]:
        try:
            records: dict[TopicPartition, list[ConsumerRecord[Any, Any]]] = await client.getmany(
                timeout_ms=200, max_records=self._max_records
            )
        except NoOffsetForPartitionError as error:
            await self._begin(client, error.args[0])
            return {}
        except OffsetOutOfRangeError as error:
            self._halt(client, error.args[0])
            return {}
        self._progress.polled += sum(map(len, records.values()))
        return records

    async def _begin(self, client: AIOKafkaConsumer, partition: TopicPartition) -> None:
        """Begin a partition that this group has never committed where the topic begins."""
        if partition in client.assignment() and await client.committed(partition) is None:
            beginnings = await client.beginning_offsets([partition])
            self._rewind(client, beginnings)

    def _halt(self, client: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
        """Stop partitions whose offset is not there: reading on from either end would lose or repeat history."""
        for partition, offset in offsets.items():
            if partition in client.assignment():
                client.pause(partition)
            self._out_of_range.add(partition)
            metrics.STOPPED.labels(self.group, partition.topic, str(partition.partition)).set(1)
            _log.critical(
                "the offset is out of range; the partition is stopped",
                extra={"topic": partition.topic, "partition": partition.partition, "offset": offset},
            )

    def _rewind(self, client: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
        for partition, offset in offsets.items():
            try:
                client.seek(partition, offset)
            except IllegalStateError:
                continue  # it was given to another member, which begins at the committed offset

    async def _commit(
        self, client: AIOKafkaConsumer, records: dict[TopicPartition, list[ConsumerRecord[Any, Any]]]
    ) -> None:
        offsets = {tp: batch[-1].offset + 1 for tp, batch in records.items()}
        for (topic, number), offset in self._applier.stopped.items():
            partition = TopicPartition(topic, number)
            if partition in offsets:
                offsets[partition] = max(offset, records[partition][0].offset)
                self._rewind(client, {partition: offsets[partition]})
                if partition in client.assignment():
                    client.pause(partition)
        newest = max(batch[-1].timestamp for batch in records.values())
        lag = self._clock.now().timestamp() - newest / 1000
        metrics.LAG_SECONDS.labels(self.group).set(max(0, lag))
        try:
            async with asyncio.timeout(_COMMIT_S):
                await client.commit(offsets)
        except (KafkaError, IllegalStateError, TimeoutError):
            # Harmless: what is read again is known to the inbox.
            _log.warning("offsets are not committed", extra={"group": self.group}, exc_info=True)


class _Joined(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells when the group has given this member its part."""

    def __init__(self, joined: Callable[[], None]) -> None:
        self._joined = joined

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing to do: what is being applied stays applied, and the inbox knows it."""

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note it."""
        del assigned
        self._joined()


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


def _raw(record: Any) -> RawMessage:
    return RawMessage(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
        produced_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )
