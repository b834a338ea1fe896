"""Core banking, as the demo plays it: publishes payments to Kafka, some of them poisoned."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from deploy.local.demo.cards import CURRENCY
from deploy.local.demo.doors import CREDITOR
from deploy.local.demo.plan import POISON_KEY, CorePayment
from shared.messaging.publisher import Outgoing, Publisher
from shared.settings import KafkaSecurity

FEED = "core.payment.received"
PARTITIONS = 3


@dataclass(frozen=True, slots=True)
class _Cluster:
    """What the clients need to know of Kafka."""

    kafka_bootstrap_servers: str
    topic_partitions: int = PARTITIONS
    topic_replication: int = 1
    kafka_security: KafkaSecurity | None = None


class CoreBank:
    """A core banking system. Use it as an asynchronous context manager."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._cluster = _Cluster(bootstrap_servers)
        self._publisher = Publisher(self._cluster, "demo-core")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._publisher.close()

    async def publish(self, payments: Sequence[CorePayment], creditor: UUID = CREDITOR) -> None:
        """Publishes payments, each as bare JSON, and waits until Kafka has them all."""
        await self._publisher.send([_message(payment, creditor) for payment in payments])

    async def publish_poison(self) -> None:
        """Publishes what no consumer can take: a message cut short, and an amount that is no whole number."""
        broken = b'{"creditor_id": "0c0ffee0-'
        absurd = json.dumps({"creditor_id": str(CREDITOR), "core_account_number": POISON_KEY, "amount_minor": 12.5})
        key = POISON_KEY.encode()
        await self._publisher.send([Outgoing(FEED, key, broken), Outgoing(FEED, key, absurd.encode())])


def _message(payment: CorePayment, creditor: UUID) -> Outgoing:
    body: dict[str, Any] = {
        "creditor_id": str(creditor),
        "core_account_number": payment.number,
        "amount_minor": payment.amount_minor,
        "currency": CURRENCY,
        "effective_on": payment.on.isoformat(),
        "channel": payment.channel,
        "source_ref": payment.source_ref,
    }
    if payment.ach_trace:
        body["ach_trace"] = payment.ach_trace
    return Outgoing(FEED, payment.number.encode(), json.dumps(body).encode())
