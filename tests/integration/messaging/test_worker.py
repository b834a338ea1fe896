"""A worker joins its groups, answers its probes, publishes, applies, works jobs, and ends in order on SIGTERM."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from deploy.local.ports import free_port
from shared.cli import ServiceDescription, commands
from shared.db.transaction import Tx
from shared.jobs import ChunkResult, Job, load_job, record_job, run_chunk
from shared.messaging.consumer import Consumer
from shared.messaging.message import Message, Rejected, Subscription
from shared.messaging.relay import Relay
from shared.messaging.worker import Worker
from shared.settings import ServiceSettings
from tests.conftest import KERNEL, GetDatabase
from tests.integration.messaging.rig import (
    CLOCK,
    KafkaPlace,
    apply_payments,
    consuming,
    effects,
    emit,
    fetch,
    posted,
    relaying,
    until,
    until_effects,
)

TOPIC = "payment.posted"
POISON = 666


@pytest_asyncio.fixture(scope="module")
async def settings(service_database: GetDatabase, place: KafkaPlace) -> AsyncIterator[ServiceSettings]:
    database = await service_database(KERNEL)
    yield ServiceSettings(
        database_url=database.service_dsn,
        kafka_bootstrap_servers=place.kafka_bootstrap_servers,
        jwks_url="http://127.0.0.1:9/jwks",
        jwt_issuer="http://127.0.0.1:9",
        port=free_port(),
    )


async def _handle(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
    if any(message.payload.amount_minor == POISON for message in messages):
        raise ValueError("poison")
    return await apply_payments(tx, messages)


async def _nothing(_tx: Tx, _messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
    return []


async def _chunk(_tx: Tx, _job: Job) -> ChunkResult:
    return ChunkResult(None, {"done": 1})


SUBSCRIPTIONS = (
    Subscription((TOPIC,), _handle),
    Subscription(("core.account.snapshot",), _nothing, loop="bulk"),
)


def _worker(settings: ServiceSettings, engine: AsyncEngine) -> Worker:
    return Worker(
        "kernel", settings, engine, CLOCK, subscriptions=SUBSCRIPTIONS, chunks={"test": _chunk}, stable_name="kernel-0"
    )


async def _get(settings: ServiceSettings, path: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{settings.port}{path}")


@pytest.fixture(scope="module")
def creditor() -> UUID:
    """Whose messages these tests look at: the topics hold those of other tests too."""
    return uuid4()


async def test_a_worker_lives_from_its_start_to_sigterm(
    kernel_engine: AsyncEngine, settings: ServiceSettings, creditor: UUID
) -> None:
    worker = _worker(settings, kernel_engine)
    running = asyncio.ensure_future(worker.run())

    async def is_ready() -> bool:
        try:
            return (await _get(settings, "/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    await until(is_ready)
    assert (await _get(settings, "/healthz")).json() == {"status": "ok"}
    assert (await _get(settings, "/nothing")).status_code == 404
    await emit(kernel_engine, TOPIC, [posted(creditor, 1), posted(creditor, POISON), posted(creditor, 3)])
    await until_effects(kernel_engine, creditor, [1, 3])

    async def record(tx: Tx) -> Job:
        return await record_job(tx, "test", creditor_id=creditor, params={}, dedupe_key=str(creditor))

    job = await run_chunk(kernel_engine, CLOCK, record)

    async def is_done() -> bool:
        async def load(tx: Tx) -> Job:
            return await load_job(tx, job.job_id)

        return (await run_chunk(kernel_engine, CLOCK, load)).status == "done"

    await until(is_done)

    async def is_parked() -> bool:
        return bool(await fetch(kernel_engine, "SELECT 1 FROM dead_letter WHERE creditor_id = $1", creditor))

    async def has_read_all() -> bool:
        return await _lags(settings) == ["0"] * 3  # what other tests have left in the topic, too

    await until(is_parked)
    await until(has_read_all)
    metrics = (await _get(settings, "/metrics")).text
    assert 'arrears_dead_letters_total{code="handler-failed",topic="payment.posted"}' in metrics
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 30)
    assert await effects(kernel_engine, creditor) == [1, 3]


async def _invoke(settings: ServiceSettings, *arguments: str) -> Result:
    async def handle(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
        return await apply_payments(tx, messages)  # the release that can

    service = ServiceDescription(
        name="kernel",
        settings=lambda: settings,
        create_api=lambda _settings: None,  # type: ignore[arg-type,return-value]
        create_worker=lambda settings, engine, _clock: _worker(settings, engine),
        subscriptions=lambda _settings: (Subscription((TOPIC,), handle), *SUBSCRIPTIONS[1:]),
    )
    return await asyncio.to_thread(CliRunner().invoke, commands(service), list(arguments))


async def _lag_rows(settings: ServiceSettings) -> list[list[str]]:
    lag = await _invoke(settings, "lag")
    assert lag.exit_code == 0
    return [line.split() for line in lag.output.splitlines()[1:]]


async def _lags(settings: ServiceSettings) -> list[str]:
    """How far each partition of the topic is behind."""
    return [row[4] for row in await _lag_rows(settings) if row[1].startswith(TOPIC)]


@pytest_asyncio.fixture
async def key(kernel_engine: AsyncEngine, creditor: UUID) -> str:
    """The key of the poisoned message of the test before."""
    [row] = await fetch(kernel_engine, "SELECT key FROM dead_letter WHERE creditor_id = $1", creditor)
    return str(row["key"])


async def _letters(settings: ServiceSettings, key: str, *arguments: str) -> list[dict[str, Any]]:
    listed = await _invoke(settings, "dead-letters", *arguments)
    assert listed.exit_code == 0
    letters = [json.loads(line) for line in listed.output.splitlines()]
    return [letter for letter in letters if letter["key"] == key]


async def test_the_commands_list_and_replay_dead_letters_and_show_the_lag(settings: ServiceSettings, key: str) -> None:
    [letter] = await _letters(settings, key)
    assert (letter["topic"], letter["code"]) == (TOPIC, "handler-failed")
    assert "value" not in letter

    assert (await _invoke(settings, "replay")).exit_code == 2
    dry = await _invoke(settings, "replay", "--key", letter["key"], "--dry-run")
    assert "1 would be replayed, 0 failed again" in dry.output
    assert "1 replayed, 0 failed again" in (await _invoke(settings, "replay", "--key", letter["key"])).output
    assert await _letters(settings, key) == []
    assert len(await _letters(settings, key, "--replayed")) == 1

    rows = await _lag_rows(settings)
    assert {row[0] for row in rows} == {"kernel", "kernel.bulk"}
    assert not any("stopped" in row for row in rows)
    assert await _lags(settings) == ["0"] * 3


async def test_the_lag_names_a_stopped_partition_and_why(
    kernel_engine: AsyncEngine, settings: ServiceSettings, creditor: UUID
) -> None:
    async def handle(tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
        if any(message.payload.creditor_id == creditor and message.payload.amount_minor == 7 for message in messages):
            raise TypeError("no such column")
        return await apply_payments(tx, messages)

    relay = Relay(settings, kernel_engine)
    consumer = Consumer(
        settings, kernel_engine, CLOCK, "kernel", [Subscription((TOPIC,), handle)], retry_s=0.01, max_parks_in_a_row=0
    )
    await emit(kernel_engine, TOPIC, [posted(creditor, 7)])

    async def is_told() -> bool:
        lines = (await _invoke(settings, "lag")).output.splitlines()
        return len([line for line in lines if "stopped: TypeError: no such column" in line]) == 1

    async with relaying(relay), consuming(consumer):
        await until(is_told)
