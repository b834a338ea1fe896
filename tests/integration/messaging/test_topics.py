"""Topics are made from the registry, kept for ever, with one partition count for all."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.events.topics import TOPICS
from shared.messaging.kafka import KafkaUnavailableError, open_admin
from shared.messaging.offsets import end_offsets
from shared.messaging.topics import TopicSetupError, check_topics, create_topics
from tests.integration.messaging.rig import KafkaPlace


async def test_topics_are_kept_for_ever_and_only_personal_ones_are_compacted(place: KafkaPlace) -> None:
    await create_topics(place)  # again: nothing to do
    async with open_admin(place) as admin:
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in TOPICS])
    found = {}
    for answer in answers:
        for resource in answer.resources:
            found[resource[3]] = {entry[0]: entry[1] for entry in resource[4]}
    assert set(found) == set(TOPICS)
    for name, configs in found.items():
        assert configs["retention.ms"] == "-1"
        assert configs["cleanup.policy"] == ("compact" if TOPICS[name].is_personal else "delete")


async def test_another_partition_count_than_the_settings_say_is_refused(place: KafkaPlace) -> None:
    with pytest.raises(TopicSetupError, match=r"has 3 partitions, the settings say 4"):
        await check_topics(KafkaPlace(place.kafka_bootstrap_servers, topic_partitions=4))


async def test_a_topic_that_the_broker_does_not_tell_of_yet_is_awaited(
    place: KafkaPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy broker answers that a topic is made, and only then learns of it itself."""
    late = f"late.{uuid4()}"
    monkeypatch.setitem(TOPICS, late, next(iter(TOPICS.values())))
    asked = asyncio.Event()
    describe = AIOKafkaAdminClient.describe_topics

    async def describe_and_tell(admin: AIOKafkaAdminClient, topics: list[str]) -> Any:
        found = await describe(admin, topics)
        asked.set()
        return found

    monkeypatch.setattr(AIOKafkaAdminClient, "describe_topics", describe_and_tell)
    async with open_admin(place) as admin, asyncio.timeout(30):
        checked = asyncio.create_task(check_topics(place))
        await asked.wait()
        await admin.create_topics([NewTopic(late, place.topic_partitions, 1)])
        try:
            await checked
        finally:
            await admin.delete_topics([late])


async def test_a_broker_that_is_not_there_is_a_clear_error() -> None:
    nowhere = KafkaPlace("127.0.0.1:9")
    with pytest.raises(KafkaUnavailableError):
        await create_topics(nowhere)
    with pytest.raises(KafkaUnavailableError):
        await end_offsets(nowhere, ["payment.posted"])
