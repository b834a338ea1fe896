"""A service that must prove who it is: topics, relay and consumer against a broker that asks for SCRAM."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.kafka import Kafka
from deploy.local.ports import free_port
from shared.messaging.consumer import Consumer
from shared.messaging.kafka import KafkaUnavailableError, open_admin
from shared.messaging.message import Subscription
from shared.messaging.offsets import await_coordinators
from shared.messaging.relay import Relay
from shared.messaging.topics import create_topics
from shared.settings import KafkaSecurity
from tests.integration.messaging.rig import (
    CLOCK,
    KafkaPlace,
    apply_payments,
    consuming,
    emit,
    posted,
    relaying,
    until_effects,
)

USER, PASSWORD = "kernel", "right"


@pytest.fixture(scope="module")
def guarded(infra_dir: Path) -> Iterator[str]:
    """Where a broker asks its clients for a name and a password."""
    port, plain, controller = free_port(), free_port(), free_port()
    settings = {
        "listeners": f"PLAINTEXT://127.0.0.1:{plain},CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{plain},CLIENT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CLIENT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.client.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
    }
    # Ready when it takes clients: the listener between brokers may open earlier.
    broker = Kafka(
        infra_dir / "guarded-kafka", port, controller, heap="256m", settings=settings, users={USER: PASSWORD}
    )
    broker.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        broker.stop()


def _place(guarded: str, password: str) -> KafkaPlace:
    security = KafkaSecurity("SASL_PLAINTEXT", username=USER, password=SecretStr(password))
    return KafkaPlace(guarded, kafka_security=security)


async def test_with_its_password_a_service_publishes_and_consumes(kernel_engine: AsyncEngine, guarded: str) -> None:
    place, creditor = _place(guarded, PASSWORD), uuid4()
    await create_topics(place)
    await await_coordinators(place, ["guarded"])
    consumer = Consumer(place, kernel_engine, CLOCK, "guarded", [Subscription(("payment.posted",), apply_payments)])
    async with relaying(Relay(place, kernel_engine)), consuming(consumer):
        await emit(kernel_engine, "payment.posted", [posted(creditor, 3)])
        await until_effects(kernel_engine, creditor, [3])


@pytest.mark.parametrize("place", ["wrong password", "no password"])
async def test_without_it_nobody_gets_in(guarded: str, place: str) -> None:
    stranger = _place(guarded, "wrong") if place == "wrong password" else KafkaPlace(guarded)
    with pytest.raises(KafkaUnavailableError):
        async with open_admin(stranger):
            pass
