"""How far each group of a service is behind, and what is stopped: the lines that the command `lag` prints."""

from collections.abc import Mapping, Sequence

from shared.messaging.kafka import KafkaSettings
from shared.messaging.message import Loop, Subscription, group_of
from shared.messaging.offsets import OffsetReader


async def lag_lines(
    settings: KafkaSettings,
    service: str,
    subscriptions: Sequence[Subscription],
    stopped: Mapping[tuple[str, int, int], str],
) -> list[str]:
    """One line a partition, below a heading. `stopped`: why, by topic, partition and offset."""
    loops: dict[Loop, list[str]] = {}
    for subscription in subscriptions:
        loops.setdefault(subscription.loop, []).extend(subscription.topics)
    lines = [f"{'group':<24}{'topic/partition':<36}{'committed':>12}{'end':>12}{'lag':>12}  state"]
    async with OffsetReader(settings) as reader:
        for loop, topics in loops.items():
            group = group_of(service, loop)
            committed = await reader.committed(group)
            for where, end in sorted((await reader.end_offsets(topics)).items()):
                at = committed.get(where, 0)
                topic, _, partition = where.rpartition("/")
                reason = stopped.get((topic, int(partition), at))
                state = "" if reason is None else f"  stopped: {reason}"
                lines.append(f"{group:<24}{where:<36}{at:>12}{end:>12}{end - at:>12}{state}")
    return lines
