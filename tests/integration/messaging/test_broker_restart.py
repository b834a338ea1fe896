"""A broker that is killed and comes back loses nothing: the outbox waits, the consumer goes on."""

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.kafka import Kafka
from deploy.local.ports import free_port
from shared.db.transaction import Tx
from shared.messaging.consumer import Consumer
from shared.messaging.message import Message, Rejected, Subscription
from shared.messaging.offsets import end_offsets, group_has_passed
from shared.messaging.relay import Relay
from shared.messaging.topics import create_topics
from tests.integration.messaging.rig import (
    CLOCK,
    KafkaPlace,
    apply_payments,
    consuming,
    effects,
    emit,
    outbox_is_empty,
    posted,
    relaying,
    until,
    until_effects,
)

TOPIC = "payment.posted"


@pytest.fixture
def broker(infra_dir: Path) -> Iterator[Kafka]:
    """A broker of this test's own, to kill."""
    server = Kafka(infra_dir / "kafka-to-kill", free_port(), free_port(), heap="384m")
    server.start()
    try:
        yield server
    finally:
        server.stop()


async def test_nothing_is_lost_or_applied_twice_when_the_broker_is_killed_and_restarted(
    kernel_engine: AsyncEngine, broker: Kafka
) -> None:
    place = KafkaPlace(broker.bootstrap_servers)
    await create_topics(place)
    creditor = uuid4()
    consumer = Consumer(place, kernel_engine, CLOCK, "restart", [Subscription((TOPIC,), apply_payments)], stall_s=5)
    async with relaying(Relay(place, kernel_engine, send_timeout_s=5, batch_size=50)), consuming(consumer):
        await emit(kernel_engine, TOPIC, [posted(creditor, n) for n in range(1, 101)])
        await until_effects(kernel_engine, creditor, [*range(1, 101)])
        await emit(kernel_engine, TOPIC, [posted(creditor, n) for n in range(101, 1101)])

        async def is_under_way() -> bool:
            return len(await effects(kernel_engine, creditor)) > 150

        await until(is_under_way)
        assert broker._child is not None
        os.killpg(broker._child.record.pid, signal.SIGKILL)
        broker._child.finish()
        await emit(kernel_engine, TOPIC, [posted(creditor, n) for n in range(1101, 1201)])
        assert not await outbox_is_empty(kernel_engine)
        await asyncio.to_thread(broker.start)
        await until_effects(kernel_engine, creditor, [*range(1, 1201)], seconds=90)
        await until(lambda: outbox_is_empty(kernel_engine))
    assert consumer.is_healthy
    assert await effects(kernel_engine, creditor) == [*range(1, 1201)]


async def test_an_offset_that_could_not_be_committed_is_committed_later_though_nothing_more_comes(
    kernel_engine: AsyncEngine, broker: Kafka
) -> None:
    place = KafkaPlace(broker.bootstrap_servers)
    await create_topics(place)
    creditor = uuid4()

    async def apply_and_lose_the_broker(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
        assert broker._child is not None
        os.killpg(broker._child.record.pid, signal.SIGKILL)
        broker._child.finish()
        return await apply_payments(tx, messages)

    subscriptions = [Subscription((TOPIC,), apply_and_lose_the_broker)]
    consumer = Consumer(place, kernel_engine, CLOCK, "later", subscriptions, stall_s=300)
    async with relaying(Relay(place, kernel_engine)):
        await emit(kernel_engine, TOPIC, [posted(creditor, 1)])
        await until(lambda: outbox_is_empty(kernel_engine))
    async with consuming(consumer):
        await until_effects(kernel_engine, creditor, [1])
        await asyncio.to_thread(broker.start)
        ends = await end_offsets(place, [TOPIC])
        await until(lambda: group_has_passed(place, "later", ends), seconds=60)
    assert (consumer.rebuilds, await effects(kernel_engine, creditor)) == (0, [1])
