"""Every message has one effect: delivered twice, beside a poisoned one, through rebalances and transient failures."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.envelope import encode_headers
from shared.ids import new_id
from shared.messaging.consumer import Consumer
from shared.messaging.dead_letter import Selection
from shared.messaging.message import Handler, Message, Rejected, Subscription
from shared.messaging.offsets import OffsetReader, end_offsets, group_has_passed
from shared.messaging.publisher import Outgoing, Publisher
from shared.messaging.replay import replay
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


def _outgoing(creditor: UUID, amount: int, *, account: UUID | None = None, event_id: UUID | None = None) -> Outgoing:
    payload = posted(creditor, amount, account=account)
    event = {
        "event_id": event_id or new_id(),
        "source": "/payments",
        "type": "payment.posted.v1",
        "time": CLOCK.now(),
        "subject": str(payload.account_id),
        "aggregate_version": None,
        "correlation_id": new_id(),
        "causation_id": None,
        "traceparent": None,
    }
    return Outgoing(TOPIC, str(payload.account_id).encode(), payload.model_dump_json().encode(), encode_headers(event))


async def _send(place: KafkaPlace, messages: Sequence[Outgoing]) -> None:
    publisher = Publisher(place, "test")
    try:
        await publisher.send(messages)
    finally:
        await publisher.close()


def _consumer(
    place: KafkaPlace, engine: AsyncEngine, group: object, handler: Handler = apply_payments, **options: Any
) -> Consumer:
    options = {"stall_s": 20, "retry_s": 0.01, **options}
    return Consumer(place, engine, CLOCK, f"test-{group}", [Subscription((TOPIC,), handler)], "test", **options)


async def _dead_letters(engine: AsyncEngine, creditor: UUID) -> list[Any]:
    return await fetch(engine, "SELECT * FROM dead_letter WHERE creditor_id = $1 ORDER BY dead_letter_id", creditor)


def _failing_for(creditor: UUID, amounts: set[int]) -> Handler:
    async def handle(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
        if any(m.payload.creditor_id == creditor and m.payload.amount_minor in amounts for m in messages):
            raise ValueError("this one cannot be handled")
        return await apply_payments(tx, messages)

    return handle


async def test_a_message_delivered_twice_has_one_effect(kernel_engine: AsyncEngine, place: KafkaPlace) -> None:
    creditor = uuid4()
    twin = _outgoing(creditor, 5)
    await _send(place, [twin, twin, _outgoing(creditor, 6), twin])
    async with consuming(_consumer(place, kernel_engine, creditor)):
        await until_effects(kernel_engine, creditor, [5, 6])
    async with consuming(_consumer(place, kernel_engine, f"{creditor}-again")):  # the whole topic, once more
        marker = uuid4()
        await _send(place, [_outgoing(marker, 1)])
        await until_effects(kernel_engine, marker, [1])
    assert await effects(kernel_engine, creditor) == [5, 6]


async def test_a_batch_of_500_is_bisected_to_its_one_poisoned_message(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor, account = uuid4(), uuid4()
    await _send(place, [_outgoing(creditor, n, account=account) for n in range(1, 501)])
    async with consuming(_consumer(place, kernel_engine, creditor, _failing_for(creditor, {321}))):
        await until_effects(kernel_engine, creditor, [n for n in range(1, 501) if n != 321])
        await until(lambda: _has_dead_letters(kernel_engine, creditor, 1))
    [letter] = await _dead_letters(kernel_engine, creditor)
    assert (letter["code"], letter["attempts"]) == ("handler-failed", 5)
    assert letter["detail"].startswith("ValueError at tests/")  # what it says may quote a value; where, does not
    assert letter["key"] == str(account)
    assert b'"amount_minor":321' in letter["value"]
    assert dict(letter["headers"])["ce_type"] == "payment.posted.v1"


async def _has_dead_letters(engine: AsyncEngine, creditor: UUID, count: int) -> bool:
    return len(await _dead_letters(engine, creditor)) == count


async def test_messages_that_cannot_be_read_are_parked_at_once_and_block_nobody(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor = uuid4()
    good = _outgoing(creditor, 9)
    key = good.key
    bad_schema = good.value.replace(b'"amount_minor":9', b'"amount_minor":-9') if good.value else b""
    await _send(
        place,
        [
            Outgoing(TOPIC, key, b"\xff\x00 no json", good.headers),
            Outgoing(TOPIC, key, bad_schema, good.headers),
            Outgoing(TOPIC, key, good.value, ()),
            Outgoing(TOPIC, key, None, good.headers),
            Outgoing(TOPIC, key, good.value, [*good.headers, ("odd", b"\xff\x00")]),
            good,
        ],
    )
    async with consuming(_consumer(place, kernel_engine, creditor)):
        await until_effects(kernel_engine, creditor, [9])
    rows = await fetch(
        kernel_engine,
        'SELECT code, "offset" FROM dead_letter WHERE key = $1 ORDER BY "offset"',
        key.decode(),
    )
    assert [row["code"] for row in rows] == [
        "message-undecodable",
        "message-invalid",
        "message-undecodable",
        "message-undecodable",
        "message-undecodable",
    ]


async def test_a_refused_message_is_parked_with_its_code_and_its_neighbours_stay(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor = uuid4()

    async def handle(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
        refused = [m for m in messages if m.payload.creditor_id == creditor and m.payload.amount_minor == 2]
        await apply_payments(tx, [m for m in messages if m not in refused])
        return [Rejected(m, Refusal("currency-mismatch", "the account is kept in EUR")) for m in refused]

    await _send(place, [_outgoing(creditor, n) for n in (1, 2, 3)])
    async with consuming(_consumer(place, kernel_engine, creditor, handle)):
        await until_effects(kernel_engine, creditor, [1, 3])
        await until(lambda: _has_dead_letters(kernel_engine, creditor, 1))
    [letter] = await _dead_letters(kernel_engine, creditor)
    assert (letter["code"], letter["detail"]) == ("currency-mismatch", "the account is kept in EUR")


async def test_a_transient_failure_rewinds_and_loses_nothing(kernel_engine: AsyncEngine, place: KafkaPlace) -> None:
    creditor, failures = uuid4(), [asyncpg.DeadlockDetectedError("deadlock"), ConnectionResetError("gone")]

    async def handle(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
        if failures and any(message.payload.creditor_id == creditor for message in messages):
            raise failures.pop()
        return await apply_payments(tx, messages)

    await _send(place, [_outgoing(creditor, n) for n in range(1, 21)])
    async with consuming(_consumer(place, kernel_engine, creditor, handle)):
        await until_effects(kernel_engine, creditor, [*range(1, 21)])
    assert not failures
    assert await _dead_letters(kernel_engine, creditor) == []


async def test_valid_messages_that_fail_in_a_row_stop_their_partition_and_no_other(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor, account, others = uuid4(), uuid4(), uuid4()
    await _send(place, [_outgoing(creditor, n, account=account) for n in range(1, 11)])
    await _send(place, [_outgoing(others, n) for n in range(1, 31)])  # on all partitions
    broken = _consumer(place, kernel_engine, creditor, _failing_for(creditor, {*range(1, 11)}), max_parks_in_a_row=4)

    async def all_stopped_are_seen() -> bool:
        return len(broken._applier.stopped) == 1 and len(await effects(kernel_engine, others)) >= 1

    async with consuming(broken):
        await until(all_stopped_are_seen)
        await until(lambda: _has_dead_letters(kernel_engine, creditor, 5))
        [partition] = broken._applier.stopped
        offset = broken._applier.stopped.offset(partition)
    async with OffsetReader(place) as reader:
        committed = await reader.committed(broken.group)
    assert committed[f"{partition[0]}/{partition[1]}"] <= offset
    # A release that can handle them goes on where it stopped; what was parked is replayed.
    async with consuming(_consumer(place, kernel_engine, creditor)):
        await until_effects(kernel_engine, creditor, [*range(5, 11)])
        await until_effects(kernel_engine, others, [*range(1, 31)])
    report = await replay(kernel_engine, CLOCK, [Subscription((TOPIC,), apply_payments)], Selection(key=str(account)))
    assert (len(report.replayed), report.failed) == (5, [])
    assert await effects(kernel_engine, creditor) == [*range(1, 11)]


async def test_a_stopped_partition_goes_on_by_itself_when_its_message_can_be_applied(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor, account = uuid4(), uuid4()
    await _send(place, [_outgoing(creditor, n, account=account) for n in range(1, 11)])
    failing, tries = {*range(1, 11)}, [0]

    async def handle(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
        tries[0] += sum(message.payload.creditor_id == creditor for message in messages)
        return await _failing_for(creditor, failing)(tx, messages)

    consumer = _consumer(place, kernel_engine, creditor, handle, max_parks_in_a_row=4, stop_s=0.05)

    async def is_stopped() -> bool:
        return len(consumer._applier.stopped) == 1

    async def is_tried(before: int) -> bool:
        return tries[0] >= before + 3

    async with consuming(consumer):
        await until(is_stopped)
        await until(lambda: _has_dead_letters(kernel_engine, creditor, 5))
        assert [letter["code"] for letter in await _dead_letters(kernel_engine, creditor)] == [
            *["handler-failed"] * 4,
            "partition-stopped",
        ]
        before = tries[0]
        await until(lambda: is_tried(before))
        assert tries[0] < before + 10, "the message that failed is tried alone, and once each time"
        assert consumer.is_healthy
        failing.clear()  # the data are corrected
        await until_effects(kernel_engine, creditor, [*range(5, 11)])
        assert not consumer._applier.stopped
    # The notice is gone; what was parked before it waits for a replay.
    assert [letter["code"] for letter in await _dead_letters(kernel_engine, creditor)] == ["handler-failed"] * 4


async def test_two_consumers_share_the_partitions_through_rebalances(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor, group = uuid4(), uuid4()
    first, second = (_consumer(place, kernel_engine, group, max_records=20) for _ in range(2))
    sending = asyncio.ensure_future(_send_slowly(place, creditor, 300))

    async def both_have_a_part() -> bool:
        return bool(first.assignment) and bool(second.assignment)

    async with consuming(first):
        await until(lambda: _some(kernel_engine, creditor))
        async with consuming(second):
            await until(both_have_a_part)
            assert not first.assignment & second.assignment
            await sending
        await until_effects(kernel_engine, creditor, [*range(1, 301)])


async def _some(engine: AsyncEngine, creditor: UUID) -> bool:
    return bool(await effects(engine, creditor))


async def _send_slowly(place: KafkaPlace, creditor: UUID, count: int) -> None:
    publisher = Publisher(place, "slow")
    for n in range(1, count + 1):
        await publisher.send([_outgoing(creditor, n)])
        await asyncio.sleep(0.01)
    await publisher.close()


async def test_replay_tries_again_says_what_fails_again_and_changes_nothing_when_dry(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor = uuid4()
    await _send(place, [_outgoing(creditor, n) for n in (1, 2, 3)])
    async with consuming(_consumer(place, kernel_engine, creditor, _failing_for(creditor, {1, 2}))):
        await until_effects(kernel_engine, creditor, [3])
        await until(lambda: _has_dead_letters(kernel_engine, creditor, 2))
    letters = await _dead_letters(kernel_engine, creditor)
    subscriptions = [Subscription((TOPIC,), _failing_for(creditor, {2}))]
    chosen = [Selection(dead_letter_id=letter["dead_letter_id"]) for letter in letters]

    for selection in chosen:
        report = await replay(kernel_engine, CLOCK, subscriptions, selection, dry_run=True)
        assert (len(report.matched), report.replayed, report.failed) == (1, [], [])
    assert await effects(kernel_engine, creditor) == [3]

    reports = [await replay(kernel_engine, CLOCK, subscriptions, selection) for selection in chosen]
    assert await effects(kernel_engine, creditor) == [1, 3]
    assert sorted(len(report.failed) for report in reports) == [0, 1]
    for selection in chosen:  # what succeeded is no longer open
        await replay(kernel_engine, CLOCK, subscriptions, selection)
    assert await effects(kernel_engine, creditor) == [1, 3]

    fixed = [Subscription((TOPIC,), apply_payments)]
    letter = next(letter for letter in letters if b'"amount_minor":2' in letter["value"])
    await replay(kernel_engine, CLOCK, fixed, Selection(event_id=letter["event_id"]))
    assert await effects(kernel_engine, creditor) == [1, 2, 3]
    assert all(letter["replayed_at"] for letter in await _dead_letters(kernel_engine, creditor))


async def test_the_watchdog_rebuilds_a_consumer_that_silently_stalls(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    before, after = uuid4(), uuid4()
    consumer = _consumer(place, kernel_engine, before, stall_s=5)  # longer than joining the group may take
    await _send(place, [_outgoing(before, 1)])
    async with consuming(consumer):
        await until_effects(kernel_engine, before, [1])
        assert consumer._session is not None
        client = consumer._session.client
        client.pause(*client.assignment())  # as seen of aiokafka: assigned, behind, and silent
        await _send(place, [_outgoing(after, 2)])
        await until_effects(kernel_engine, after, [2])
    assert consumer.rebuilds == 1
    assert consumer.is_healthy


async def test_an_offset_that_is_not_there_stops_the_partition(kernel_engine: AsyncEngine, place: KafkaPlace) -> None:
    creditor = uuid4()
    consumer = _consumer(place, kernel_engine, creditor)
    await _send(place, [_outgoing(creditor, 1)])
    async with consuming(consumer):
        await until_effects(kernel_engine, creditor, [1])
        assert consumer._session is not None
        session, client = consumer._session, consumer._session.client
        for partition in client.assignment():
            client.seek(partition, 1_000_000)

        async def all_are_stopped() -> bool:
            return len(session.out_of_range) == place.topic_partitions

        await until(all_are_stopped)
        assert consumer.is_healthy


async def test_a_group_has_passed_the_ends_that_were_seen(kernel_engine: AsyncEngine, place: KafkaPlace) -> None:
    creditor = uuid4()
    consumer = _consumer(place, kernel_engine, creditor)
    await _send(place, [_outgoing(creditor, 1)])
    ends = await end_offsets(place, [TOPIC])
    assert set(ends) == {f"{TOPIC}/{n}" for n in range(place.topic_partitions)}
    assert not await group_has_passed(place, consumer.group, ends)

    async def has_passed() -> bool:
        return await group_has_passed(place, consumer.group, ends)

    async with consuming(consumer):
        await until(has_passed)
    assert await effects(kernel_engine, creditor) == [1]


@pytest.mark.parametrize("form", ["bare", "structured", "structured without header"])
async def test_a_feed_of_core_banking_is_taken_in_any_form(
    kernel_engine: AsyncEngine, place: KafkaPlace, form: str
) -> None:
    creditor = uuid4()
    data = (
        f'{{"creditor_id":"{creditor}","core_account_number":" 0017-S1 ","amount_minor":12,"currency":"USD",'
        '"effective_on":"2026-01-02","channel":"ach","source_ref":"r1","unknown":true}'
    ).encode()
    event = b'{"specversion":"1.0","id":"x","source":"/core","type":"anything","data":' + data + b"}"
    content_type = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
    messages = {
        "bare": Outgoing("core.payment.received", b"0017-S1", data),
        "structured": Outgoing("core.payment.received", b"0017-S1", event, content_type),
        "structured without header": Outgoing("core.payment.received", b"0017-S1", event),
    }
    seen: list[Message[Any]] = []

    async def handle(tx: Tx, batch: Sequence[Message[Any]]) -> Sequence[Rejected]:
        seen.extend(message for message in batch if message.payload.creditor_id == creditor)
        return await apply_payments(tx, batch)

    subscription = Subscription(("core.payment.received",), handle)
    await _send(place, [messages[form]])
    async with consuming(Consumer(place, kernel_engine, CLOCK, f"core-{creditor}", [subscription])):
        await until_effects(kernel_engine, creditor, [12])
    assert seen[0].payload.core_account_number == "0017-S1"
    assert seen[0].event_id is None


async def test_a_message_of_any_shape_can_be_parked(kernel_engine: AsyncEngine, place: KafkaPlace) -> None:
    creditor, marker = uuid4(), uuid4()
    data = (
        f'{{"creditor_id":"{creditor}","core_account_number":"1","amount_minor":12,"currency":"USD",'
        '"effective_on":"2026-01-02","channel":"ach","source_ref":"T1"}'
    ).encode()
    odd = [("ce_source", b"a\x00b"), ("ce_type", b"\x00"), ("n\x00me", b"\xff"), ("twice", b"1"), ("twice", b"2")]
    long_key = b"\x00\xff" * 5000

    async def handle(tx: Tx, batch: Sequence[Message[Any]]) -> Sequence[Rejected]:
        if any(message.payload.creditor_id == creditor for message in batch):
            raise ValueError("refers to \x00")
        return await apply_payments(tx, batch)

    good = data.replace(str(creditor).encode(), str(marker).encode())
    topic = "core.payment.received"
    await _send(
        place,
        [
            Outgoing(topic, long_key, data, odd[:1]),
            Outgoing(topic, long_key, data.replace(b"T1", b"\\u0000"), odd[:1]),
            Outgoing(topic, long_key, data, odd),
            Outgoing(topic, long_key, b"x" * 900_000, odd),
            Outgoing(topic, long_key, good),
        ],
    )
    subscription = Subscription((topic,), handle)
    async with consuming(Consumer(place, kernel_engine, CLOCK, f"odd-{creditor}", [subscription], retry_s=0.01)):
        await until_effects(kernel_engine, marker, [12])
    rows = await fetch(
        kernel_engine, "SELECT code, key FROM dead_letter WHERE key LIKE 'hex:00ff%' ORDER BY \"offset\""
    )
    assert [row["code"] for row in rows] == [
        "handler-failed",
        "message-invalid",
        "message-undecodable",
        "message-undecodable",
    ]
