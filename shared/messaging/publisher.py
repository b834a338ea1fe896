"""An idempotent producer behind one call: all of a batch is acknowledged in time, or the producer is thrown away.

An idempotent batch never expires inside aiokafka, and after a fatal error the producer is of no use for ever; so every
send has a time-out, after any failure a new producer is made, and the outbox sends again (same event ids).
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from shared.messaging.kafka import KafkaSettings, KafkaUnavailableError, new_producer, stop

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way to Kafka."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Publisher:
    """Sends batches. Not for concurrent use: one batch at a time keeps the order per key."""

    def __init__(self, settings: KafkaSettings, client_id: str, *, timeout_s: float = 30) -> None:
        self._settings = settings
        self._client_id = client_id
        self._timeout_s = timeout_s
        self._producer: AIOKafkaProducer | None = None

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Send all and wait for the acknowledgements.

        Raises:
            KafkaUnavailableError: some were not acknowledged in time (they may be in Kafka all the same).
        """
        try:
            async with asyncio.timeout(self._timeout_s):  # wait_for of Python 3.11 may swallow a cancellation
                await self._send(messages)
        except asyncio.CancelledError:
            await self.close()
            raise
        except Exception as error:
            await self._discard()
            raise KafkaUnavailableError(f"{len(messages)} messages were not acknowledged: {error!r}") from error

    async def close(self) -> None:
        """Close the producer; the next `send` makes a new one."""
        producer, self._producer = self._producer, None
        if producer is not None and not await stop(producer.stop()):
            await _tear_down(producer)

    async def _send(self, messages: Sequence[Outgoing]) -> None:
        producer = self._producer
        if producer is None:
            producer = self._producer = new_producer(self._settings, self._client_id)
            await producer.start()
        acks = [
            await producer.send(message.topic, message.value, message.key, headers=list(message.headers))
            for message in messages
        ]
        # All are awaited before one raises: a future left alone would complain in the log when it fails.
        for result in await asyncio.gather(*acks, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def _discard(self) -> None:
        """Throw the producer away without flushing: its batches would only come a second time."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _tear_down(producer)


async def _tear_down(producer: AIOKafkaProducer) -> None:
    producer._closed = True  # noqa: SLF001 - stop() would flush first, and wait for a broker that may never answer
    sender = producer._sender  # noqa: SLF001
    if sender is not None and sender.sender_task is not None:
        await stop(sender.close())
    with suppress(Exception):
        await stop(producer.client.close())
