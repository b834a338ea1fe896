"""A broker that is killed and comes back loses nothing: the outbox waits, the consumer goes on."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.kafka import Kafka
from deploy.local.ports import free_port
from shared.messaging.consumer import Consumer
from shared.messaging.message import Subscription
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
