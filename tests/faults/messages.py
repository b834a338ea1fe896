"""Faults of the stream: everything again and in disorder, the whole history anew, and what nobody can take."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local.books.topics import GROUPS
from shared.ids import new_id
from tests.e2e.bank import Json
from tests.faults.book import Sent
from tests.faults.client import Client
from tests.faults.crashes import standing
from tests.faults.lab import Lab
from tests.faults.load import Load
from tests.faults.machines import MONEY, WORKERS

FEED = "core.payment.received"
_PAYMENTS = 150
_PARTITIONS = 3
_HUGE = 10 * 1024 * 1024
# All settings of the topic are replaced: those that it was made with are named again.
_ROOM = {"max.message.bytes": str(2 * _HUGE), "cleanup.policy": "delete", "retention.ms": "-1"}
_COPIES = 4
_VOLATILE = {"inbox", "outbox", "idempotency", "stream_log"}
"""Tables that say how far work has come, or what was answered; everything else is state."""
_TABLES = "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_HASH = "SELECT count(*) AS n, md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) AS hash FROM \"{}\" t"


async def replayed(lab: Lab) -> None:
    """R7: duplicates in disorder end as one clean pass does; then all topics again from offset 0 change nothing."""
    clean, disordered = await lab.client(), await lab.client()
    await lab.settle()
    await _tell(lab, clean, disordered)
    load = Load(await lab.client(), lab.rng)
    async with load.running():
        await load.some(100)
    await lab.settle()
    told, as_well = await _told(clean), await _told(disordered)
    lab.expect(holds=told == as_well, otherwise=f"disorder ends otherwise: {_difference(told, as_well)}")
    await _from_the_beginning(lab)


async def _tell(lab: Lab, clean: Client, disordered: Client) -> None:
    """The same payments and reversals: to one creditor in order and once, to the other shuffled, up to four times."""
    numbers = sorted(clean.book.opening)
    sent = [
        (Sent(lab.rng.choice(numbers), lab.rng.randint(100, 20_000), clean.day), f"core-{n}") for n in range(_PAYMENTS)
    ]
    reversed_too = lab.rng.sample(sent, _PAYMENTS // 8)
    await clean.receive(*sent)
    for payment, reference in reversed_too:
        await clean.take_back(reference, payment)
    messages = [disordered.core_payment(*one) for one in sent] + [
        disordered.core_reversal(*one) for one in reversed_too
    ]
    copies = [each for each in messages for _ in range(lab.rng.randint(1, _COPIES))]
    lab.rng.shuffle(copies)
    for start in range(0, len(copies), 50):
        await disordered.insist_on_publishing(*copies[start : start + 50])
    disordered.book.payments |= clean.book.payments
    disordered.book.reversed |= clean.book.reversed


async def _told(client: Client) -> dict[str, object]:
    """The state of a creditor without the ids that differ by chance. Versions count events, which may be fewer."""
    accounts = [{k: v for k, v in row.items() if k != "version"} for row in await standing(client)]
    payments = [row async for row in client.pages("payments", "/v1/payments")]
    return {str(row["core_account_number"]): row for row in accounts} | {
        row["source_ref"]: (row["status"], row["amount_minor"], row["core_account_number"]) for row in payments
    }


def _difference(one: dict[str, object], other: dict[str, object]) -> str:
    return str([(key, one.get(key), other.get(key)) for key in one | other if one.get(key) != other.get(key)][:3])


async def _from_the_beginning(lab: Lab) -> None:
    """Forget every offset, half the time every inbox mark too, and read all of history again."""
    before = await state_hash(lab)
    await asyncio.gather(*(lab.machines.stop(name) for name in WORKERS))
    for group, topics in GROUPS.items():
        await _forget_offsets(lab, group, topics)
    if lab.rng.random() < 0.5:
        for service in MONEY:
            await lab.query(service, "DELETE FROM inbox")
    await asyncio.gather(*(lab.machines.start(name) for name in WORKERS))
    await lab.settle()
    after = await state_hash(lab)
    changed = [table for table in before if before[table] != after.get(table)]
    lab.expect(holds=before == after, otherwise=f"a replay changed {[(t, before[t], after.get(t)) for t in changed]}")


async def _forget_offsets(lab: Lab, group: str, topics: Sequence[str]) -> None:
    """Set a group that has no members back to the beginning of its topics."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=lab.machines.stack.bootstrap_servers, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for topic in topics for number in range(_PARTITIONS)]
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))
        reached = [await consumer.committed(partition) for partition in partitions]
        lab.expect(holds=not any(reached), otherwise=f"{group} does not begin anew: {reached}")
    finally:
        await consumer.stop()


async def state_hash(lab: Lab) -> dict[str, tuple[int, str]]:
    """The number and the hash of the rows of each table of state of every service."""
    found = {}
    for service in MONEY:
        for row in await lab.query(service, _TABLES):
            if row["name"] not in _VOLATILE and not row["name"].startswith("inbox"):
                (hashed,) = await lab.query(service, _HASH.format(row["name"]))
                found[f"{service}.{row['name']}"] = (hashed["n"], hashed["hash"])
    return found


