"""Kafka full of what no consumer should be sent: nobody falls, nothing stands still, the good is applied once.

What is refused lies in the dead letters, whole and with its reason, and can be taken when its cause is gone.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast
from uuid import uuid5

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.e2e.bank import LOAN, Bank
from tests.e2e.stack_operator import Operator
from tests.fuzz.conftest import Scale
from tests.fuzz.databases import query
from tests.fuzz.effects import missing, references
from tests.fuzz.filled import fill
from tests.fuzz.messages import GOOD, PAYMENTS, SNAPSHOTS, Feed, Sent, stream
from tests.fuzz.report import write
from tests.fuzz.resting import CONSUMED, NAMES, settle

PROCESSES = [(service, role) for service in NAMES for role in ("api", "worker")]
OUR_FAULT = {"handler-failed", "partition-stopped"}
FOLLOW_PARTIES = ("contact", "skiptrace", "compliance")
ACCOUNTS = 20
REPLAYED = 25
_AT_ONCE = 2_000
_ROOM = {"max.message.bytes": str(20_000_000), "cleanup.policy": "delete", "retention.ms": "-1"}
_PARKED = 'SELECT topic, partition, "offset", code, detail FROM dead_letter WHERE topic = ANY($1::text[])'
_OPEN = "SELECT code FROM dead_letter WHERE creditor_id = $1 AND replayed_at IS NULL"
_OTHERS = """
SELECT dead_letter_id, code FROM dead_letter WHERE creditor_id IS DISTINCT FROM $1 AND replayed_at IS NULL
ORDER BY dead_letter_id
"""
_ENTRIES = "SELECT source_ref AS r FROM entry WHERE creditor_id = $1 AND source = 'core'"

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


async def _parked(operator: Operator, published: Published) -> dict[Place, list[tuple[str, str]]]:
    """The dead letters of what was published: each once in every service that reads it and cannot take it."""
    topics = sorted({topic for topic, _, _ in published.at})
    found: dict[Place, list[tuple[str, str]]] = {}
    for service in NAMES:
        rows = await query(operator, service, _PARKED, topics)
        places = [(row["topic"], row["partition"], row["offset"]) for row in rows]
        assert len(set(places)) == len(places), f"{service} has parked a message twice"
        for place, row in zip(places, rows, strict=True):
            if place in published.at:
                found.setdefault(place, []).append((row["code"], row["detail"]))
    return found


def _pids(operator: Operator) -> dict[tuple[str, str], int | None]:
    return {process: operator.pid(*process) for process in PROCESSES}


async def test_whatever_is_sent_is_taken_once_or_parked_with_its_reason(bank: Bank, scale: Scale) -> None:
    operator = bank.operator
    await fill(bank, ACCOUNTS)
    before = _pids(operator)
    numbers = [f"A-{n}" for n in range(ACCOUNTS)]
    messages = list(stream(_feed(bank, scale.seed, numbers), scale.messages, huge=scale.huge))
    if scale.huge:
        await _make_room(operator, set(CONSUMED))
    published = Published()
    await published.publish(operator, messages)
    await settle(operator)

    assert _pids(operator) == before, "a process fell"
    parked = await _parked(operator, published)
    assert [published.at[place] for place in parked if published.at[place].is_good] == []
    reasons = [(place, *reason) for place, found in parked.items() for reason in found]
    assert [(published.at[place], code, detail) for place, code, detail in reasons if code in OUR_FAULT] == []
    assert all(detail for _, _, detail in reasons)
    assert await missing(bank, messages) == []
    assert await _taken_without_effect(bank, published, parked) == []
    bad = sum(not one.is_good for one in messages)
    codes = Counter(found[0][0] for found in parked.values())
    write("Kafka messages", scale.seed, bad, bad - len(parked), len(parked), _listed(codes), 0)


def _listed(codes: Counter[str]) -> str:
    return ", ".join(f"`{code}` {count:,}" for code, count in codes.most_common(6))


async def _taken_without_effect(bank: Bank, published: Published, parked: Collection[Place]) -> list[str]:
    """The payments of the core that were spoilt, taken all the same, and not posted exactly once."""
    posted = await references(bank)
    bad = [one for place, one in published.at.items() if place not in parked and not one.is_good]
    names = [(one, name) for one in bad if one.topic == PAYMENTS and (name := _reference(one, bank)) is not None]
    return [f"{one} was taken, and posted {posted[name]} times" for one, name in names if posted[name] != 1]


def _reference(sent: Sent, bank: Bank) -> str | None:
    """What a payment that was taken says that it is; None when it is another creditor's."""
    payment = json.loads((sent.value or b"").decode("utf-8-sig"))
    payment = payment.get("data", payment)
    return payment["source_ref"].strip() if payment["creditor_id"] == str(bank.creditor) else None


