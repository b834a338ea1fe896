"""The broker of these tests, with the topics of the registry."""

import pytest_asyncio

from deploy.local.kafka import Kafka
from shared.messaging.offsets import await_coordinators
from shared.messaging.topics import create_topics
from tests.integration.messaging.rig import KafkaPlace


@pytest_asyncio.fixture(scope="session")
async def place(kafka: Kafka) -> KafkaPlace:
    """Where Kafka is; the topics are there, and a new broker has begun to look after groups."""
    settings = KafkaPlace(kafka.bootstrap_servers)
    await create_topics(settings)
    await await_coordinators(settings, ["test"])
    return settings
