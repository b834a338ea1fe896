"""Kafka full of what no consumer should be sent: nobody falls, nothing stands still, the good is applied once.

What is refused lies in the dead letters, whole and with its reason, and can be taken when its cause is gone.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast
from uuid import uuid5

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local.books.rest import Databases, come_to_rest
from deploy.local.books.topics import Reader
from tests.e2e.bank import LOAN, Bank
from tests.e2e.stack_operator import Operator
from tests.fuzz.conftest import Scale
from tests.fuzz.filled import fill
from tests.fuzz.messages import CONSUMED, NEWEST, PAYMENTS, SNAPSHOTS, Feed, Sent, stream
from tests.fuzz.report import write

SERVICES = ("accounts", "payments")
PROCESSES = [(service, role) for service in SERVICES for role in ("api", "worker")]
OUR_FAULT = {"handler-failed", "partition-stopped"}
ACCOUNTS = 20
REPLAYED = 25
_AT_ONCE = 2_000
_SETTLE_S = 600.0
_ROOM = {"max.message.bytes": str(20_000_000), "cleanup.policy": "delete", "retention.ms": "-1"}
_PARKED = 'SELECT topic, partition, "offset", code, detail FROM dead_letter WHERE topic = ANY($1::text[])'
_OPEN = "SELECT code FROM dead_letter WHERE creditor_id = $1 AND replayed_at IS NULL"
_OTHERS = """
SELECT dead_letter_id, code FROM dead_letter WHERE creditor_id IS DISTINCT FROM $1 AND replayed_at IS NULL
ORDER BY dead_letter_id
"""
_REFERENCES = "SELECT source_ref AS r FROM source_reference WHERE creditor_id = $1 AND source = 'core'"
_ENTRIES = "SELECT source_ref AS r FROM entry WHERE creditor_id = $1 AND source = 'core'"
_ACCOUNTS = "SELECT core_account_number AS r FROM account WHERE creditor_id = $1 AND balance_minor = 90000"
_POSTED = "SELECT payment_id::text AS r FROM entry WHERE creditor_id = $1 AND amount_minor = 100"
_PROMISES = "SELECT promise_id::text AS r FROM promise_view WHERE creditor_id = $1 AND version = $2"
_VIEWS = "SELECT account_id::text AS r FROM account_view WHERE creditor_id = $1 AND aggregate_version = $2"

Place = tuple[str, int, int]


@dataclass
class Published:
    """What lies where in Kafka."""

    at: dict[Place, Sent] = field(default_factory=dict)

    async def publish(self, operator: Operator, messages: Sequence[Sent]) -> None:
        async with _producer(operator) as producer:
            for start in range(0, len(messages), _AT_ONCE):
                part = messages[start : start + _AT_ONCE]
                sends = [
                    await producer.send(one.topic, one.value, cast("Any", one.key), headers=cast("Any", one.headers))
                    for one in part
                ]
                for one, done in zip(part, await asyncio.gather(*sends), strict=True):
                    self.at[done.topic, done.partition, done.offset] = one


@asynccontextmanager
async def _producer(operator: Operator) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=operator.stack.bootstrap_servers, max_request_size=20_000_000)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _make_room(operator: Operator, topics: set[str]) -> None:
    """Let these topics take messages of 10 MB."""
    admin = AIOKafkaAdminClient(bootstrap_servers=operator.stack.bootstrap_servers)
    await admin.start()
    try:
        for topic in topics:
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=_ROOM)])
    finally:
        await admin.close()


async def _query(operator: Operator, service: str, sql: str, *args: Any) -> list[Any]:
    connection = await asyncpg.connect(operator.stack.database(service).service_dsn)
    try:
        rows: list[Any] = await connection.fetch(sql, *args)
    finally:
        await connection.close()
    return rows


async def _parked(operator: Operator, published: Published) -> dict[Place, tuple[str, str]]:
    """The dead letters of what was published, each once."""
    topics = sorted({topic for topic, _, _ in published.at})
    rows = [row for service in SERVICES for row in await _query(operator, service, _PARKED, topics)]
    found = {(row["topic"], row["partition"], row["offset"]): (row["code"], row["detail"]) for row in rows}
    assert len(found) == len(rows), "a message is parked twice"
    return {place: reason for place, reason in found.items() if place in published.at}


async def _settle(operator: Operator) -> None:
    """Every partition is read to its end, every event sent, every job done; fails with what is left."""
    stack = operator.stack
    databases = Databases(
        payments=stack.database("payments").service_dsn, accounts=stack.database("accounts").service_dsn
    )
    async with Reader(stack.bootstrap_servers) as reader:
        await come_to_rest(reader, databases, _SETTLE_S)


def _pids(operator: Operator) -> dict[tuple[str, str], int | None]:
    return {process: operator.pid(*process) for process in PROCESSES}


async def test_whatever_is_sent_is_taken_once_or_parked_with_its_reason(bank: Bank, scale: Scale) -> None:
    operator = bank.operator
    await fill(bank, ACCOUNTS)
    before = _pids(operator)
    numbers = [f"A-{n}" for n in range(ACCOUNTS)]
    feed = Feed(Random(scale.seed), bank.creditor, (uuid5(bank.creditor, "unknown"),), numbers)
    messages = list(stream(feed, scale.messages, huge=scale.huge))
    if scale.huge:
        await _make_room(operator, {PAYMENTS, SNAPSHOTS, *CONSUMED})
    published = Published()
    await published.publish(operator, messages)
    await _settle(operator)

    assert _pids(operator) == before, "a process fell"
    parked = await _parked(operator, published)
    assert [published.at[place] for place in parked if published.at[place].is_good] == []
    codes = Counter(code for code, _ in parked.values())
    assert [(place, reason, published.at[place]) for place, reason in parked.items() if reason[0] in OUR_FAULT] == []
    assert all(detail for _, detail in parked.values())
    assert await _missing(bank, published, parked) == []
    bad = sum(not one.is_good for one in messages)
    write("Kafka messages", scale.seed, bad, bad - len(parked), len(parked), _listed(codes), 0)


def _listed(codes: Counter[str]) -> str:
    return ", ".join(f"`{code}` {count:,}" for code, count in codes.most_common(6))


async def _missing(bank: Bank, published: Published, parked: dict[Place, tuple[str, str]]) -> list[str]:
    """What was sent and not parked, and has no effect, or a good one that has not exactly one."""
    operator, creditor = bank.operator, bank.creditor
    references = Counter(row["r"] for row in await _query(operator, "payments", _REFERENCES, creditor))
    entries = Counter(row["r"] for row in await _query(operator, "accounts", _ENTRIES, creditor))
    effects: dict[str, Counter[str]] = {
        PAYMENTS: references,
        SNAPSHOTS: Counter(row["r"] for row in await _query(operator, "accounts", _ACCOUNTS, creditor)),
        "payment.posted": Counter(row["r"] for row in await _query(operator, "accounts", _POSTED, creditor)),
        "promise.made": Counter(row["r"] for row in await _query(operator, "accounts", _PROMISES, creditor, NEWEST)),
        "account.updated": Counter(row["r"] for row in await _query(operator, "payments", _VIEWS, creditor, NEWEST)),
    }
    names = {
        PAYMENTS: "source_ref",
        SNAPSHOTS: "core_account_number",
        "payment.posted": "payment_id",
        "promise.made": "promise_id",
        "account.updated": "account_id",
    }
    missing = []
    for place, sent in published.at.items():
        if sent.is_good:
            name = json.loads(sent.value or b"")[names[sent.topic]]
            if effects[sent.topic][name] != 1 or (sent.topic == PAYMENTS and entries[name] != 1):
                missing.append(f"{name} has {effects[sent.topic][name]} effects, {entries[name]} entries")
        elif sent.topic == PAYMENTS and place not in parked and (name := _reference(sent, bank)) is not None:
            missing += [] if references[name] == 1 else [f"{sent} was taken, and has no effect"]
    return missing


def _reference(sent: Sent, bank: Bank) -> str | None:
    """What a payment that was taken says that it is; None when it is another creditor's."""
    payment = json.loads((sent.value or b"").decode("utf-8-sig"))
    payment = payment.get("data", payment)
    return payment["source_ref"].strip() if payment["creditor_id"] == str(bank.creditor) else None


