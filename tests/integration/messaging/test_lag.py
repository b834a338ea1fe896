"""The lag in messages is told by the member that serves a partition, and by no member that served it before."""

from uuid import uuid4

from prometheus_client import REGISTRY

from shared.messaging.kafka import KafkaUnavailableError
from shared.messaging.offsets import OffsetReader
from shared.messaging.watchdog import Watchdog
from tests.integration.messaging.rig import KafkaPlace, until

TOPIC = "payment.posted"


async def test_a_partition_that_went_to_another_member_is_told_no_more(place: KafkaPlace) -> None:
    group = f"lag-{uuid4()}"
    mine = {(TOPIC, 0), (TOPIC, 1)}
    async with OffsetReader(place) as reader:
        watchdog = Watchdog(reader, group, [TOPIC], assigned=lambda: mine, stall_s=30)
        await until(lambda: _has_looked(watchdog))
        assert _told(group) == {"0", "1"}
        mine.remove((TOPIC, 0))
        await watchdog._look()
        assert _told(group) == {"1"}


async def _has_looked(watchdog: Watchdog) -> bool:
    try:
        await watchdog._look()
    except KafkaUnavailableError:  # a broker that has just started knows no coordinator yet
        return False
    return True


def _told(group: str) -> set[str]:
    return {
        sample.labels["partition"]
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "arrears_consumer_lag_messages" and sample.labels["group"] == group
    }
