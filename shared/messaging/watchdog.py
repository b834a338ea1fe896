"""Notices a consumer that has silently stopped: behind the end of its topics, and not one message polled.

aiokafka can stall after a broker restart with no sign of it. A database that is down is no stall (batches are tried),
nor is a Kafka that does not answer: liveness never looks at a dependency.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.errors import ArrearsError
from shared.messaging import metrics
from shared.messaging.kafka import KafkaUnavailableError
from shared.messaging.offsets import OffsetReader, Offsets, place

_BUSY_FACTOR = 10

_log = logging.getLogger(__name__)


class StalledError(ArrearsError):
    """The consumer makes no progress though there is work: it must be made anew."""


@dataclass(slots=True)
class Progress:
    """What the loop of a consumer has done: counted by the loop, read by the watchdog."""

    polled: int = 0
    """Messages that were polled, applied or not."""
    is_busy: bool = False
    """A batch is being applied."""


class Watchdog:
    """Watches one consumer of a group until it stalls."""

    def __init__(
        self,
        reader: OffsetReader,
        group: str,
        topics: Sequence[str],
        *,
        assigned: Callable[[], Iterable[tuple[str, int]]],
        stall_s: float,
        halted: Callable[[], Iterable[tuple[str, int]]] = tuple,
    ) -> None:
        self._reader = reader
        self._group = group
        self._topics = topics
        self._assigned = assigned
        self._halted = halted
        self._stall_s = stall_s

    async def watch(self, progress: Progress) -> None:
        """Return never.

        Raises:
            StalledError: there is work for this consumer, and for `stall_s` it has polled nothing.
        """
        loop = asyncio.get_running_loop()
        seen: object = None
        since = loop.time()
        while True:
            await asyncio.sleep(min(self._stall_s / 4, 5))
            try:
                is_behind, committed = await self._look()
            except KafkaUnavailableError:
                since = loop.time()
                continue
            now = (progress.polled, committed)
            if not is_behind or now != seen:
                seen, since = now, loop.time()
            elif loop.time() - since > self._stall_s * (_BUSY_FACTOR if progress.is_busy else 1):
                raise StalledError(f"no progress for {loop.time() - since:.0f} s though there are messages")

    async def _look(self) -> tuple[bool, Offsets]:
        """Say whether anything waits for this consumer, but for what it has stopped itself.

        One without partitions looks at all: are the others at it?
        """
        ends = await self._reader.end_offsets(self._topics)
        committed = await self._reader.committed(self._group)
        assigned = {place(topic, partition) for topic, partition in self._assigned()} or set(ends)
        lag = {where: end - committed.get(where, 0) for where, end in ends.items() if where in assigned}
        for where, messages in lag.items():
            topic, _, partition = where.rpartition("/")
            metrics.LAG_MESSAGES.labels(self._group, topic, partition).set(messages)
        for where in ends.keys() - assigned:  # another member's now: what was last seen here is no longer true
            topic, _, partition = where.rpartition("/")
            metrics.LAG_MESSAGES.remove(self._group, topic, partition)
        halted = {place(topic, partition) for topic, partition in self._halted()}
        is_behind = any(messages > 0 for where, messages in lag.items() if where not in halted)
        if not is_behind:
            metrics.LAG_SECONDS.labels(self._group).set(0)
        return is_behind, committed