async def poisoned(lab: Lab) -> float:
    """R8: what cannot be taken is parked with its reason, blocks nobody, and is counted; the rest goes on."""
    client = await lab.client()
    load = Load(client, lab.rng)
    mark = str(new_id())
    feed, own, stranger = _poison(client, mark)
    parked_before, counted_before = await _parked(lab, mark), await _counted(lab)
    async with _admin(lab) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, FEED, configs=_ROOM)])
    async with load.running():
        await load.some(20)
        await _publish(lab, feed + own)
        await _strange(lab, client)
        await client.insist_on_publishing(stranger)
        recovery = await load.recovery()
    await lab.settle()
    parked = await _parked(lab, mark) - parked_before
    lab.expect(holds=parked == len(feed + own), otherwise=f"{parked} of {len(feed + own)} poisoned messages are parked")
    counted = await _counted(lab) - counted_before
    lab.expect(
        holds=counted == len(feed + own), otherwise=f"{counted} of {len(feed + own)} parked messages are counted"
    )
    waiting = await lab.query("payments", "SELECT 1 FROM payment WHERE source_ref = $1 AND status = 'unapplied'", mark)
    lab.expect(holds=len(waiting) == 1, otherwise="a payment of an unknown creditor does not wait in sight")
    return recovery


DEAD_LETTERS = "arrears_dead_letters_total"
Poison = tuple[str, bytes | None, bytes | None, dict[str, bytes]]
"""Topic, key, value, headers."""


def _poison(client: Client, mark: str) -> tuple[list[Poison], list[Poison], Json]:
    """On the feed of the core, on a topic of our own; and a good payment of a creditor that nobody has made."""
    good = client.core_payment(Sent("L-0", 100, client.day), mark)

    def bent(**more: object) -> bytes:
        return json.dumps(good | more).encode()

    values: list[tuple[bytes | None, dict[str, bytes]]] = [
        (b'{"creditor_id": "' + mark.encode(), {}),
        (b"\xff\xfe\x00" + mark.encode(), {}),
        (f'["{mark}"]'.encode(), {}),
        (bent(amount_minor=float("nan")), {}),
        (bent(amount_minor=12.5), {}),
        (bent(amount_minor=-1), {}),
        (bent(amount_minor=2**70), {}),
        (bent(creditor_id="nobody"), {}),
        (bent(currency="dollars"), {}),
        (bent(channel="x" * _HUGE), {}),
    ]
    feed: list[Poison] = [
        (FEED, None if n % 3 == 0 else f"L-{n}".encode(), value, headers) for n, (value, headers) in enumerate(values)
    ]
    posted = {"ce_specversion": b"1.0", "ce_id": str(new_id()).encode(), "ce_source": b"/payments"}
    own: list[Poison] = [
        ("payment.posted", b"L-1", mark.encode(), posted | {"ce_type": b"payment.posted.v1"}),
        ("payment.posted", None, bent(), posted | {"ce_type": b"payment.posted.v9"}),
        ("account.updated", b"L-1", bent(), {}),
    ]
    stranger = good | {"creditor_id": str(UUID(int=client.rng.getrandbits(128), version=4))}
    return feed, own, stranger


async def _strange(lab: Lab, client: Client) -> None:
    """Good payments in bad envelopes, some without a key: a core's envelope never loses a payment."""
    cloud = {"ce_specversion": b"1.0", "ce_id": b"none", "ce_source": b"/core"}
    sent = Sent("L-0", 100, client.day)
    value = json.dumps(client.core_payment(sent, "strange")).encode()
    types = (b"core.payment.received.v9", b"core.payment.invented.v1")
    await _publish(lab, [(FEED, None, value, cloud | {"ce_type": each}) for each in types])
    client.book.acknowledge("strange", replace(sent, is_core=True))


async def _publish(lab: Lab, poison: Sequence[Poison]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=lab.machines.stack.bootstrap_servers, max_request_size=2 * _HUGE)
    await producer.start()
    try:
        for topic, key, value, headers in poison:
            await producer.send_and_wait(topic, value, cast("Any", key), headers=list(headers.items()))
    finally:
        await producer.stop()


async def _parked(lab: Lab, mark: str) -> int:
    """How many messages with this mark are parked with a reason."""
    sql = "SELECT count(*) AS n FROM dead_letter WHERE position($1::bytea IN value) > 0 AND code <> '' AND detail <> ''"
    return sum([(await lab.query(service, sql, mark.encode()))[0]["n"] for service in MONEY])


async def _counted(lab: Lab) -> int:
    """How many parked messages the workers' counter shows, which the alerts look at."""
    total = 0.0
    async with httpx.AsyncClient() as http:
        for service in MONEY:
            exposition = (await http.get(f"http://127.0.0.1:{lab.machines.stack.worker_port(service)}/metrics")).text
            lines = [line for line in exposition.splitlines() if line.startswith(f"{DEAD_LETTERS}{{")]
            total += sum(float(line.rpartition(" ")[2]) for line in lines)
    return round(total)


@asynccontextmanager
async def _admin(lab: Lab) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=lab.machines.stack.bootstrap_servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()
