"""One life of a Kafka client within a group: poll, apply the polled batch, commit its offsets, again and again.

A transient error rewinds and backs off. What else goes wrong ends the session, and its consumer begins another.
"""

import asyncio
import logging
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
        retry_s: float,
    ) -> None:
        self.client = client
        self._applier = applier
        self._progress = progress
        self._clock = clock
        self._group = group
        self._stopping = stopping
        self._max_records = max_records
        self._retry_s = retry_s
        self.out_of_range: set[TopicPartition] = set()

    @property
    def assignment(self) -> frozenset[tuple[str, int]]:
        """The partitions that it serves now."""
        return frozenset((tp.topic, tp.partition) for tp in self.client.assignment())

    @property
    def halted(self) -> frozenset[tuple[str, int]]:
        """The partitions that make no progress for a reason that it has told."""
        return frozenset((tp.topic, tp.partition) for tp in self.out_of_range) | set(self._applier.stopped)

    async def run(self) -> None:
        """Consume until the consumer is stopping."""
        backoff = self._retry_s
        while not self._stopping.is_set():
            self._try_stopped()
            records = await self._poll()
            if not records:
                continue
            self._progress.is_busy = True
            try:
                with metrics.BATCH_SECONDS.labels(self._group).time():
                    await self._applier.apply([raw_message(record) for batch in records.values() for record in batch])
            except Exception as error:
                if not is_transient(error):
                    raise
                metrics.RETRIES.labels(self._group).inc()
                _log.warning("a batch is tried again", extra={"group": self._group}, exc_info=True)
                self._rewind({tp: batch[0].offset for tp, batch in records.items()})
                await rest(self._stopping, backoff)
                backoff = min(backoff * 2, _MAX_BACKOFF_S)
                continue
            finally:
                self._progress.is_busy = False
            backoff = self._retry_s
            await self._commit(records)

    async def _poll(self) -> Records:
        try:
            records: Records = await self.client.getmany(timeout_ms=POLL_MS, max_records=self._max_records)
        except NoOffsetForPartitionError as error:
            await self._begin(error.args[0])
            return {}
        except OffsetOutOfRangeError as error:
            self._halt(error.args[0])
            return {}
        self._progress.polled += sum(map(len, records.values()))
        return records

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
        for (topic, number), offset in self._applier.stopped.begin_trials().items():
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
        try:
            async with asyncio.timeout(_COMMIT_S):
                await self.client.commit(offsets)
        except (KafkaError, IllegalStateError, TimeoutError):
            # Harmless: what is read again is known to the inbox.
            _log.warning("offsets are not committed", extra={"group": self._group}, exc_info=True)


async def rest(stopping: asyncio.Event, seconds: float) -> None:
    """Wait for some time, or until the consumer is stopping."""
    waiting = asyncio.ensure_future(stopping.wait())
    await asyncio.wait([waiting], timeout=seconds)
    waiting.cancel()


def raw_message(record: Any) -> RawMessage:
    """A record of the client as our own value."""
    return RawMessage(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
        produced_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )
