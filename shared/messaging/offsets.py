"""Where topics end and how far a group has come: for the evaluation of a business date, the watchdog and `lag`.

Offsets are mappings from `topic/partition` to a number, so that a job can keep them in its parameters as JSON.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging.kafka import REQUEST_TIMEOUT_MS, KafkaSettings, KafkaUnavailableError, new_admin, new_probe, stop

Offsets = dict[str, int]
_TIMEOUT_S = REQUEST_TIMEOUT_MS / 1000
_POLL_S = 0.25


def place(topic: str, partition: int) -> str:
    """Return the name of a partition in `Offsets`."""
    return f"{topic}/{partition}"


class OffsetReader:
    """Asks Kafka for offsets over connections of its own. It connects when first used; close it, or use `async with`.

    Every method raises KafkaUnavailableError when Kafka does not answer in time; the next call connects anew.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._probe: AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def end_offsets(self, topics: Iterable[str]) -> Offsets:
        """Return the offset that the next message of each partition will get."""
        partitions = [TopicPartition(t, n) for t in topics for n in range(self._settings.topic_partitions)]
        return await self._ask(self._ends(partitions))

    async def committed(self, group: str) -> Offsets:
        """Return the committed offsets of a group, of those partitions that have one."""
        return await self._ask(self._committed(group))

    async def has_passed(self, group: str, offsets: Mapping[str, int]) -> bool:
        """Say whether the group has committed everything before these offsets."""
        committed = await self.committed(group)
        return all(committed.get(where, 0) >= end for where, end in offsets.items())

    async def close(self) -> None:
        """Close the connections."""
        probe, self._probe = self._probe, None
        admin, self._admin = self._admin, None
        if probe is not None:
            await stop(probe.stop())
        if admin is not None:
            await stop(admin.close())

    async def _ask(self, question: Awaitable[Offsets]) -> Offsets:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                answer = await question
        except Exception as error:
            await self.close()
            raise KafkaUnavailableError(f"Kafka does not say its offsets: {error!r}") from error
        return answer

    async def _ends(self, partitions: Sequence[TopicPartition]) -> Offsets:
        if self._probe is None:
            probe = new_probe(self._settings)
            self._probe = probe
            await probe.start()
        ends = await self._probe.end_offsets(partitions)
        return {place(tp.topic, tp.partition): end for tp, end in ends.items()}

    async def _committed(self, group: str) -> Offsets:
        if self._admin is None:
            admin = new_admin(self._settings)
            self._admin = admin
            await admin.start()
        found = await self._admin.list_consumer_group_offsets(group)
        return {place(tp.topic, tp.partition): item.offset for tp, item in found.items() if item.offset >= 0}


async def await_coordinators(settings: KafkaSettings, groups: Iterable[str], *, patience_s: float = 30) -> None:
    """Wait until Kafka coordinates each group: a new cluster makes its offsets topic when it is first asked.

    A consumer that began before that would fill the log with errors.

    Raises:
        KafkaUnavailableError: it still did not after `patience_s`.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    async with OffsetReader(settings) as reader:
        for group in groups:
            while True:
                try:
                    await reader.committed(group)
                    break
                except KafkaUnavailableError:
                    if loop.time() >= until:
                        raise
                await asyncio.sleep(_POLL_S)


async def end_offsets(settings: KafkaSettings, topics: Iterable[str]) -> Offsets:
    """Return where topics end now. See `OffsetReader.end_offsets`."""
    async with OffsetReader(settings) as reader:
        return await reader.end_offsets(topics)


async def group_has_passed(settings: KafkaSettings, group: str, offsets: Mapping[str, int]) -> bool:
    """Say whether a group has committed everything before these offsets. See `OffsetReader.has_passed`."""
    async with OffsetReader(settings) as reader:
        return await reader.has_passed(group, offsets)
