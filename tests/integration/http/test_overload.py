"""More clients than connections, clients that leave, two processes: on real servers none hangs, leaks or acts twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from shared.clock import SystemClock
from shared.db.engine import engine_for
from shared.db.transaction import open_transaction
from shared.http.server import make_server
from tests.conftest import KERNEL, GetDatabase
from tests.integration.http.sample_app import sample_app, settings_for

POOL = 8
BOTH = pytest.mark.parametrize("path", ["/v1/pairs", "/v1/batched-pairs"])
_LEFT = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND state <> 'idle'"
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'"
_HELD = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"


@dataclass
class Process:
    """One API process: its address and its pool, which has a name of its own in the database."""

    url: str
    engine: AsyncEngine
    name: str


@asynccontextmanager
async def process(database: GetDatabase, issuer: Issuer) -> AsyncIterator[Process]:
    name = f"api {uuid4()}"
    engine = engine_for(
        (await database(KERNEL)).service_dsn,
        application_name=name,
        pool_size=POOL,
        pool_timeout_s=0.5,
        lock_timeout_ms=30_000,  # whoever has a connection outlasts the lock of the test, on a busy machine too
    )
    app = sample_app(engine, settings_for(issuer.url, issuer.jwks_url))
    server = make_server(app, app.state.settings)
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
        await asyncio.sleep(0.01)
    try:
        yield Process(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", engine, name)
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 20)


@pytest_asyncio.fixture
async def api(service_database: GetDatabase, issuer: Issuer) -> AsyncIterator[Process]:
    async with process(service_database, issuer) as made:
        yield made


def many_connections(url: str, headers: dict[str, str]) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=30)


def pair(creditor: UUID, order: str = "first") -> dict[str, Any]:
    return {"creditor_id": str(creditor), "order": order, "value": 5}


async def scalar(engine: AsyncEngine, sql: str, *args: Any) -> int:
    async with open_transaction(engine, SystemClock()) as tx:
        found: int = await tx.fetchval(sql, *args)
        return found


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - the database tells it
            await asyncio.sleep(0.02)


async def rows_of(engine: AsyncEngine, creditor: UUID) -> int:
    return await scalar(engine, "SELECT count(*) FROM pair WHERE creditor_id = $1", creditor)


async def is_at_rest(engine: AsyncEngine, api: Process) -> bool:
    return await scalar(engine, _LEFT, api.name) == 0


@asynccontextmanager
async def pairs_held(engine: AsyncEngine) -> AsyncIterator[None]:
    """Nobody writes a pair meanwhile: whoever has a connection keeps it."""
    async with open_transaction(engine, SystemClock()) as tx:
        await tx.execute("LOCK TABLE pair IN EXCLUSIVE MODE")
        yield


@BOTH
async def test_three_hundred_clients_on_a_pool_of_eight_are_answered_or_turned_away(
    api: Process, kernel_engine: AsyncEngine, bearer: dict[str, str], path: str
) -> None:
    creditors = [uuid4() for _ in range(300)]
    async with many_connections(api.url, bearer) as client:

        async def post(creditor: UUID) -> httpx.Response:
            return await client.post(path, json=pair(creditor), headers={"Idempotency-Key": str(creditor)})

        async with pairs_held(kernel_engine):
            posting = [asyncio.create_task(post(creditor)) for creditor in creditors]
            reading = await client.get(f"/v1/creditors/{creditors[0]}/pairs")  # a read stands in the same line
            assert reading.status_code in {200, 503}
            if path == "/v1/pairs":  # each has a transaction of its own: eight wait for the table, the others for them
                await until(lambda: _all_but(posting, POOL))
            assert await scalar(kernel_engine, _HELD, api.name) <= POOL
            assert (await client.get("/healthz")).status_code == 200
        async with asyncio.timeout(30):
            answers = await asyncio.gather(*posting)
        told = Counter(answer.status_code for answer in answers)
        assert set(told) <= {201, 503}
        assert told[201] >= 1
        for answer in answers:
            if answer.status_code == 503:
                assert answer.json()["code"] in {"busy", "unavailable"}
                assert int(answer.headers["Retry-After"]) >= 1
        written = "SELECT count(*) FROM pair WHERE creditor_id = ANY($1::uuid[])"
        assert await scalar(kernel_engine, written, creditors) == told[201]
        for creditor in creditors[::30]:  # what was turned away is done by its retry
            assert (await post(creditor)).status_code == 201
    await until(lambda: is_at_rest(kernel_engine, api))


async def _all_but(tasks: list[asyncio.Task[httpx.Response]], count: int) -> bool:
    return sum(not task.done() for task in tasks) <= count


@BOTH
async def test_clients_that_hang_up_leave_work_done_or_not_and_their_keys_tell_which(
    api: Process, kernel_engine: AsyncEngine, bearer: dict[str, str], path: str
) -> None:
    creditors = [uuid4() for _ in range(40)]
    written = "SELECT count(*) FROM pair WHERE creditor_id = ANY($1::uuid[])"
    async with many_connections(api.url, bearer) as client:

        async def post(creditor: UUID) -> httpx.Response:
            return await client.post(path, json=pair(creditor), headers={"Idempotency-Key": str(creditor)})

        async with pairs_held(kernel_engine):
            posting = [asyncio.create_task(post(creditor)) for creditor in creditors]
            await until(lambda: _are_at_work(kernel_engine, api))
            for task in posting:
                task.cancel()
            await asyncio.gather(*posting, return_exceptions=True)
        await until(lambda: is_at_rest(kernel_engine, api))
        done = await scalar(kernel_engine, written, creditors)
        assert done > 0  # to hang up cancels no transaction that has begun
        answers = [await post(creditor) for creditor in creditors]
        assert {answer.status_code for answer in answers} == {201}
        assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == done
        assert await scalar(kernel_engine, written, creditors) == len(creditors)
    await until(lambda: is_at_rest(kernel_engine, api))
    assert await scalar(kernel_engine, _HELD, api.name) <= POOL


async def _are_at_work(engine: AsyncEngine, api: Process) -> bool:
    return await scalar(engine, _WAITING, api.name) > 0


@BOTH
async def test_fifty_requests_with_one_key_on_two_processes_have_one_effect_and_one_answer(
    service_database: GetDatabase, kernel_engine: AsyncEngine, issuer: Issuer, bearer: dict[str, str], path: str
) -> None:
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(process(service_database, issuer)) for _ in range(2)]
        clients = [await stack.enter_async_context(many_connections(api.url, bearer)) for api in apis]
        for _ in range(2):
            creditor, key = uuid4(), {"Idempotency-Key": str(uuid4())}
            answers = await asyncio.gather(
                *(clients[n % 2].post(path, json=pair(creditor), headers=key) for n in range(50))
            )
            told = Counter(answer.status_code for answer in answers)
            assert set(told) <= {201, 409}
            done = [answer for answer in answers if answer.status_code == 201]
            assert {answer.content for answer in done} == {b'{"order":"first","value":5}'}
            assert sum("Idempotency-Replayed" not in answer.headers for answer in done) == 1
            assert await rows_of(kernel_engine, creditor) == 1
            for client in clients:
                other = await client.post(path, json=pair(creditor, "other"), headers=key)
                assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
