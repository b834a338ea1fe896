"""Reads topics from their first message to the last that is there now: for rebuilding, checkers and demos."""

from collections.abc import AsyncIterator, Sequence

from aiokafka import TopicPartition

from shared.messaging.kafka import KafkaSettings, new_probe, stop
from shared.messaging.message import RawMessage
from shared.messaging.session import raw_message

_PAGE = 5000


async def read_pages(settings: KafkaSettings, topics: Sequence[str]) -> AsyncIterator[list[RawMessage]]:
    """Every message of the topics, in the order of each partition, some thousands at a time."""
    consumer = new_probe(settings)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, n) for topic in topics for n in range(settings.topic_partitions)]
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        for partition, beginning in (await consumer.beginning_offsets(partitions)).items():
            consumer.seek(partition, beginning)
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500, max_records=_PAGE)).values():
                yield [raw_message(record) for record in records]
    finally:
        await stop(consumer.stop())
