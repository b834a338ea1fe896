"""B5: from `core.payment.received` to the queue's change, at 200 a second, through the real worker processes.

Each payment cures its account, which leaves its queue: the time runs from the send to `queue.item_exited` in the
hands of a consumer. The limit is one message sent and awaited, consumed, and one row updated, at the same rate.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import quantiles
from time import perf_counter
from uuid import UUID

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewTopic
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import (
    BALANCE_MINOR,
    CLOCK,
    CREDITOR,
    DAY,
    INSTALLMENT_MINOR,
    Loan,
    import_book,
    number_of,
    open_book,
)
from benchmarks.payment_book import fill_payments
from benchmarks.place import Place
from benchmarks.plain.chain import PREFIX
from benchmarks.rounds import Case, Measurement, Seconds, measurement
from benchmarks.settings import payments_settings
from deploy.local.ports import free_port
from shared.db.transaction import Tx
from shared.ids import account_id
from shared.jobs import run_chunk
from shared.messaging.kafka import new_producer, open_admin
from shared.messaging.topics import create_topics

RATE = 200
SECONDS = 10
"""Of sending, at full scale."""
PLAIN_RATE = 20
"""The plain way does not keep up with 200 a second: its time would be that of the queue before it."""
_PATIENCE_S = 60
_IN, _OUT, _BARE = "core.payment.received", "queue.item_exited", "benchmark.bare"
_UPDATE = """
UPDATE account SET queue = NULL, balance_minor = balance_minor - $2, version = version + 1 WHERE account_id = $1
"""


class _Stopwatch:
    """When each account was paid, and how long it took until its queue was seen to change."""

    def __init__(self) -> None:
        self.began: dict[UUID, float] = {}
        self.took: dict[UUID, float] = {}

    def begin(self, account: UUID) -> None:
        self.began[account] = perf_counter()

    def end(self, account: UUID) -> None:
        if account in self.began:
            self.took.setdefault(account, perf_counter() - self.began[account])

    async def all_ended(self, n: int) -> list[float]:
        """Wait until all have ended. Raises AssertionError when some do not in a minute."""
        deadline = perf_counter() + _PATIENCE_S
        while len(self.took) < n:
            if perf_counter() > deadline:
                raise AssertionError(f"{n - len(self.took)} of {n} queue changes were not seen in {_PATIENCE_S} s")
            await asyncio.sleep(0.01)
        return list(self.took.values())


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with 200 a second for 10 s x `scale` a round."""
    n = max(RATE, int(RATE * SECONDS * scale))
    few = max(PLAIN_RATE, n // 10)
    ids = [account_id(CREDITOR, number_of(nth)) for nth in range(rounds * n + RATE)]  # a second to warm up
    settings = payments_settings(place.kafka.bootstrap_servers)
    await create_topics(settings)
    plain_topics = (PREFIX + name for name in (_IN, "payment.posted", _OUT, "account.cured", "account.aged"))
    async with open_admin(settings) as admin:
        await admin.create_topics([NewTopic(name, settings.topic_partitions, 1) for name in (_BARE, *plain_topics)])
    books = await _books(place, ids)
    async with AsyncExitStack() as stack:
        producer = new_producer(settings, "benchmark")
        await producer.start()
        stack.push_async_callback(producer.stop)
        sides = [await _Side.opened(stack, place, books, producer, kind) for kind in _KINDS]
        for side in sides:
            await side.run(ids, side.kind.rate)
        p50, p99 = await _rounds(sides, ids, (n, n, few), rounds)
    return [measurement(_case(share), seconds, n=n, plain_n=few) for share, seconds in (("p50", p50), ("p99", p99))]


async def _rounds(
    sides: Sequence["_Side"], ids: Sequence[UUID], numbers: Sequence[int], rounds: int
) -> tuple[Seconds, Seconds]:
    """The median and the 99th of a hundred of each side's times, round by round, each side first in turn."""
    p50: Seconds = [[] for _ in sides]
    p99: Seconds = [[] for _ in sides]
    for nth in range(rounds):
        first = nth % len(sides)
        for turn in [*range(first, len(sides)), *range(first)]:
            took = quantiles(await sides[turn].run(ids, numbers[turn]), n=100)
            p50[turn].append(took[49])
            p99[turn].append(took[98])
        said = ", ".join(
            f"{side.kind.name} {1000 * middle[-1]:.0f} and {1000 * high[-1]:.0f} ms"
            for side, middle, high in zip(sides, p50, p99, strict=True)
        )
        print(f"  B5 round {nth + 1} of {rounds}, p50 and p99: {said}", flush=True)
    return p50, p99


def _case(share: str) -> Case:
    return Case(
        code=f"B5 {share}",
        title=f"core.payment.received published at {RATE} a second until queue.item_exited is consumed, {share}, "
        "through the worker processes of payments and accounts: two consumers, transactions, outboxes and relays",
        limit="send_and_wait, one consume and one UPDATE of the account's row, at the same rate",
        plain=f"two services that handle event by event and look at their outbox every 100 ms, at {PLAIN_RATE} a "
        "second: they do not keep up with more",
        unit="payments",
        verified="every payment's queue change was seen, once per account; balances summed and queues empty of those "
        "accounts, on all sides",
        is_time=True,
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a side is: where it sends, where its queue changes are seen, and how many it takes in a second."""

    name: str
    sent: str
    seen: str
    rate: int


_KINDS = (
    _Kind("Arrears", _IN, _OUT, RATE),
    _Kind("limit", _BARE, _BARE, RATE),
    _Kind("plain", PREFIX + _IN, PREFIX + _OUT, PLAIN_RATE),
)


class _Side:
    """One of those compared: sends payments at a rate and waits until their queue changes are seen."""

    def __init__(self, place: Place, kind: _Kind, producer: AIOKafkaProducer, database: str) -> None:
        self.kind = kind
        self._place = place
        self._producer = producer
        self._database = database
        self._paid = 0
        self._watch = _Stopwatch()

    @classmethod
    async def opened(
        cls, stack: AsyncExitStack, place: Place, books: Mapping[str, str], producer: AIOKafkaProducer, kind: _Kind
    ) -> "_Side":
        """Start its processes, each on a copy of its own, and the consumer that sees the queue change."""
        accounts = await stack.enter_async_context(place.copy("accounts", books["accounts"]))
        side = cls(place, kind, producer, str(accounts.url.database))
        if kind.sent != _BARE:
            payments = await stack.enter_async_context(place.copy("payments", books["payments"]))
            await side._start(stack, {"payments": payments, "accounts": accounts})
        consumer = AIOKafkaConsumer(
            kind.seen,
            bootstrap_servers=place.kafka.bootstrap_servers,
            auto_offset_reset="latest",
            fetch_max_wait_ms=100,
        )
        await consumer.start()
        await consumer.seek_to_end()
        stack.push_async_callback(consumer.stop)
        watching = asyncio.create_task(side.watch(consumer))
        stack.callback(watching.cancel)
        return side

    async def _start(self, stack: AsyncExitStack, engines: Mapping[str, AsyncEngine]) -> None:
        for service, engine in engines.items():
            port, name = free_port(), f"{self.kind.name}-{service}"
            arguments: tuple[str, ...] = (f"services.{service}", "worker")
            if self.kind.name == "plain":
                arguments = ("benchmarks.plain.chain", service, str(port))
            environment = self._place.environment(service, str(engine.url.database), port)
            await stack.enter_async_context(self._place.process(name, *arguments, port=port, environment=environment))

    async def watch(self, consumer: AIOKafkaConsumer) -> None:
        """Stop the watch of each account whose queue change comes; the limit changes it here, by one statement."""
        async with self._place.admin(self._database) as connection:
            async for record in consumer:
                account = UUID((record.key or b"").decode())
                if self.kind.sent == _BARE:
                    await connection.execute(_UPDATE, account, INSTALLMENT_MINOR)
                self._watch.end(account)

    async def run(self, ids: Sequence[UUID], n: int) -> list[float]:
        """Pay the next `n` accounts at the side's rate; return the seconds that each took, after checking the book."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        sending = []
        for nth in range(n):
            await asyncio.sleep(max(0, began + nth / self.kind.rate - loop.time()))
            number = self._paid + nth
            self._watch.begin(ids[number])
            sending.append(asyncio.create_task(self._send(number, ids[number])))
        await asyncio.gather(*sending)
        self._paid += n
        took = await self._watch.all_ended(self._paid)
        await self._check()
        return took[-n:]

    async def _send(self, nth: int, account: UUID) -> None:
        key = str(account) if self.kind.sent == _BARE else number_of(nth)
        await self._producer.send_and_wait(self.kind.sent, _payment(nth), key.encode())

    async def _check(self) -> None:
        async with self._place.admin(self._database) as admin:
            found = await admin.fetchrow(
                "SELECT count(*) FILTER (WHERE queue IS NULL) AS cured, sum(balance_minor)::bigint AS owed,"
                " count(*) AS accounts FROM account"
            )
        expected = found["accounts"] * BALANCE_MINOR - self._paid * INSTALLMENT_MINOR
        if (found["cured"], found["owed"]) != (self._paid, expected):
            raise AssertionError(f"{self.kind.name}: {self._paid} accounts were paid: {found}")


def _payment(nth: int) -> bytes:
    return orjson.dumps(
        {
            "creditor_id": str(CREDITOR),
            "core_account_number": number_of(nth),
            "amount_minor": INSTALLMENT_MINOR,
            "currency": "USD",
            "effective_on": DAY.isoformat(),
            "posted_on": (DAY + timedelta(days=1)).isoformat(),
            "channel": "ach",
            "source_ref": f"T{nth:09d}",
        }
    )


async def _books(place: Place, ids: Sequence[UUID]) -> dict[str, str]:
    """Accounts that are one instalment behind, in both services."""

    async def fill_accounts(engine: AsyncEngine) -> None:
        await open_book(engine)
        await import_book(engine, len(ids), lambda _: Loan(1, date(2026, 3, 1)))

    async def fill_payments_book(engine: AsyncEngine) -> None:
        async def make(tx: Tx) -> None:
            await fill_payments(tx, ids)

        await run_chunk(engine, CLOCK, make)

    return {
        "accounts": await place.prepared("accounts", fill_accounts),
        "payments": await place.prepared("payments", fill_payments_book),
    }
