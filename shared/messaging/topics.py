"""Creates the topics of the registry and asserts that they are as the design needs them.

All have the same partition count (a worker then meets all topics of an account), are kept for ever, and are deleted
by nobody; topics with personal data are compacted, so that a tombstone erases.
"""

import logging

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from shared.errors import ArrearsError
from shared.events.topics import TOPICS, Topic
from shared.messaging.kafka import KafkaSettings, open_admin

_log = logging.getLogger(__name__)
_EXISTS = 36
_OK = 0
_REPLICAS_FOR_QUORUM = 3
LARGEST_MESSAGE = 16 * 1024 * 1024
"""In bytes. A state names all that belongs to it; one that the broker refused would hold up the outbox for ever."""
_METADATA_SECONDS = 30.0
"""A broker tells of a topic a moment after it was made, much later when it is busy."""


class TopicSetupError(ArrearsError):
    """A topic could not be made, or is not as the settings say."""


class _NotToldYetError(TopicSetupError):
    """The broker does not tell of a topic: it is not there, or was made a moment ago."""


async def create_topics(settings: KafkaSettings) -> None:
    """Create the topics that are missing, then assert the partition count of all.

    Raises:
        TopicSetupError: a topic cannot be made, or has another partition count than the settings.
        KafkaUnavailableError: no broker answers.
    """
    async with open_admin(settings) as admin:
        there = {item["topic"] for item in await admin.describe_topics() if item["error_code"] == _OK}
        missing = [_new(topic, settings) for topic in TOPICS.values() if topic.name not in there]
        if missing:
            answer = await admin.create_topics(missing, timeout_ms=30_000)
            for name, code, *rest in answer.topic_errors:
                if code not in {_OK, _EXISTS}:  # another service may have made it at the same moment
                    raise TopicSetupError(f"topic {name} cannot be made: error {code} {rest}")
            _log.info("topics made", extra={"count": len(missing)})
    await check_topics(settings)


async def check_topics(settings: KafkaSettings) -> None:
    """Assert that every topic exists with the partition count of the settings; wait for those just made.

    Raises:
        TopicSetupError: one does not.
    """
    async with open_admin(settings) as admin:
        await _check(admin, settings)


@retry(
    retry=retry_if_exception_type(_NotToldYetError),
    stop=stop_after_delay(_METADATA_SECONDS),
    wait=wait_fixed(0.1),
    reraise=True,
)
async def _check(admin: AIOKafkaAdminClient, settings: KafkaSettings) -> None:
    found = {item["topic"]: item for item in await admin.describe_topics(list(TOPICS))}
    for name in TOPICS:
        item = found.get(name)
        if item is None or item["error_code"] != _OK:
            raise _NotToldYetError(f"topic {name} is missing")
        count = len(item["partitions"])
        if count != settings.topic_partitions:
            raise TopicSetupError(
                f"topic {name} has {count} partitions, the settings say {settings.topic_partitions}: all topics need "
                "the same count, and it is never changed in place"
            )


def _new(topic: Topic, settings: KafkaSettings) -> NewTopic:
    configs = {
        "cleanup.policy": "compact" if topic.is_personal else "delete",
        "retention.ms": "-1",
        "max.message.bytes": str(LARGEST_MESSAGE),
    }
    if settings.topic_replication >= _REPLICAS_FOR_QUORUM:
        configs["min.insync.replicas"] = "2"
    return NewTopic(topic.name, settings.topic_partitions, settings.topic_replication, topic_configs=configs)
