"""An idempotent producer behind two calls: a batch is encoded, then sent; all of it is acknowledged in time, or not.

An idempotent batch never expires inside aiokafka, and after a fatal error the producer is of no use for ever; so every
send has a time-out, after any failure a new producer is made, and the outbox sends again (same event ids).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from shared.messaging.kafka import KafkaSettings, KafkaUnavailableError, new_producer, stop
from shared.messaging.partitioner import partition_of

_log = logging.getLogger(__name__)


class Outgoing(NamedTuple):
    """A message on its way to Kafka."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Encoded(NamedTuple):
    """Messages as the producer sends them: the record batches of each partition."""

    size: int
    batches: Mapping[tuple[str, int], Sequence[Any]]


class Publisher:
    """Sends batches: one at a time, which keeps the order per key. The next may be encoded while one is on its way."""

    def __init__(self, settings: KafkaSettings, client_id: str, *, timeout_s: float = 30) -> None:
        self._settings = settings
        self._client_id = client_id
        self._timeout_s = timeout_s
        self._producer: AIOKafkaProducer | None = None

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Encode all, send them and wait for the acknowledgements. Raises what `encode` and `send_encoded` raise."""
        await self.send_encoded(await self.encode(messages))

    async def encode(self, messages: Sequence[Outgoing]) -> Encoded:
        """Make messages ready to be sent.

        Raises:
            KafkaUnavailableError: nobody says how many partitions their topics have.
            Exception: a message cannot be sent as it is; no other try would help.
        """
        async with self._discarding("Kafka does not answer"):
            producer, counts = await self._connect({message.topic for message in messages})
        return Encoded(len(messages), _batches(producer, messages, counts))

    async def send_encoded(self, encoded: Encoded) -> None:
        """Send all and wait for the acknowledgements. What was encoded is sent once: to try again, encode it anew.

        Raises:
            KafkaUnavailableError: some were not acknowledged in time (they may be in Kafka all the same).
        """
        async with self._discarding(f"{encoded.size} messages were not acknowledged"):
            producer, _ = await self._connect(())
            await _send(producer, encoded.batches)

    @asynccontextmanager
    async def _discarding(self, complaint: str) -> AsyncIterator[None]:
        """Bound what talks to Kafka; throw the producer away when that fails."""
        try:
            async with asyncio.timeout(self._timeout_s):  # wait_for of Python 3.11 may swallow a cancellation
                yield
        except asyncio.CancelledError:
            await self.close()
            raise
        except Exception as error:
            await self._discard()
            raise KafkaUnavailableError(f"{complaint}: {error!r}") from error

    async def close(self) -> None:
        """Close the producer; the next `send` makes a new one."""
        producer, self._producer = self._producer, None
        if producer is not None and not await stop(producer.stop()):
            await _tear_down(producer)

    async def _connect(self, topics: Iterable[str]) -> tuple[AIOKafkaProducer, dict[str, int]]:
        """Return the producer, and the number of partitions of each topic."""
        producer = self._producer
        if producer is None:
            producer = self._producer = new_producer(self._settings, self._client_id)
            await producer.start()
        return producer, {topic: len(await producer.partitions_for(topic)) for topic in topics}

    async def _discard(self) -> None:
        """Throw the producer away without flushing: its batches would only come a second time."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _tear_down(producer)


def _batches(
    producer: AIOKafkaProducer, messages: Sequence[Outgoing], counts: dict[str, int]
) -> dict[tuple[str, int], list[Any]]:
    """Build the record batches of each partition: one future a batch; one a message took half of the time."""
    batches: dict[tuple[str, int], list[Any]] = {}
    for topic, key, value, sequence in messages:
        headers = list(sequence)  # a builder takes nothing else, and says so only when it is compiled
        parts = batches.setdefault((topic, partition_of(key, counts[topic])), [])
        if not parts or parts[-1].append(timestamp=None, key=key, value=value, headers=headers) is None:
            batch = producer.create_batch()
            batch.append(timestamp=None, key=key, value=value, headers=headers)  # the first always fits
            parts.append(batch)
    for parts in batches.values():
        parts[-1].close()
    return batches


async def _send(producer: AIOKafkaProducer, batches: Mapping[tuple[str, int], Sequence[Any]]) -> None:
    # All are awaited before one raises: a future left alone would complain in the log when it fails.
    sending = [_send_partition(producer, topic, number, parts) for (topic, number), parts in batches.items()]
    for result in await asyncio.gather(*sending, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _send_partition(producer: AIOKafkaProducer, topic: str, partition: int, batches: Sequence[Any]) -> None:
    """Send the batches of one partition, in their order."""
    acks = [await producer.send_batch(batch, topic, partition=partition) for batch in batches]
    for result in await asyncio.gather(*acks, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _tear_down(producer: AIOKafkaProducer) -> None:
    producer._closed = True  # noqa: SLF001 - stop() would flush first, and wait for a broker that may never answer
    sender = producer._sender  # noqa: SLF001
    if sender is not None and sender.sender_task is not None:
        await stop(sender.close())
    with suppress(Exception):
        await stop(producer.client.close())
