"""What the messaging tests share: events to send, a handler whose effects would show a duplicate, and waiting."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from aiokafka import TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import SystemClock
from shared.db.engine import connect_directly
from shared.db.transaction import Tx, open_transaction
from shared.events.accounts import QueueItemChanged
from shared.events.core import AllocationLine
from shared.events.payments import PaymentPosted
from shared.jobs import run_chunk
from shared.messaging.consumer import Consumer
from shared.messaging.kafka import new_probe
from shared.messaging.message import Message, Rejected
from shared.messaging.offsets import end_offsets
from shared.messaging.relay import Relay
from shared.settings import KafkaSecurity

CLOCK = SystemClock()


@dataclass(frozen=True)
class KafkaPlace:
    """The settings of a broker of the tests."""

    kafka_bootstrap_servers: str
    topic_partitions: int = 3
    topic_replication: int = 1
    kafka_security: KafkaSecurity | None = None


def posted(creditor: UUID, amount: int = 100, *, account: UUID | None = None) -> PaymentPosted:
    return PaymentPosted(
        creditor_id=creditor,
        account_id=account or uuid4(),
        payment_id=uuid4(),
        amount_minor=amount,
        currency="USD",
        effective_on=date(2026, 1, 2),
        posted_on=date(2026, 1, 2),
        channel="branch",
        source="test",
        source_ref=str(uuid4()),
        origin="ours",
        allocation=(AllocationLine(component="principal", amount_minor=amount),),
        allocation_basis="waterfall",
    )


def entered(creditor: UUID, queue: str = "late") -> QueueItemChanged:
    return QueueItemChanged(
        creditor_id=creditor, account_id=uuid4(), work_item_id=uuid4(), queue=queue, priority=1, reasons=("late",)
    )


async def emit(engine: AsyncEngine, topic: str, payloads: Sequence[Any], *, version: int | None = None) -> list[UUID]:
    """Publish events through the outbox, in one transaction."""

    async def work(tx: Tx) -> list[UUID]:
        return [tx.emit(topic, payload, version=version) for payload in payloads]

    return await run_chunk(engine, CLOCK, work)


async def apply_payments(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
    """Write one row per message. Nothing makes it unique, so a message that is applied twice shows."""
    await tx.execute(
        'INSERT INTO pair (creditor_id, "order", value) '
        "SELECT c, gen_random_uuid()::text, v FROM unnest($1::uuid[], $2::bigint[]) AS e(c, v)",
        [message.payload.creditor_id for message in messages],
        [message.payload.amount_minor for message in messages],
    )
    return []


async def effects(engine: AsyncEngine, creditor: UUID) -> list[int]:
    """The amounts that were applied for a creditor, sorted."""
    async with open_transaction(engine, CLOCK) as tx:
        rows = await tx.fetch("SELECT value FROM pair WHERE creditor_id = $1 ORDER BY value", creditor)
    return [row["value"] for row in rows]


async def fetch(engine: AsyncEngine, sql: str, *args: Any) -> list[Any]:
    async with open_transaction(engine, CLOCK) as tx:
        return await tx.fetch(sql, *args)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what changes is in a database or a broker
            await asyncio.sleep(0.02)


async def until_effects(engine: AsyncEngine, creditor: UUID, expected: list[int], seconds: float = 30) -> None:
    try:
        await until(lambda: _equal(engine, creditor, expected), seconds)
    except TimeoutError:
        assert await effects(engine, creditor) == expected


async def _equal(engine: AsyncEngine, creditor: UUID, expected: list[int]) -> bool:
    return await effects(engine, creditor) == expected


@asynccontextmanager
async def relaying(relay: Relay) -> AsyncIterator[Relay]:
    task = asyncio.ensure_future(relay.run())
    try:
        yield relay
    finally:
        async with asyncio.timeout(30):  # a relay that cannot be stopped fails the test, and does not hang it
            while not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=10)


@asynccontextmanager
async def consuming(*consumers: Consumer) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(consumer.run()) for consumer in consumers]
    try:
        yield
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                await asyncio.gather(*(consumer.stop() for consumer in consumers))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def outbox_is_empty(engine: AsyncEngine) -> bool:
    return not await fetch(engine, "SELECT 1 FROM outbox LIMIT 1")


async def copies_in_kafka(place: KafkaPlace, topic: str, creditor: UUID) -> list[Any]:
    """Every record of a topic that names a creditor, in the order of its partition."""
    ends = await end_offsets(place, [topic])
    probe = new_probe(place)
    await probe.start()
    found = []
    try:
        for where, end in ends.items():
            tp = TopicPartition(topic, int(where.rpartition("/")[2]))
            if not end:
                continue
            probe.assign([tp])
            probe.seek(tp, 0)
            while (await probe.position(tp)) < end:
                for records in (await probe.getmany(timeout_ms=1000)).values():
                    found += [record for record in records if str(creditor).encode() in (record.value or b"")]
    finally:
        await probe.stop()
    return found


async def terminate(engine: AsyncEngine, application_name: str) -> None:
    """End the sessions of a name in this database, as a crash of their process would."""
    connection = await connect_directly(engine, application_name="test")
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = $1 AND datname = current_database()",
            application_name,
        )
    finally:
        await connection.close()
