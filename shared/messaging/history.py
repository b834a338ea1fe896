"""Reads topics from their first message to the last that is there now: for checkers and demos, not for services."""

from collections.abc import Sequence
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.kafka import REQUEST_TIMEOUT_MS, KafkaSettings, stop
from shared.messaging.message import RawMessage


async def read_history(settings: KafkaSettings, topics: Sequence[str]) -> list[RawMessage]:
    """Every message of the topics, in the order of each partition. For a history that fits into memory."""
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        client_id="arrears-history",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    await consumer.start()
    try:
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        ends = await consumer.end_offsets(partitions)
        found: list[RawMessage] = []
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500, max_records=5000)).values():
                found += [
                    RawMessage(
                        record.topic,
                        record.partition,
                        record.offset,
                        record.key,
                        record.value,
                        tuple(record.headers),
                        datetime.fromtimestamp(record.timestamp / 1000, UTC),
                    )
                    for record in records
                ]
        return found
    finally:
        await stop(consumer.stop())
