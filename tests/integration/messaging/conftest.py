"""The broker of these tests, with the topics of the registry."""

import pytest_asyncio

from deploy.local.kafka import Kafka
from shared.messaging.topics import create_topics
from tests.integration.messaging.rig import KafkaPlace


@pytest_asyncio.fixture(scope="session")
async def place(kafka: Kafka) -> KafkaPlace:
    """Where Kafka is; the topics are there."""
    settings = KafkaPlace(kafka.bootstrap_servers)
    await create_topics(settings)
    return settings
