"""B4: `payment.posted` to the account: entry, days past due, queue, events; against bare set-based SQL of the same."""

from datetime import timedelta
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import BALANCE_MINOR, CLOCK, CREDITOR, DAY, import_book, number_of, open_book
from benchmarks.cases.messages import POLLED, MessageCase
from benchmarks.place import Place
from benchmarks.plain.cascade import receive as receive_plainly
from benchmarks.rounds import Case, Measurement, measurement
from benchmarks.settings import accounts_settings
from benchmarks.written import count
from services.accounts.consumers import subscriptions
from shared.events.core import AllocationLine
from shared.events.envelope import encode_headers
from shared.events.payments import PaymentPosted
from shared.ids import account_id, new_id
from shared.messaging.message import RawMessage

FULL = 100_000
PAYMENTS_PER_ACCOUNT = 2
AMOUNT_MINOR = 10_000
"""One instalment: the first payment of an account one instalment behind cures it."""
PLAIN_SHARE = 50


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with 100,000 x `scale` payments a round."""
    n = max(POLLED, int(FULL * scale))
    few = max(100, n // PLAIN_SHARE)
    accounts = n // PAYMENTS_PER_ACCOUNT

    async def check(admin: asyncpg.Connection, n: int) -> None:
        found = await admin.fetchrow(
            "SELECT (SELECT count(*) FROM entry) AS entries, (SELECT sum(amount_minor) FROM entry) AS paid,"
            " (SELECT sum(balance_minor) FROM account) AS owed, (SELECT count(*) FROM inbox) AS claimed,"
            " (SELECT count(*) FROM account WHERE (queue IS NULL) <> (past_due_minor = 0)) AS misplaced"
        )
        expected = (n, n * AMOUNT_MINOR, accounts * BALANCE_MINOR - n * AMOUNT_MINOR, n, 0)
        if tuple(found) != expected:
            raise AssertionError(f"{tuple(found)} is not {expected}")

    async def fill(engine: AsyncEngine) -> None:
        await open_book(engine)
        await import_book(engine, accounts)

    settings = accounts_settings(place.kafka.bootstrap_servers)
    facts = [each for each in subscriptions(settings) if "payment.posted" in each.topics]
    messages = MessageCase(
        place,
        "accounts",
        await place.prepared("accounts", fill),
        settings=settings,
        subscriptions=facts,
        messages=[posted(nth, account_id(CREDITOR, number_of(nth % accounts))) for nth in range(n)],
        plain=receive_plainly,
        plain_n=few,
        check=check,
    )
    seconds = await messages.run("B4", rounds)
    case = Case(
        code="B4",
        title="a backlog of payment.posted in Kafka to inbox, entry, balance, days past due, bucket, queue, history "
        "and events, by the consumer of a worker: poll to offsets",
        limit=f"bare set-based SQL of the same {count(messages.writes):,} rows, ready made, one connection, batches of "
        "500",
        plain="event by event, the account's rows loaded and saved by themselves, a commit each",
        unit="payments",
        verified="entries, inbox and events counted, amounts and balances summed, every account with a due in a queue "
        "and no other, on all sides; the plain way publishes what Arrears publishes for the same messages",
    )
    return [measurement(case, seconds, n=n, plain_n=few)]


def posted(nth: int, account: UUID) -> RawMessage:
    """The nth payment of one instalment as it lies in Kafka, for an account."""
    at, event_id = CLOCK.now(), new_id()
    payload = PaymentPosted(
        creditor_id=CREDITOR,
        account_id=account,
        payment_id=new_id(),
        amount_minor=AMOUNT_MINOR,
        currency="USD",
        effective_on=DAY + timedelta(days=1),
        posted_on=DAY + timedelta(days=1),
        channel="ach",
        source="core",
        source_ref=f"T{nth:09d}",
        origin="core",
        allocation=(AllocationLine(component="principal", amount_minor=AMOUNT_MINOR),),
        allocation_basis="waterfall",
    )
    headers = encode_headers(
        {
            "event_id": event_id,
            "source": "/payments",
            "type": "payment.posted.v1",
            "time": at,
            "subject": str(account),
            "aggregate_version": None,
            "correlation_id": event_id,
            "causation_id": None,
            "traceparent": None,
        }
    )
    value = payload.model_dump_json().encode()
    return RawMessage("payment.posted", 0, nth, str(account).encode(), value, tuple(headers), at)
