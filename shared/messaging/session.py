"""One life of a Kafka client within a group: poll, apply the polled batch, commit its offsets, again and again.

While the database works for one batch, the next is polled and applied beside it, if it holds no partition number of
the first: all topics of an account meet in one number, so what concerns an account keeps its order. A transient error
rewinds and backs off. What else goes wrong ends the session, and its consumer begins another.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from shared.clock import Clock
from shared.db.failures import is_transient
from shared.messaging import metrics
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage
from shared.messaging.watchdog import Progress

POLL_MS = 200
BESIDE_FROM = 100
"""Messages of a batch from which on another is begun beside it at once: fewer are handled best in one transaction."""
_SMALL_S = 0.05
"""How long a smaller batch may take before others go on beside it: it waits for a lock, say."""
_BESIDE_S = 0.01
"""How long to wait before looking again for messages of partitions that no batch at hand holds."""
_COMMIT_S = 10.0
_MAX_BACKOFF_S = 5.0

Records = dict[TopicPartition, list[ConsumerRecord[Any, Any]]]

_log = logging.getLogger(__name__)


class Session:
    """What a consumer does with one client, which it has started and will stop."""

    def __init__(
        self,
        client: AIOKafkaConsumer,
        applier: BatchApplier,
        progress: Progress,
        clock: Clock,
        *,
        group: str,
        stopping: asyncio.Event,
        max_records: int,
        batches_at_once: int,
        retry_s: float,
    ) -> None:
        self.client = client
        self._applier = applier
        self._progress = progress
        self._clock = clock
        self._group = group
        self._stopping = stopping
        self._max_records = max_records
        self._at_once = batches_at_once
        self._retry_s = retry_s
        self._backoff = retry_s
        self._batches: list[Records] = []
        """Those being applied, each of partition numbers of its own."""
        self._ended = asyncio.Event()
        self.out_of_range: set[TopicPartition] = set()
        self._uncommitted: dict[TopicPartition, int] = {}
        """Offsets to commit. One that failed may be of the last message of its partition: no later batch commits it."""

    @property
    def assignment(self) -> frozenset[tuple[str, int]]:
        """The partitions that it serves now."""
        return frozenset((tp.topic, tp.partition) for tp in self.client.assignment())

    @property
    def halted(self) -> frozenset[tuple[str, int]]:
        """The partitions that make no progress for a reason that it has told."""
        return frozenset((tp.topic, tp.partition) for tp in self.out_of_range) | set(self._applier.stopped)

    async def run(self) -> None:
        """Consume until the consumer is stopping, and finish the batches at hand."""
        try:
            async with asyncio.TaskGroup() as batches:
                while not self._stopping.is_set():
                    self._try_stopped()
                    records = await self._next()
                    if not records and self._uncommitted and not self._batches:
                        await self._try_to_commit()
                    if records:
                        self._batches.append(records)
                        self._progress.is_busy = True
                        batches.create_task(self._take(records))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _next(self) -> Records:
        """Poll what may be applied now: what waits, beside the batches at hand; or else whatever comes first."""
        if not self._batches:
            return await self._poll(POLL_MS)
        self._ended.clear()
        if len(self._batches) == self._at_once:
            await self._ended.wait()
        elif _size(self._batches[-1]) < BESIDE_FROM:
            await rest(self._ended, _SMALL_S)
        if self._ended.is_set():
            return {}
        busy = self._busy()
        free = [tp for tp in self.client.assignment() if tp.partition not in busy]
        records = await self._poll(0, free) if free else {}
        if not records:
            await rest(self._ended, _BESIDE_S)
        return records

    async def _poll(self, wait_ms: int, partitions: Sequence[TopicPartition] = ()) -> Records:
        """Poll some partitions, or all."""
        try:
            records: Records = await self.client.getmany(*partitions, timeout_ms=wait_ms, max_records=self._max_records)
        except NoOffsetForPartitionError as error:
            await self._begin(error.args[0])
            return {}
        except OffsetOutOfRangeError as error:
            self._halt(error.args[0])
            return {}
        self._progress.polled += _size(records)
        return records

    async def _take(self, records: Records) -> None:
        """Apply a batch and commit its offsets; its partition numbers are free then."""
        try:
            with metrics.BATCH_SECONDS.labels(self._group).time():
                await self._applier.apply([raw_message(record) for part in records.values() for record in part])
        except Exception as error:
            if not is_transient(error):
                raise
            await self._back_off(records)
        else:
            self._backoff = self._retry_s
            await self._commit(records)
        finally:
            self._batches.remove(records)
            self._progress.is_busy = bool(self._batches)
            self._ended.set()

    async def _back_off(self, records: Records) -> None:
        metrics.RETRIES.labels(self._group).inc()
        _log.warning("a batch is tried again", extra={"group": self._group}, exc_info=True)
        self._rewind({tp: batch[0].offset for tp, batch in records.items()})
        backoff, self._backoff = self._backoff, min(self._backoff * 2, _MAX_BACKOFF_S)
        await rest(self._stopping, backoff)

    def _busy(self) -> set[int]:
        """The partition numbers of the batches at hand."""
        return {tp.partition for records in self._batches for tp in records}

    async def _begin(self, partition: TopicPartition) -> None:
        """Begin a partition that this group has never committed where the topic begins."""
        if partition in self.client.assignment() and await self.client.committed(partition) is None:
            self._rewind(await self.client.beginning_offsets([partition]))

    def _halt(self, offsets: dict[TopicPartition, int]) -> None:
        """Stop partitions whose offset is not there: reading on from either end would lose or repeat history."""
        for partition, offset in offsets.items():
            if partition in self.client.assignment():
                self.client.pause(partition)
            self.out_of_range.add(partition)
            metrics.STOPPED.labels(self._group, partition.topic, str(partition.partition)).set(1)
            _log.critical(
                "the offset is out of range; the partition is stopped",
                extra={"topic": partition.topic, "partition": partition.partition, "offset": offset},
            )

    def _try_stopped(self) -> None:
        """Let stopped partitions whose pause is over come with the next poll, from the message that failed."""
        for (topic, number), offset in self._applier.stopped.begin_trials(besides=self._busy()).items():
            partition = TopicPartition(topic, number)
            if partition in self.client.assignment():
                self._rewind({partition: offset})
                self.client.resume(partition)

    def _rewind(self, offsets: dict[TopicPartition, int]) -> None:
        for partition, offset in offsets.items():
            try:
                self.client.seek(partition, offset)
            except IllegalStateError:
                continue  # it was given to another member, which begins at the committed offset

    async def _commit(self, records: Records) -> None:
        offsets = {tp: batch[-1].offset + 1 for tp, batch in records.items()}
        for topic, number in self._applier.stopped:
            partition = TopicPartition(topic, number)
            if partition in offsets:
                at = self._applier.stopped.offset((topic, number))
                offsets[partition] = max(at, records[partition][0].offset)
                self._rewind({partition: offsets[partition]})
                if partition in self.client.assignment():
                    self.client.pause(partition)
        newest = max(batch[-1].timestamp for batch in records.values())
        lag = self._clock.now().timestamp() - newest / 1000
        metrics.LAG_SECONDS.labels(self._group).set(max(0, lag))
        self._uncommitted |= offsets
        await self._try_to_commit()

    async def _try_to_commit(self) -> None:
        """Commit what is to be committed of the partitions that are ours; what fails is tried again when idle."""
        offsets = {tp: offset for tp, offset in self._uncommitted.items() if tp in self.client.assignment()}
        try:
            async with asyncio.timeout(_COMMIT_S):
                await self.client.commit(offsets)
        except (KafkaError, IllegalStateError, TimeoutError):
            # Harmless: what is read again is known to the inbox.
            _log.warning("offsets are not committed", extra={"group": self._group}, exc_info=True)
        else:
            self._uncommitted = {tp: at for tp, at in self._uncommitted.items() if offsets.get(tp, at) != at}

    def begin_assignment(self) -> None:
        """Forget what is to be committed: every partition begins at its committed offset again."""
        self._uncommitted.clear()


async def rest(until: asyncio.Event, seconds: float) -> None:
    """Wait for some time, or until something happens (the consumer is stopping)."""
    waiting = asyncio.ensure_future(until.wait())
    await asyncio.wait([waiting], timeout=seconds)
    waiting.cancel()


def _size(records: Records) -> int:
    return sum(map(len, records.values()))


def raw_message(record: Any) -> RawMessage:
    """A record of the client as our own value."""
    return RawMessage(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )
