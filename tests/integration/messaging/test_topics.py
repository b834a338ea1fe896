"""Topics are made from the registry, kept for ever, with one partition count for all."""

import pytest
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


async def test_a_broker_that_is_not_there_is_a_clear_error() -> None:
    nowhere = KafkaPlace("127.0.0.1:9")
    with pytest.raises(KafkaUnavailableError):
        await create_topics(nowhere)
    with pytest.raises(KafkaUnavailableError):
        await end_offsets(nowhere, ["payment.posted"])