async def test_what_was_refused_is_taken_by_a_replay_when_its_cause_is_gone(bank: Bank, scale: Scale) -> None:
    """The creditor's currency was stated wrongly: what came meanwhile is parked, among all that stays wrong."""
    operator = bank.operator
    await bank.state_currency("EUR")
    numbers = [f"R-{n}" for n in range(REPLAYED)]
    rows = [
        LOAN | {"core_account_number": number, "creditor_id": str(bank.creditor), "business_date": "2026-01-31"}
        for number in numbers
    ]
    await bank.publish(SNAPSHOTS, *((row["core_account_number"], row) for row in rows))
    await bank.publish_payments(*(bank.payment(number, 100, "2026-02-01", f"to-{number}") for number in numbers))
    await _settle(operator)
    letters = await _query(operator, "accounts", _OPEN, bank.creditor)
    assert Counter(row["code"] for row in letters) == {"currency-mismatch": REPLAYED}
    others = {service: await _query(operator, service, _OTHERS, bank.creditor) for service in SERVICES}

    await bank.state_currency("USD")
    for service in SERVICES:
        done = await asyncio.to_thread(operator.replay_all, service)
        assert done.returncode == int(bool(others[service])), done.stderr
    assert "0 replayed" in (await asyncio.to_thread(operator.replay, "accounts", "R-0")).stdout

    await _settle(operator)
    assert await _query(operator, "accounts", _OPEN, bank.creditor) == []
    for number in numbers:
        assert (await bank.account(number))["balance_minor"] == LOAN["balance_minor"] - 100
    entries = await _query(operator, "accounts", _ENTRIES, bank.creditor)
    assert Counter(row["r"] for row in entries) == dict.fromkeys((f"to-{number}" for number in numbers), 1)
    again = {service: await _query(operator, service, _OTHERS, bank.creditor) for service in SERVICES}
    for service in SERVICES:
        changed = set(map(tuple, again[service])) ^ set(map(tuple, others[service]))
        assert changed == set(), f"{service}: what is still wrong is still parked, for the same reason"
    write("Taken by a replay", scale.seed, REPLAYED + sum(map(len, others.values())), REPLAYED, "the rest", "", 0)
