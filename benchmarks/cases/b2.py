"""B2: `core.payment.received` to `payment.posted`, against bare set-based SQL of the same rows on one connection.

Every tenth account has promised a payment, which the first money keeps: so reassessing has something to do.
"""

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK, CREDITOR, DAY, number_of
from benchmarks.cases.messages import POLLED, MessageCase
from benchmarks.payment_book import fill_payments
from benchmarks.place import Place
from benchmarks.plain.payments import receive as receive_plainly
from benchmarks.rounds import Case, Measurement, measurement
from benchmarks.settings import payments_settings
from benchmarks.written import count
from services.payments.consumers import subscriptions
from shared.db.transaction import Tx
from shared.ids import account_id
from shared.jobs import run_chunk
from shared.messaging.message import RawMessage

FULL = 100_000
PAYMENTS_PER_ACCOUNT = 2
PROMISED_EVERY = 10
PLAIN_SHARE = 50


def amount_of(nth: int) -> int:
    """What the nth payment pays."""
    return 5_000 + nth % 1_000


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with 100,000 x `scale` payments a round."""
    n = max(POLLED, int(FULL * scale))
    few = max(100, n // PLAIN_SHARE)
    accounts = n // PAYMENTS_PER_ACCOUNT

    async def check(admin: asyncpg.Connection, n: int) -> None:
        found = await admin.fetchrow(
            "SELECT (SELECT count(*) FROM payment WHERE status = 'posted') AS payments,"
            " (SELECT sum(amount_minor) FROM payment) AS received, (SELECT sum(amount_minor) FROM allocation) AS paid,"
            " (SELECT count(*) FROM source_reference) AS refs,"
            " (SELECT count(*) FROM outbox WHERE topic = 'payment.posted') AS posted,"
            " (SELECT count(*) FROM promise WHERE status = 'kept') AS kept"
        )
        paid = sum(map(amount_of, range(n)))
        expected = (n, paid, paid, n, n, -(-min(n, accounts) // PROMISED_EVERY))
        if tuple(found) != expected:
            raise AssertionError(f"{tuple(found)} is not {expected}")

    async def fill(engine: AsyncEngine) -> None:
        ids = [account_id(CREDITOR, number_of(nth)) for nth in range(accounts)]

        async def make(tx: Tx) -> None:
            await fill_payments(tx, ids, promised=ids[::PROMISED_EVERY])

        await run_chunk(engine, CLOCK, make)

    settings = payments_settings(place.kafka.bootstrap_servers)
    messages = MessageCase(
        place,
        "payments",
        await place.prepared("payments", fill),
        settings=settings,
        subscriptions=subscriptions(settings),
        messages=[received(nth, nth % accounts) for nth in range(n)],
        plain=receive_plainly,
        plain_n=few,
        check=check,
    )
    seconds = await messages.run("B2", rounds)
    case = Case(
        code="B2",
        title="a backlog of core.payment.received in Kafka to payment.posted in the outbox, by the consumer of a "
        "worker: poll, decode, lock, references, allocation, promises, offsets",
        limit=f"bare set-based SQL of the same {count(messages.writes):,} rows, ready made, one connection, batches of "
        "500",
        plain="event by event, every row loaded and added by itself, a commit each",
        unit="payments",
        verified="payments, references and events counted, allocations summed, kept promises counted, on all sides; "
        "the plain way publishes what Arrears publishes for the same messages",
    )
    return [measurement(case, seconds, n=n, plain_n=few)]


def received(nth: int, account: int) -> RawMessage:
    """The nth payment as it lies in Kafka, for an account."""
    number = number_of(account)
    sent = {
        "creditor_id": str(CREDITOR),
        "core_account_number": number,
        "amount_minor": amount_of(nth),
        "currency": "USD",
        "effective_on": DAY.isoformat(),
        "posted_on": DAY.isoformat(),
        "channel": "ach",
        "source_ref": f"T{nth:09d}",
    }
    return RawMessage("core.payment.received", 0, nth, number.encode(), orjson.dumps(sent), (), CLOCK.now())
