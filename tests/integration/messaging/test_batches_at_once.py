"""A consumer handles batches of different partitions at the same time, and those of one partition in their order."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.locks import lock
from shared.db.transaction import Tx, open_transaction
from shared.events.envelope import encode_headers
from shared.ids import new_id
from shared.messaging.consumer import Consumer
from shared.messaging.message import Handler, Message, Rejected, Subscription
from shared.messaging.offsets import end_offsets, group_has_passed
from shared.messaging.partitioner import partition_of
from shared.messaging.publisher import Outgoing, Publisher
from tests.integration.messaging.rig import (
    CLOCK,
    KafkaPlace,
    apply_payments,
    consuming,
    effects,
    fetch,
    posted,
    until,
    until_effects,
)

TOPIC = "payment.posted"
_WAITING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def _accounts(place: KafkaPlace) -> Iterator[UUID]:
    """An account of the first partition, then one of the second, and so on."""
    for number in count():
        account = uuid4()
        while partition_of(str(account).encode(), place.topic_partitions) != number % place.topic_partitions:
            account = uuid4()
        yield account


async def _send(place: KafkaPlace, creditor: UUID, account: UUID, amounts: Sequence[int]) -> None:
    publisher = Publisher(place, "test")
    try:
        await publisher.send([_outgoing(creditor, account, amount) for amount in amounts])
    finally:
        await publisher.close()


def _outgoing(creditor: UUID, account: UUID, amount: int) -> Outgoing:
    event = {
        "event_id": new_id(),
        "source": "/payments",
        "type": "payment.posted.v1",
        "time": CLOCK.now(),
        "subject": str(account),
        "aggregate_version": None,
        "correlation_id": new_id(),
        "causation_id": None,
        "traceparent": None,
    }
    payload = posted(creditor, amount, account=account)
    return Outgoing(TOPIC, str(account).encode(), payload.model_dump_json().encode(), encode_headers(event))


def _consumer(place: KafkaPlace, engine: AsyncEngine, handler: Handler = apply_payments, **options: Any) -> Consumer:
    subscription = Subscription((TOPIC,), handler)
    return Consumer(place, engine, CLOCK, f"test-{uuid4()}", [subscription], "test", retry_s=0.01, **options)


async def _has_passed(place: KafkaPlace, consumer: Consumer) -> bool:
    return await group_has_passed(place, consumer.group, await end_offsets(place, [TOPIC]))


async def test_a_partition_that_waits_for_a_lock_holds_up_no_other(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor, accounts = uuid4(), _accounts(place)
    held, other = next(accounts), next(accounts)
    consumer = _consumer(place, kernel_engine)

    async def is_waiting() -> bool:
        return bool(await fetch(kernel_engine, _WAITING))

    async with consuming(consumer):
        await until(lambda: _has_passed(place, consumer))
        async with open_transaction(kernel_engine, CLOCK) as holder:
            await lock(holder, accounts=[held])
            await _send(place, creditor, held, [1])
            await until(is_waiting)
            await _send(place, creditor, other, [2])
            await until_effects(kernel_engine, creditor, [2])
            await _send(place, creditor, held, [3])
            await _send(place, creditor, other, [4])
            await until_effects(kernel_engine, creditor, [2, 4])
        await until_effects(kernel_engine, creditor, [1, 2, 3, 4])
        await until(lambda: _has_passed(place, consumer))


async def test_a_backlog_of_two_partitions_is_handled_two_batches_at_a_time_and_each_in_its_order(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor, accounts = uuid4(), _accounts(place)
    for account in (next(accounts), next(accounts)):
        await _send(place, creditor, account, range(1, 301))
    at_hand: list[set[int]] = []
    beside = asyncio.Event()
    offsets: dict[int, list[int]] = {}

    async def handle(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
        ours = [message for message in messages if message.payload.creditor_id == creditor]
        numbers = {message.partition for message in messages}
        assert not any(numbers & others for others in at_hand), "one partition number in two batches"
        at_hand.append(numbers)
        try:
            if len(at_hand) == 2:
                beside.set()
            if ours and len(numbers) == 1:  # the other partition is free then
                async with asyncio.timeout(20):
                    await beside.wait()
            for message in ours:
                offsets.setdefault(message.partition, []).append(message.offset)
            return await apply_payments(tx, messages)
        finally:
            at_hand.remove(numbers)

    consumer = _consumer(place, kernel_engine, handle, max_records=100)
    async with consuming(consumer):
        await until(lambda: _has_passed(place, consumer))
    assert await effects(kernel_engine, creditor) == sorted([*range(1, 301), *range(1, 301)])
    assert beside.is_set()
    assert all(found == sorted(found) for found in offsets.values())


async def test_one_batch_at_a_time_is_a_setting(kernel_engine: AsyncEngine, place: KafkaPlace) -> None:
    creditor, accounts = uuid4(), _accounts(place)
    for account in (next(accounts), next(accounts)):
        await _send(place, creditor, account, range(1, 201))
    at_hand: set[int] = set()

    async def handle(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
        assert not at_hand, "a batch beside another"
        at_hand.add(1)
        try:
            return await apply_payments(tx, messages)
        finally:
            at_hand.clear()

    consumer = _consumer(place, kernel_engine, handle, max_records=100, batches_at_once=1)
    async with consuming(consumer):
        await until(lambda: _has_passed(place, consumer))
    assert len(await effects(kernel_engine, creditor)) == 2 * 200
