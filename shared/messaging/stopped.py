"""Partitions that were stopped because valid messages failed one after the other: where each waits, and until when.

A stopped partition is tried again by itself, with the message that failed, after a pause that doubles up to a minute.
While it is stopped, that message stands among the dead letters with the code `partition-stopped`.
"""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from shared.db.transaction import Tx
from shared.messaging import metrics
from shared.messaging.message import RawMessage

CODE = "partition-stopped"
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

Partition = tuple[str, int]


@dataclass(slots=True)
class _Stop:
    offset: int
    pause_s: float
    due: float
    is_on_trial: bool = False


class StoppedPartitions:
    """The stopped partitions of one member of a group, and when each is tried again. Iterates over the partitions."""

    def __init__(self, group: str, *, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._group = group
        self._first_pause_s = first_pause_s
        self._stops: dict[Partition, _Stop] = {}

    def __iter__(self) -> Iterator[Partition]:
        return iter(self._stops)

    def __len__(self) -> int:
        return len(self._stops)

    def offset(self, partition: Partition) -> int:
        """Where a stopped partition goes on."""
        return self._stops[partition].offset

    def stop(self, partition: Partition, offset: int) -> None:
        """Stop it at an offset; one that failed its trial waits twice as long as before."""
        now = asyncio.get_running_loop().time()
        before = self._stops.get(partition)
        pause_s = self._first_pause_s if before is None else min(before.pause_s * 2, LONGEST_PAUSE_S)
        self._stops[partition] = _Stop(offset, pause_s, now + pause_s)
        metrics.STOPPED.labels(self._group, partition[0], str(partition[1])).set(1)
        if before is not None:
            metrics.PARTITION_TRIES.labels(self._group, partition[0], "failed").inc()

    def begin_trials(self, *, besides: Collection[int] = ()) -> dict[Partition, int]:
        """Put those whose pause is over on trial; return where they go on. The numbers `besides` are being applied."""
        now = asyncio.get_running_loop().time()
        due = {
            (topic, number): stop
            for (topic, number), stop in self._stops.items()
            if not stop.is_on_trial and stop.due <= now and number not in besides
        }
        for stop in due.values():
            stop.is_on_trial = True
        return {partition: stop.offset for partition, stop in due.items()}

    def is_on_trial(self, partition: Partition) -> bool:
        """Whether the next message of a stopped partition decides."""
        return self._stops[partition].is_on_trial

    def lift(self, partition: Partition) -> None:
        """Let it go on: its message was applied."""
        del self._stops[partition]
        metrics.STOPPED.labels(self._group, partition[0], str(partition[1])).set(0)
        metrics.PARTITION_TRIES.labels(self._group, partition[0], "succeeded").inc()

    def keep_only(self, assigned: Collection[Partition]) -> None:
        """Forget those that another member serves now: it finds out for itself."""
        for topic, number in self._stops.keys() - set(assigned):
            del self._stops[topic, number]
            metrics.STOPPED.labels(self._group, topic, str(number)).set(0)


async def clear_notice(tx: Tx, raw: RawMessage) -> None:
    """Take the message at which a partition stopped out of the dead letters: it is being applied."""
    await tx.execute(
        'DELETE FROM dead_letter WHERE topic = $1 AND partition = $2 AND "offset" = $3 AND code = $4'
        " AND replayed_at IS NULL",
        raw.topic,
        raw.partition,
        raw.offset,
        CODE,
    )


async def stopped_at(tx: Tx) -> dict[tuple[str, int, int], str]:
    """Return why partitions stopped, by topic, partition and offset, as far as their messages still stand parked."""
    rows = await tx.fetch(
        'SELECT topic, partition, "offset", detail FROM dead_letter WHERE code = $1 AND replayed_at IS NULL', CODE
    )
    return {(row["topic"], row["partition"], row["offset"]): row["detail"] for row in rows}
