"""B2: `core.payment.received` to `payment.posted`, against bare set-based SQL of the same rows on one connection.

Every tenth account has promised a payment, which the first money keeps: so reassessing has something to do.
"""

from datetime import date

import asyncpg
import orjson
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import BALANCE_MINOR, CLOCK, CREDITOR, DAY, INSTALLMENT_MINOR, number_of
from benchmarks.cases.messages import POLLED, MessageCase
from benchmarks.place import Place
from benchmarks.rounds import Measurement, rates
from benchmarks.written import count
from services.payments.consumers import subscriptions
from services.payments.handlers.follow_accounts import follow_accounts, follow_creditors
from services.payments.handlers.make_promise import make_promise
from services.payments.schemas.obligations import PromiseRequest
from services.payments.settings import PaymentsSettings
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.accounts import AccountState, CreditorUpdated
from shared.http.auth import Principal
from shared.ids import account_id, party_id
from shared.jobs import run_chunk
from shared.messaging.message import Message, RawMessage

FULL = 100_000
PAYMENTS_PER_ACCOUNT = 2
PROMISED_EVERY = 10


def amount_of(nth: int) -> int:
    """What the nth payment pays."""
    return 5_000 + nth % 1_000


async def measure(place: Place, *, scale: float, rounds: int) -> Measurement:
    """Measure with 100,000 x `scale` payments a round."""
    n = max(POLLED, int(FULL * scale))
    accounts = n // PAYMENTS_PER_ACCOUNT
    paid = sum(map(amount_of, range(n)))

    async def check(admin: asyncpg.Connection) -> None:
        found = await admin.fetchrow(
            "SELECT (SELECT count(*) FROM payment WHERE status = 'posted') AS payments,"
            " (SELECT sum(amount_minor) FROM payment) AS received, (SELECT sum(amount_minor) FROM allocation) AS paid,"
            " (SELECT count(*) FROM source_reference) AS refs,"
            " (SELECT count(*) FROM outbox WHERE topic = 'payment.posted') AS posted,"
            " (SELECT count(*) FROM promise WHERE status = 'kept') AS kept"
        )
        expected = (n, paid, paid, n, n, -(-accounts // PROMISED_EVERY))
        if tuple(found) != expected:
            raise AssertionError(f"{tuple(found)} is not {expected}")

    async def fill(engine: AsyncEngine) -> None:
        await _fill(engine, accounts)

    settings = PaymentsSettings(
        database_url=SecretStr("unused"), kafka_bootstrap_servers="unused", jwks_url="unused", jwt_issuer="unused"
    )
    prepared = await place.prepared("payments", fill)
    case = MessageCase(
        place, "payments", prepared, subscriptions=subscriptions(settings), messages=_messages(n, accounts), check=check
    )
    ours, theirs = await case.run(rounds)
    return rates(
        "B2",
        "core.payment.received as it lies in Kafka to payment.posted in the outbox, in batches of 500: decode, lock, "
        "references, allocation, promises",
        f"bare set-based SQL of the same {count(case.writes):,} rows, ready made, one connection, batches as large",
        n=n,
        unit="payments",
        verified="payments, references and events counted, allocations summed, kept promises counted, on both sides",
    )(ours, theirs)


def _messages(n: int, accounts: int) -> list[RawMessage]:
    sent = [
        {
            "creditor_id": str(CREDITOR),
            "core_account_number": number_of(nth % accounts),
            "amount_minor": amount_of(nth),
            "currency": "USD",
            "effective_on": DAY.isoformat(),
            "posted_on": DAY.isoformat(),
            "channel": "ach",
            "source_ref": f"T{nth:09d}",
        }
        for nth in range(n)
    ]
    at = CLOCK.now()
    return [
        RawMessage("core.payment.received", 0, nth, str(one["core_account_number"]).encode(), orjson.dumps(one), (), at)
        for nth, one in enumerate(sent)
    ]


async def _fill(engine: AsyncEngine, accounts: int) -> None:
    creditor = CreditorUpdated(
        creditor_id=CREDITOR,
        name="Harbor",
        kind="creditor",
        currency="USD",
        time_zone="America/Denver",
        business_date=DAY,
    )

    async def announce_creditor(tx: Tx) -> None:
        await follow_creditors(tx, [Message(topic="creditor.updated", payload=creditor, aggregate_version=1)])

    await run_chunk(engine, CLOCK, announce_creditor)
    for begin in range(0, accounts, POLLED):
        states = [_state(nth) for nth in range(begin, min(begin + POLLED, accounts))]
        promising = states[::PROMISED_EVERY]

        async def announce(tx: Tx, states: list[AccountState] = states) -> None:
            messages = [Message(topic="account.opened", payload=each, aggregate_version=1) for each in states]
            await follow_accounts(tx, messages)

        async def promise(tx: Tx, promising: list[AccountState] = promising) -> None:
            for each in promising:
                request = PromiseRequest(
                    account_id=each.account_id, due_on=date(2026, 3, 31), amount_minor=1_000, currency="USD"
                )
                made = await make_promise(tx, Principal("collector"), request)
                if isinstance(made, Refusal):
                    raise TypeError(made.detail)

        await run_chunk(engine, CLOCK, announce)
        await run_chunk(engine, CLOCK, promise)


def _state(nth: int) -> AccountState:
    behind = INSTALLMENT_MINOR if nth % 2 else 0
    return AccountState(
        creditor_id=CREDITOR,
        account_id=account_id(CREDITOR, number_of(nth)),
        party_id=party_id(CREDITOR, f"P{nth:08d}"),
        product_class="closed_end_loan",
        status="open",
        currency="USD",
        balance_minor=BALANCE_MINOR,
        past_due_minor=behind,
        days_past_due=9 if behind else 0,
        oldest_unpaid_due_on=date(2026, 3, 1) if behind else None,
        bucket="b1_29" if behind else "current",
        stage="early" if behind else "current",
        past_due_by_bucket={"b1_29": behind} if behind else {},
        business_date=DAY,
        snapshot_on=date(2026, 3, 9),
        principal_minor=BALANCE_MINOR - 20_000,
        interest_minor=20_000,
        fees_minor=0,
    )
