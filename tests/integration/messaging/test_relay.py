"""The relay publishes what is committed, at least once, in the order of each account, and never loses a row."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.engine import engine_for
from shared.db.transaction import open_transaction
from shared.events.accounts import PartInAccount, PartyUpdated
from shared.messaging import metrics
from shared.messaging.consumer import Consumer
from shared.messaging.message import Subscription
from shared.messaging.relay import Relay, RelayWaker
from tests.integration.messaging.rig import (
    CLOCK,
    KafkaPlace,
    apply_payments,
    consuming,
    copies_in_kafka,
    effects,
    emit,
    entered,
    fetch,
    outbox_is_empty,
    posted,
    relaying,
    terminate,
    until,
    until_effects,
)

TOPIC = "payment.posted"


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Listen on a port, take every connection, and never say a word."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@contextmanager
def running_elsewhere(relay: Relay) -> Iterator[asyncio.AbstractEventLoop]:
    """Run a relay on the event loop of another thread, which can be held up without holding up ours."""
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()

    async def live() -> None:
        async with relaying(relay):
            await stopping.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(live())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()


async def clear_outbox(engine: AsyncEngine) -> None:
    async with open_transaction(engine, CLOCK) as tx:
        await tx.execute("DELETE FROM outbox")
        await tx.commit()


async def test_an_event_is_published_with_its_envelope_and_leaves_the_outbox(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor = uuid4()
    payment = posted(creditor)
    [event_id] = await emit(kernel_engine, TOPIC, [payment])
    async with relaying(Relay(place, kernel_engine)):
        await until(lambda: outbox_is_empty(kernel_engine))
    [record] = await copies_in_kafka(place, TOPIC, creditor)
    headers = dict(record.headers)
    assert record.key == str(payment.account_id).encode()
    assert record.value == payment.model_dump_json().encode()
    assert headers["ce_id"] == str(event_id).encode()
    assert headers["ce_type"] == b"payment.posted.v1"
    assert headers["ce_source"] == b"/payments"
    assert headers["ce_subject"] == str(payment.account_id).encode()
    assert "ce_aggregateversion" not in headers


async def test_an_event_of_several_megabytes_is_published_and_holds_up_nobody(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    """A party with forty thousand accounts: a number that the core uses for all whom it does not know."""
    creditor = uuid4()
    party = PartyUpdated(
        party_id=uuid4(), creditor_id=creditor, kind="natural_person", given_name=None, family_name=None,
        date_of_birth=None, language=None, street=None, city=None, region=None, postal_code=None, contact_points=(),
        accounts=tuple(PartInAccount(account_id=uuid4(), role="primary") for _ in range(40_000)),
    )  # fmt: skip
    await emit(kernel_engine, "party.updated", [party], version=1)
    payment = posted(creditor)
    await emit(kernel_engine, TOPIC, [payment])
    async with relaying(Relay(place, kernel_engine)):
        await until(lambda: outbox_is_empty(kernel_engine))
    [large] = await copies_in_kafka(place, "party.updated", creditor)
    assert large.value == party.model_dump_json().encode()
    assert len(large.value) > 2_000_000
    [record] = await copies_in_kafka(place, TOPIC, creditor)
    assert record.value == payment.model_dump_json().encode()


async def test_the_events_of_an_account_keep_their_order_over_many_batches(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor, account = uuid4(), uuid4()
    for start in range(1, 1001, 250):
        await emit(kernel_engine, TOPIC, [posted(creditor, n, account=account) for n in range(start, start + 250)])
    async with relaying(Relay(place, kernel_engine, batch_size=64)):
        await until(lambda: outbox_is_empty(kernel_engine))
    records = await copies_in_kafka(place, TOPIC, creditor)
    assert [int(record.value.split(b'"amount_minor":')[1].split(b",")[0]) for record in records] == [*range(1, 1001)]


async def test_a_relay_killed_between_acknowledgement_and_delete_publishes_twice_with_one_effect(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor = uuid4()
    [event_id] = await emit(kernel_engine, TOPIC, [posted(creditor, 7)])
    async with open_transaction(kernel_engine, CLOCK) as holder:
        # The relay can read the row and send it; its delete waits for us.
        await holder.execute("SELECT 1 FROM outbox WHERE event_id = $1 FOR UPDATE", event_id)
        async with relaying(Relay(place, kernel_engine)):

            async def is_sent() -> bool:
                return len(await copies_in_kafka(place, TOPIC, creditor)) == 1

            await until(is_sent)
            await terminate(kernel_engine, "arrears relay")
    async with relaying(Relay(place, kernel_engine)):
        await until(lambda: outbox_is_empty(kernel_engine))
    copies = await copies_in_kafka(place, TOPIC, creditor)
    assert len(copies) >= 2
    assert {dict(record.headers)["ce_id"] for record in copies} == {str(event_id).encode()}
    consumer = Consumer(
        place, kernel_engine, CLOCK, f"twice-{creditor}", [Subscription((TOPIC,), apply_payments)], stall_s=10
    )
    last = uuid4()
    async with consuming(consumer), relaying(Relay(place, kernel_engine)):
        await until_effects(kernel_engine, creditor, [7])
        await emit(kernel_engine, TOPIC, [posted(last, 1, account=UUID(copies[0].key.decode()))])
        await until_effects(kernel_engine, last, [1])  # same partition, so both copies lie before it
    assert await effects(kernel_engine, creditor) == [7]


async def test_a_row_that_commits_late_with_a_lower_id_is_published(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    early, late = uuid4(), uuid4()
    async with relaying(Relay(place, kernel_engine)):
        async with open_transaction(kernel_engine, CLOCK) as tx:
            tx.emit(TOPIC, posted(early))
            await tx.flush_events()  # its id is taken now
            await emit(kernel_engine, TOPIC, [posted(late)])

            async def late_is_published() -> bool:
                return bool(await copies_in_kafka(place, TOPIC, late))

            await until(late_is_published)
            await tx.commit()
        await until(lambda: outbox_is_empty(kernel_engine))
    assert len(await copies_in_kafka(place, TOPIC, early)) == 1


async def test_one_relay_is_active_and_a_standby_takes_over(kernel_engine: AsyncEngine, place: KafkaPlace) -> None:
    first, second = Relay(place, kernel_engine), Relay(place, kernel_engine)
    task = asyncio.ensure_future(first.run())

    async def first_is_active() -> bool:
        return first.is_active

    async def second_is_active() -> bool:
        return second.is_active

    await until(first_is_active)
    async with relaying(second):
        await emit(kernel_engine, TOPIC, [posted(uuid4())])
        await until(lambda: outbox_is_empty(kernel_engine))
        assert not second.is_active
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await until(second_is_active)
        await emit(kernel_engine, TOPIC, [posted(uuid4())])
        await until(lambda: outbox_is_empty(kernel_engine))


async def test_a_relay_that_hangs_loses_its_place_to_a_standby_and_stands_by_when_it_wakes(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    hanging, waking = Relay(place, kernel_engine, lease_s=3), threading.Event()

    async def holds() -> bool:
        return hanging.is_active

    async def has_noticed() -> bool:
        return not hanging.is_active

    with running_elsewhere(hanging) as other_loop:
        try:
            await until(holds)
            other_loop.call_soon_threadsafe(waking.wait)  # as SIGSTOP: its connections stay open, and it does nothing
            async with relaying(Relay(place, kernel_engine, lease_s=3)) as standby:
                await emit(kernel_engine, TOPIC, [posted(uuid4())])
                await until(lambda: outbox_is_empty(kernel_engine))
                assert standby.is_active
                waking.set()
                await until(has_noticed)
                assert standby.is_active
            await until(holds)
        finally:
            waking.set()


async def test_a_relay_keeps_its_place_while_kafka_is_slow(kernel_engine: AsyncEngine) -> None:
    async with silent_server() as port:
        relay = Relay(KafkaPlace(f"127.0.0.1:{port}"), kernel_engine, send_timeout_s=4, lease_s=0.5)
        await emit(kernel_engine, TOPIC, [posted(uuid4())])
        failures = metrics.RELAY_FAILURES._value.get()

        async def gave_up_once() -> bool:
            return bool(metrics.RELAY_FAILURES._value.get() > failures)

        async with relaying(relay):
            await until(gave_up_once)
            assert relay.is_active
    await clear_outbox(kernel_engine)


async def test_a_defect_ends_the_relay_instead_of_being_tried_for_ever(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    url = kernel_engine.url.set(drivername="postgresql", database="postgres")
    engine = engine_for(url.render_as_string(hide_password=False))  # a database that has no outbox
    with pytest.raises(asyncpg.UndefinedTableError):
        async with asyncio.timeout(20):
            await Relay(place, engine).run()


async def test_queue_events_are_kept_for_live_clients_and_others_are_not(
    kernel_engine: AsyncEngine, place: KafkaPlace
) -> None:
    creditor = uuid4()
    await emit(kernel_engine, "queue.item_entered", [entered(creditor, f"q{n}") for n in range(5)], version=1)
    await emit(kernel_engine, TOPIC, [posted(creditor)])
    async with relaying(Relay(place, kernel_engine, batch_size=2)):
        await until(lambda: outbox_is_empty(kernel_engine))
    rows = await fetch(
        kernel_engine, "SELECT topic, body FROM stream_log WHERE creditor_id = $1 ORDER BY position", creditor
    )
    assert [row["topic"] for row in rows] == ["queue.item_entered"] * 5
    assert [f'"q{n}"' in row["body"] for n, row in enumerate(rows)] == [True] * 5


async def test_another_process_wakes_the_relay_by_a_notification(kernel_engine: AsyncEngine, place: KafkaPlace) -> None:
    relay, waker = Relay(place, kernel_engine, poll_s=3600, sweep_s=3600), RelayWaker(kernel_engine)
    waking = asyncio.ensure_future(waker.run())

    async def is_active() -> bool:
        return relay.is_active

    async def is_published() -> bool:
        waker.wake()  # a notification before the relay listens is lost, as it may be
        return await outbox_is_empty(kernel_engine)

    async with relaying(relay):
        await until(is_active)
        await emit(kernel_engine, TOPIC, [posted(uuid4())])
        await until(is_published)
    waking.cancel()
    with suppress(asyncio.CancelledError):
        await waking
