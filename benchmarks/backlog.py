"""A backlog in Kafka, which the real consumer works off: poll, decode, handle, commit, offsets, as a worker does.

The topic is a real one, as the service makes it: each round's group begins where the backlog begins.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from aiokafka import TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK
from shared.db.transaction import Tx
from shared.messaging.consumer import Consumer
from shared.messaging.kafka import new_consumer
from shared.messaging.message import Handler, Message, RawMessage, Rejected, Subscription
from shared.messaging.offsets import Offsets, await_coordinators, end_offsets, group_has_passed
from shared.messaging.publisher import Outgoing, Publisher
from shared.messaging.topics import create_topics
from shared.settings import ServiceSettings

_PIECE = 2_000
_LOOK_S = 0.001
_PATIENCE_S = 3_600


class Backlog:
    """Messages of one topic. `put` them there once, then `consume` them in any number of databases."""

    def __init__(self, settings: ServiceSettings, messages: Sequence[RawMessage]) -> None:
        [self._topic] = {message.topic for message in messages}
        self._settings = settings
        self._messages = messages
        self._begin: Offsets = {}
        self._end: Offsets = {}

    async def put(self) -> None:
        """Send them."""
        await create_topics(self._settings)
        self._begin = await end_offsets(self._settings, [self._topic])
        publisher = Publisher(self._settings, "benchmark")
        outgoing = [_outgoing(each) for each in self._messages]
        for begin in range(0, len(outgoing), _PIECE):
            await publisher.send(outgoing[begin : begin + _PIECE])
        await publisher.close()
        self._end = await end_offsets(self._settings, [self._topic])

    async def consume(self, engine: AsyncEngine, service: str, subscriptions: Sequence[Subscription]) -> float:
        """Let a consumer work it off; return the seconds from its first poll to the last commit."""
        group = f"{service}-{secrets.token_hex(4)}"
        await self._begin_group(group)
        count = _Count(len(self._messages))
        consumer = Consumer(
            self._settings,
            engine,
            CLOCK,
            group,
            [
                replace(each, topics=(self._topic,), handler=count.counted(each.handler))
                for each in subscriptions
                if self._topic in each.topics
            ],
            "benchmark",
            batches_at_once=self._settings.batches_at_once,
        )
        running = asyncio.ensure_future(consumer.run())
        try:
            while not consumer.has_joined:  # noqa: ASYNC110 - there is nobody who tells
                await asyncio.sleep(_LOOK_S)
            began = perf_counter()
            async with asyncio.timeout(_PATIENCE_S):
                await count.is_full.wait()
            seconds = perf_counter() - began
        finally:
            await consumer.stop()
            await running
        if not await group_has_passed(self._settings, group, self._end):
            raise AssertionError("the group has not come to the end of the backlog")
        return seconds

    async def _begin_group(self, group: str) -> None:
        """Commit the begin of the backlog for a new group."""
        await await_coordinators(self._settings, [group])
        client = new_consumer(self._settings, group=group, client_id="benchmark", instance_id=None)
        await client.start()
        try:
            places = [(where.rpartition("/"), offset) for where, offset in self._begin.items()]
            offsets = {TopicPartition(topic, int(number)): offset for (topic, _, number), offset in places}
            client.assign(list(offsets))
            await client.commit(offsets)
        finally:
            await client.stop()


def _outgoing(message: RawMessage) -> Outgoing:
    headers = [(name, value) for name, value in message.headers if value is not None]
    return Outgoing(message.topic, message.key or b"", message.value, headers)


class _Count:
    """Counts the messages whose effects are committed, until they are as many as there should be."""

    def __init__(self, wanted: int) -> None:
        self._left = wanted
        self.is_full = asyncio.Event()

    def counted(self, handler: Handler) -> Handler:
        """The handler, whose batches are counted when they are committed."""

        async def handle(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
            rejected = await handler(tx, messages)
            tx.after_commit(lambda: self._add(len(messages)))
            return rejected

        return handle

    def _add(self, count: int) -> None:
        self._left -= count
        if self._left <= 0:
            self.is_full.set()
