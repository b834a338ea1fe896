"""Core banking, as the demo plays it: publishes payments to Kafka, some poisoned, and reads back what followed."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import asyncpg

from deploy.local.demo.cards import CURRENCY
from deploy.local.demo.doors import CREDITOR
from deploy.local.demo.plan import POISON_KEY, CorePayment
from shared.events.topics import TOPICS
from shared.messaging.history import read_history
from shared.messaging.offsets import OffsetReader
from shared.messaging.publisher import Outgoing, Publisher
from shared.settings import KafkaSecurity

FEED = "core.payment.received"
SETTLE_SECONDS = 180
POLL_SECONDS = 0.05
PARTITIONS = 3
OUTBOX_EMPTY = "SELECT NOT EXISTS (SELECT FROM outbox)"
FROM_PAYMENTS = [topic.name for topic in TOPICS.values() if topic.owner == "payments"]
FROM_ACCOUNTS = [
    "creditor.updated",
    "business_date.advanced",
    *(name for name in TOPICS if name.startswith("account.")),
]
JOB_DONE = "SELECT NOT EXISTS (SELECT FROM job WHERE status NOT IN ('done', 'failed'))"


class NotSettledError(Exception):
    """The services did not come to rest in time: some message is stuck."""


@dataclass(frozen=True, slots=True)
class Stories:
    """What the topics tell of the demo's creditor, counted by aggregate."""

    posted: set[UUID] = field(default_factory=set)
    reversed: set[UUID] = field(default_factory=set)
    last: dict[str, Counter[str]] = field(default_factory=dict)
    completed: int = 0
    reopened: int = 0
    cured: int = 0


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
        self._offsets = OffsetReader(self._cluster)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._publisher.close()
        await self._offsets.close()

    async def publish(self, payment: CorePayment) -> None:
        """Publishes one payment, as bare JSON, and waits until Kafka has it."""
        body: dict[str, Any] = {
            "creditor_id": str(CREDITOR),
            "core_account_number": payment.number,
            "amount_minor": payment.amount_minor,
            "currency": CURRENCY,
            "effective_on": payment.on.isoformat(),
            "channel": payment.channel,
            "source_ref": payment.source_ref,
        }
        if payment.ach_trace:
            body["ach_trace"] = payment.ach_trace
        await self._publisher.send([Outgoing(FEED, payment.number.encode(), json.dumps(body).encode())])

    async def publish_poison(self) -> None:
        """Publishes what no consumer can take: a message cut short, and an amount that is no whole number."""
        broken = b'{"creditor_id": "0c0ffee0-'
        absurd = json.dumps({"creditor_id": str(CREDITOR), "core_account_number": POISON_KEY, "amount_minor": 12.5})
        key = POISON_KEY.encode()
        await self._publisher.send([Outgoing(FEED, key, broken), Outgoing(FEED, key, absurd.encode())])

    async def settle(self, payments_url: str, accounts_url: str) -> None:
        """Waits until every message was handled, every event that it caused was sent and handled, and no job runs.

        Raises:
            NotSettledError: after three minutes.
        """
        payments, accounts = await asyncpg.connect(payments_url), await asyncpg.connect(accounts_url)
        give_up = time.perf_counter() + SETTLE_SECONDS
        try:
            calm = 0
            while calm < 2:  # noqa: PLR2004 - twice in a row, so that nothing was on its way between two questions
                if time.perf_counter() > give_up:
                    raise NotSettledError(f"messages are still on their way after {SETTLE_SECONDS} s")
                calm = calm + 1 if await self._is_calm(payments, accounts) else 0
                if not calm:
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            await payments.close()
            await accounts.close()

    async def _is_calm(self, payments: asyncpg.Connection, accounts: asyncpg.Connection) -> bool:
        for group, topics in (("payments", [FEED, *FROM_ACCOUNTS]), ("accounts", FROM_PAYMENTS)):
            if not await self._offsets.has_passed(group, await self._offsets.end_offsets(topics)):
                return False
        return all(
            [
                await database.fetchval(question)
                for database in (payments, accounts)
                for question in (OUTBOX_EMPTY, JOB_DONE)
            ]
        )

    async def stories(self) -> Stories:
        """Reads what the services published of the demo's creditor since the beginning."""
        names = [*FROM_PAYMENTS, "account.cured"]
        posted, taken_back = set(), set()
        cured = 0
        lives: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        for message in await read_history(self._cluster, names):
            body = json.loads(message.value or b"{}")
            if body.get("creditor_id") != str(CREDITOR):
                continue
            kind = message.topic.partition(".")[0]
            if message.topic == "payment.posted":
                posted.add(UUID(body["payment_id"]))
            elif message.topic == "payment.reversed":
                taken_back.add(UUID(body["payment_id"]))
            elif message.topic == "account.cured":
                cured += 1
            elif kind in {"promise", "arrangement"}:
                version = int(dict(message.headers)["ce_aggregateversion"])
                lives[kind, body[f"{kind}_id"]][version] = body["status"]
        completed, reopened = _endings([life for (kind, _), life in lives.items() if kind == "arrangement"])
        last = {
            kind: Counter(life[max(life)] for (of, _), life in lives.items() if of == kind)
            for kind in ("promise", "arrangement")
        }
        return Stories(posted, taken_back, last, completed, reopened, cured)


def _endings(lives: list[dict[int, str]]) -> tuple[int, int]:
    """How many arrangements were ever completed, and how many of these left that state again."""
    completed = reopened = 0
    for life in lives:
        states = [life[version] for version in sorted(life)]
        if "completed" in states:
            completed += 1
            reopened += any(state != "completed" for state in states[states.index("completed") :])
    return completed, reopened
