"""B3: the relay of a backlog to the real broker, against the same select and delete without sending."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import perf_counter

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK, CREDITOR, DAY
from benchmarks.place import Place
from benchmarks.plain.relay import relay as relay_plainly
from benchmarks.rounds import Case, Measurement, Side, interleaved, measurement
from benchmarks.settings import payments_settings
from services.payments.tables.registry import MESSAGING
from shared.db.transaction import Tx
from shared.jobs import run_chunk
from shared.messaging.kafka import new_producer
from shared.messaging.offsets import end_offsets
from shared.messaging.relay import BATCH, STREAMED, Relay
from shared.messaging.topics import create_topics

FULL = 200_000
PLAIN_SHARE = 100
_TOPIC = "payment.posted"
_BACKLOG = f"""
INSERT INTO outbox (event_id, topic, key, type, source, subject, time, correlation_id, traceparent, creditor_id, body)
SELECT uuidv7(), '{_TOPIC}', account, 'payment.posted.v1', '/payments', account, now(), uuidv7(),
  CASE WHEN n % 20 = 0 THEN '00-' || md5(n::text) || '-' || left(md5(account), 16) || '-01' END, $1,
  format('{{"creditor_id":"%s","account_id":"%s","payment_id":"%s","amount_minor":%s,"currency":"USD",'
    '"effective_on":"{DAY}","posted_on":"{DAY}","channel":"ach","source":"core","source_ref":"T%s","origin":"core",'
    '"booked_on":null,"allocation":[{{"component":"interest","amount_minor":2000}},{{"component":"principal",'
    '"amount_minor":3000}}],"allocation_basis":"waterfall"}}', $1::uuid, account, uuidv7(), 5000, lpad(n::text, 9, '0'))
FROM generate_series(1, $2::int) AS n, LATERAL (SELECT md5((n % 5000)::text)::uuid::text AS account) AS a
"""
_COLUMNS = (
    "event_id, topic, key, type, source, subject, time, aggregate_version, correlation_id, causation_id, traceparent, "
    "creditor_id, body"
)
_READ = f"SELECT id, {_COLUMNS} FROM outbox WHERE id >= $1 ORDER BY id LIMIT $2"
_DELETE = f"""
WITH gone AS (DELETE FROM outbox WHERE id = ANY($1::bigint[]) RETURNING id, {_COLUMNS})
INSERT INTO stream_log ({_COLUMNS}) SELECT {_COLUMNS} FROM gone WHERE topic = ANY($2::text[]) ORDER BY id
"""


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with 200,000 x `scale` events a round."""
    n = max(BATCH, int(FULL * scale))
    few = max(100, n // PLAIN_SHARE)
    settings = payments_settings(place.kafka.bootstrap_servers)
    await create_topics(settings)
    many_waiting, few_waiting = await _prepared(place, n), await _prepared(place, few)

    async def sent() -> int:
        return sum((await end_offsets(settings, (_TOPIC,))).values())

    async def timed(
        prepared: str, expected: int, work: Callable[[AsyncEngine, asyncpg.Connection], Awaitable[None]]
    ) -> float:
        before = await sent()
        async with (
            place.copy("payments", prepared) as engine,
            place.admin(str(engine.url.database)) as admin,
        ):
            began = perf_counter()
            await work(engine, admin)
            seconds = perf_counter() - began
            left = await admin.fetchval("SELECT count(*) FROM outbox")
            if left:
                raise AssertionError(f"{left} events are left")
        if await sent() - before != expected:
            raise AssertionError(f"{await sent() - before} events are in Kafka, not {expected}")
        return seconds

    async def ours(engine: AsyncEngine, admin: asyncpg.Connection) -> None:
        await _relay(Relay(settings, engine, client_id="benchmark-relay"), admin)

    async def plain(engine: AsyncEngine, _admin: asyncpg.Connection) -> None:
        await relay_plainly(engine, producer, MESSAGING.outbox)

    producer = new_producer(settings, "plain-relay")
    await producer.start()
    try:
        await timed(many_waiting, n, ours)  # a broker that has just started is slower: its code is not compiled yet
        seconds = await interleaved(
            "B3",
            rounds,
            Side("Arrears", lambda: timed(many_waiting, n, ours), n),
            Side("limit", lambda: timed(many_waiting, 0, _delete_all), n),
            Side("plain", lambda: timed(few_waiting, few, plain), few),
        )
    finally:
        await producer.stop()
    case = Case(
        code="B3",
        title="relay of a backlog: read, send to the broker (idempotent, all acknowledged), delete with the stream log",
        limit=f"the same select and delete in batches of {BATCH:,}, without sending",
        plain="each event sent and awaited, its row deleted and committed by itself",
        unit="events",
        verified="the outbox is empty, and the broker's end offsets have grown by exactly the number of events",
    )
    return [measurement(case, seconds, n=n, plain_n=few)]


async def _relay(relay: Relay, admin: asyncpg.Connection) -> None:
    """Run the relay until the last event is gone: the others went before it."""
    last = await admin.fetchval("SELECT max(id) FROM outbox")
    task = asyncio.create_task(relay.run())
    try:
        while await admin.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE id = $1)", last):
            await asyncio.sleep(0.01)
            if task.done():
                task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _delete_all(_engine: AsyncEngine, admin: asyncpg.Connection) -> None:
    """The limit: read and delete, batch after batch, without sending."""
    rows = await admin.fetch(_READ, 0, BATCH)
    while rows:
        await admin.execute(_DELETE, [row["id"] for row in rows], STREAMED)
        rows = await admin.fetch(_READ, rows[-1]["id"] + 1, BATCH)


async def _prepared(place: Place, events: int) -> str:
    async def fill(engine: AsyncEngine) -> None:
        async def wait_for_relay(tx: Tx) -> None:
            await tx.execute(_BACKLOG, CREDITOR, events)

        await run_chunk(engine, CLOCK, wait_for_relay)

    return await place.prepared("payments", fill, is_relayed=False)