async def test_what_was_refused_is_taken_by_a_replay_when_its_cause_is_gone(bank: Bank, scale: Scale) -> None:
    """A currency was stated wrongly, and three services could not keep a party: what came meanwhile is parked.

    It lies among all that stays wrong, and is found by its key.
    """
    operator = bank.operator
    await bank.state_currency("EUR")
    numbers = [f"R-{n}" for n in range(REPLAYED)]
    rows = [
        LOAN | {"core_account_number": number, "creditor_id": str(bank.creditor), "business_date": "2026-01-31"}
        for number in numbers
    ]
    good = next(one for n in range(len(GOOD)) if (one := _feed(bank).good(n)).topic == "party.updated")
    party = str(json.loads(good.value or b"")["party_id"])
    async with _defect(operator, f"party_id <> '{party}'"):
        await Published().publish(operator, [good])
        await bank.publish(SNAPSHOTS, *((row["core_account_number"], row) for row in rows))
        await bank.publish_payments(*(bank.payment(number, 100, "2026-02-01", f"to-{number}") for number in numbers))
        await settle(operator)
    assert await _open(bank, "accounts") == {"currency-mismatch": REPLAYED}
    assert [await _open(bank, service) for service in FOLLOW_PARTIES] == [{"handler-failed": 1}] * len(FOLLOW_PARTIES)
    (letter,) = await asyncio.to_thread(operator.dead_letters, "compliance", party)
    assert (letter["topic"], letter["code"], bool(letter["detail"])) == ("party.updated", "handler-failed", True)
    others = {service: await query(operator, service, _OTHERS, bank.creditor) for service in NAMES}

    await bank.state_currency("USD")
    replays = await asyncio.gather(*(asyncio.to_thread(operator.replay_all, service) for service in NAMES))
    for service, done in zip(NAMES, replays, strict=True):
        assert done.returncode == int(bool(others[service])), done.stderr
    assert "0 replayed" in (await asyncio.to_thread(operator.replay, "accounts", "R-0")).stdout

    await settle(operator)
    assert [await _open(bank, service) for service in NAMES] == [{}] * len(NAMES)
    assert await missing(bank, [good]) == []
    for number in numbers:
        assert (await bank.account(number))["balance_minor"] == LOAN["balance_minor"] - 100
    entries = await query(operator, "accounts", _ENTRIES, bank.creditor)
    assert Counter(row["r"] for row in entries) == dict.fromkeys((f"to-{number}" for number in numbers), 1)
    again = {service: await query(operator, service, _OTHERS, bank.creditor) for service in NAMES}
    for service in NAMES:
        changed = set(map(tuple, again[service])) ^ set(map(tuple, others[service]))
        assert changed == set(), f"{service}: what is still wrong is still parked, for the same reason"
    tried = REPLAYED + len(FOLLOW_PARTIES) + sum(map(len, others.values()))
    write("Taken by a replay", scale.seed, tried, REPLAYED + len(FOLLOW_PARTIES), "the rest", "", 0)


async def _open(bank: Bank, service: str) -> Counter[str]:
    """Why messages about the creditor are parked in a service, and how many."""
    return Counter(row["code"] for row in await query(bank.operator, service, _OPEN, bank.creditor))


@asynccontextmanager
async def _defect(operator: Operator, rule: str) -> AsyncIterator[None]:
    """Let the databases refuse a party for a while, as a defect of ours would."""
    for service in FOLLOW_PARTIES:
        await _as_owner(operator, service, f"ALTER TABLE party_view ADD CONSTRAINT defect CHECK ({rule}) NOT VALID")
    yield
    for service in FOLLOW_PARTIES:
        await _as_owner(operator, service, "ALTER TABLE party_view DROP CONSTRAINT defect")


async def _as_owner(operator: Operator, service: str, sql: str) -> None:
    connection = await asyncpg.connect(operator.stack.database(service).owner_dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def _feed(bank: Bank, seed: int = 0, numbers: Sequence[str] = ("A-0",)) -> Feed:
    return Feed(Random(seed), bank.creditor, (uuid5(bank.creditor, "unknown"),), list(numbers))
