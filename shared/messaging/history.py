"""Reads topics from their first message to the last that is there now: for checkers and demos, not for services."""

from collections.abc import Sequence
from datetime import UTC, datetime

from aiokafka import TopicPartition

from shared.messaging.kafka import KafkaSettings, new_probe, stop
from shared.messaging.message import RawMessage


async def read_history(settings: KafkaSettings, topics: Sequence[str]) -> list[RawMessage]:
    """Every message of the topics, in the order of each partition. For a history that fits into memory."""
    consumer = new_probe(settings)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, n) for topic in topics for n in range(settings.topic_partitions)]
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        for partition, beginning in (await consumer.beginning_offsets(partitions)).items():
            consumer.seek(partition, beginning)
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
