"""One request is one transaction, whatever becomes of its client, its neighbours or the pool."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from deploy.local.issuer import Issuer
from shared.clock import SystemClock
from shared.db.engine import engine_for
from shared.db.locks import Locks
from shared.db.transaction import Context, Tx, open_transaction
from shared.errors import Problem, Refusal
from shared.http.auth import Principal
from shared.http.micro_batcher import MicroBatcher
from shared.http.problem import problem_for
from shared.http.request_context import set_context
from shared.http.server import Server
from shared.http.transaction import Edge
from shared.ids import new_id
from tests.conftest import KERNEL, GetDatabase
from tests.integration.http.sample_app import INSERT, NewPair, Pair, make_pairs, sample_app, settings_for

USER = Principal("user-1")


async def orders(engine: AsyncEngine, creditor: UUID) -> list[str]:
    async with open_transaction(engine, SystemClock()) as tx:
        rows = await tx.fetch('SELECT "order" FROM pair WHERE creditor_id = $1 ORDER BY position', creditor)
    return [row["order"] for row in rows]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - the pool has no event to wait for
            await asyncio.sleep(0.01)


def checked_out(engine: AsyncEngine) -> int:
    pool = engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


def insert(creditor: UUID, order: str) -> Callable[[Tx], Awaitable[str]]:
    async def work(tx: Tx) -> str:
        await tx.execute(INSERT, creditor, order, 1)
        return order

    return work


async def test_the_result_comes_after_the_commit(kernel_engine: AsyncEngine) -> None:
    edge, creditor = Edge(kernel_engine, SystemClock()), uuid4()

    assert await edge.run(insert(creditor, "a"), principal=USER) == "a"
    assert await orders(kernel_engine, creditor) == ["a"]


@pytest.mark.parametrize("refuses", [True, False])
async def test_a_refusal_or_an_error_rolls_back_what_was_written(kernel_engine: AsyncEngine, refuses: bool) -> None:
    edge, creditor = Edge(kernel_engine, SystemClock()), uuid4()

    async def work(tx: Tx) -> str | Refusal:
        await tx.execute(INSERT, creditor, "a", 1)
        if refuses:
            return Refusal("arrangement-open", "No.")
        raise ValueError("a defect")

    with pytest.raises((Problem, ValueError)):
        await edge.run(work, principal=USER)
    assert await orders(kernel_engine, creditor) == []


async def test_a_caller_that_is_cancelled_leaves_a_transaction_that_ends(kernel_engine: AsyncEngine) -> None:
    edge, creditor = Edge(kernel_engine, SystemClock()), uuid4()
    entered, leave = asyncio.Event(), asyncio.Event()

    async def work(tx: Tx) -> str:
        await tx.execute(INSERT, creditor, "a", 1)
        entered.set()
        await leave.wait()
        return "a"

    caller = asyncio.create_task(edge.run(work, principal=USER))
    await entered.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    leave.set()
    await edge.close()

    assert await orders(kernel_engine, creditor) == ["a"]
    assert checked_out(kernel_engine) == 0


async def test_a_hundred_cancelled_callers_leak_no_connection(kernel_engine: AsyncEngine) -> None:
    edge, creditor = Edge(kernel_engine, SystemClock()), uuid4()
    callers = [asyncio.create_task(edge.run(insert(creditor, f"{n}"), principal=USER)) for n in range(100)]
    for number, caller in enumerate(callers):
        if number % 3 == 0:
            await asyncio.sleep(0)
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    await edge.close()

    assert checked_out(kernel_engine) == 0
    async with open_transaction(kernel_engine, SystemClock()) as tx:
        idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        assert await tx.fetchval(idle) == 0


async def test_a_cancelled_read_leaks_no_connection(kernel_engine: AsyncEngine) -> None:
    edge = Edge(kernel_engine, SystemClock())
    readers = [asyncio.create_task(edge.read(lambda tx: tx.fetchval("SELECT pg_sleep(0.2)"))) for _ in range(10)]
    await asyncio.sleep(0.05)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)

    await until(lambda: _is_empty(kernel_engine))
    assert await edge.read(lambda tx: tx.fetchval("SELECT 1")) == 1


async def _is_empty(engine: AsyncEngine) -> bool:
    return checked_out(engine) == 0


async def test_an_exhausted_pool_is_503_and_recovers(
    service_database: GetDatabase, issuer: Issuer, bearer: dict[str, str]
) -> None:
    database = await service_database(KERNEL)
    engine = engine_for(database.service_dsn, pool_size=2, pool_timeout_s=0.2)
    app = sample_app(engine, settings_for(issuer.url, issuer.jwks_url))
    entered, leave = asyncio.Semaphore(0), asyncio.Event()

    async def hold(_tx: Tx) -> None:
        entered.release()
        await leave.wait()

    holding = [asyncio.create_task(app.state.edge.read(hold)) for _ in range(2)]
    for _ in holding:
        await entered.acquire()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=bearer) as client:
        body = {"creditor_id": str(uuid4()), "order": "a", "value": 1}
        answers = await asyncio.gather(
            *(client.post("/v1/batched-pairs", json=body) for _ in range(5)),
            *(client.post("/v1/pairs", json=body, headers={"Idempotency-Key": str(n)}) for n in range(5)),
            client.get(f"/v1/creditors/{uuid4()}/pairs"),
        )
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["code"] for answer in answers} == {"busy"}
        assert all(answer.headers["Retry-After"] for answer in answers)
        leave.set()
        await asyncio.gather(*holding)
        assert (await client.post("/v1/batched-pairs", json=body)).status_code == 201
    await app.state.edge.close()
    assert checked_out(engine) == 0
    await engine.dispose()


async def test_commands_that_arrive_together_are_one_transaction(kernel_engine: AsyncEngine) -> None:
    sizes: list[int] = []

    async def handler(tx: Tx, commands: Sequence[NewPair]) -> Sequence[Pair | Refusal]:
        sizes.append(len(commands))
        return await make_pairs(tx, commands)

    edge, creditor = Edge(kernel_engine, SystemClock()), uuid4()
    batcher = MicroBatcher(edge, handler, _locks)
    results = await asyncio.gather(*(batcher.submit(_pair(creditor, n), principal=USER) for n in range(300)))
    await edge.close()

    assert [result.order for result in results] == [f"{n:04}" for n in range(300)]
    assert max(sizes) == 128
    assert len(sizes) <= 5
    assert sorted(await orders(kernel_engine, creditor)) == [f"{n:04}" for n in range(300)]


async def test_while_a_batch_runs_the_next_gathers(kernel_engine: AsyncEngine) -> None:
    edge, begun, leave, sizes = Edge(kernel_engine, SystemClock()), asyncio.Event(), asyncio.Event(), list[int]()

    async def handler(_tx: Tx, commands: Sequence[int]) -> Sequence[int]:
        sizes.append(len(commands))
        begun.set()
        await leave.wait()
        return commands

    batcher = MicroBatcher(edge, handler, lambda _: Locks(), patience_ms=60_000)
    first = asyncio.create_task(batcher.submit(0, principal=USER))
    await begun.wait()
    others = [asyncio.create_task(batcher.submit(n, principal=USER)) for n in range(1, 21)]
    await asyncio.sleep(0)
    leave.set()
    assert await asyncio.gather(first, *others) == list(range(21))
    await edge.close()

    assert sizes == [1, 20]


async def test_a_batch_that_takes_long_does_not_hold_up_the_next(kernel_engine: AsyncEngine) -> None:
    edge, leave = Edge(kernel_engine, SystemClock()), asyncio.Event()

    async def handler(_tx: Tx, commands: Sequence[int]) -> Sequence[int]:
        if 0 in commands:
            await leave.wait()
        return commands

    batcher = MicroBatcher(edge, handler, lambda _: Locks(), max_batch=1, patience_ms=1)
    late = asyncio.create_task(batcher.submit(0, principal=USER))
    async with asyncio.timeout(10):
        assert [await batcher.submit(n, principal=USER) for n in range(1, 9)] == list(range(1, 9))
    assert not late.done()
    leave.set()
    assert await late == 0
    await edge.close()


async def test_each_command_of_a_batch_keeps_the_trace_of_its_request(kernel_engine: AsyncEngine) -> None:
    causes: dict[UUID, Context] = {}

    async def handler(tx: Tx, commands: Sequence[NewPair]) -> Sequence[Pair | Refusal]:
        causes.update(tx.causes)
        return await make_pairs(tx, commands)

    edge = Edge(kernel_engine, SystemClock())
    batcher = MicroBatcher(edge, handler, _locks)
    ids = [new_id() for _ in range(5)]

    async def request(number: int) -> None:
        set_context(Context(correlation_id=ids[number], traceparent=f"trace-{number}"))
        await batcher.submit(_pair(uuid4(), number), principal=Principal(f"user-{number}"))

    await asyncio.gather(*(asyncio.create_task(request(number)) for number in range(5)))
    await edge.close()

    for number, correlation_id in enumerate(ids):
        assert causes[correlation_id].traceparent == f"trace-{number}"
        assert causes[correlation_id].subject == f"user-{number}"


async def test_a_command_that_the_database_refuses_fails_alone(kernel_engine: AsyncEngine) -> None:
    edge, creditor = Edge(kernel_engine, SystemClock()), uuid4()
    batcher = MicroBatcher(edge, make_pairs, _locks)
    await batcher.submit(_pair(creditor, 7), principal=USER)
    outcomes: list[Any] = await asyncio.gather(
        *(batcher.submit(_pair(creditor, n), principal=USER) for n in range(40)),
        batcher.submit(_pair(creditor, 99, value=2**65), principal=USER),
        return_exceptions=True,
    )
    await edge.close()

    failed = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)]
    assert failed == [7, 40]
    assert sorted(await orders(kernel_engine, creditor)) == [f"{n:04}" for n in range(40)]


async def test_a_refused_command_of_a_batch_answers_its_caller_alone(kernel_engine: AsyncEngine) -> None:
    edge, creditor = Edge(kernel_engine, SystemClock()), uuid4()
    batcher = MicroBatcher(edge, make_pairs, _locks)
    values = [13 if n % 4 == 0 else 1 for n in range(20)]
    outcomes = await asyncio.gather(
        *(batcher.submit(_pair(creditor, n, value=value), principal=USER) for n, value in enumerate(values)),
        return_exceptions=True,
    )
    await edge.close()

    assert [isinstance(outcome, Problem) for outcome in outcomes] == [value == 13 for value in values]
    assert len(await orders(kernel_engine, creditor)) == 15


async def test_a_full_queue_is_503_at_once(kernel_engine: AsyncEngine) -> None:
    edge, leave = Edge(kernel_engine, SystemClock()), asyncio.Event()

    async def handler(_tx: Tx, commands: Sequence[int]) -> Sequence[int]:
        await leave.wait()
        return commands

    batcher = MicroBatcher(edge, handler, lambda _: Locks(), max_batch=1, max_queue=5, writers=1)
    waiting = [asyncio.create_task(batcher.submit(n, principal=USER)) for n in range(12)]
    async with asyncio.timeout(5):
        while sum(task.done() for task in waiting) < 6:  # noqa: ASYNC110 - any six of them
            await asyncio.sleep(0.01)
    leave.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    await edge.close()

    refused = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
    assert {problem.status for problem in refused} == {503}
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == list(range(12 - len(refused)))


async def test_a_closed_edge_takes_nothing_more(kernel_engine: AsyncEngine) -> None:
    edge = Edge(kernel_engine, SystemClock())
    batcher = MicroBatcher(edge, make_pairs, _locks)
    await edge.close()

    for asked in (edge.run(insert(uuid4(), "a"), principal=USER), batcher.submit(_pair(uuid4(), 1), principal=USER)):
        with pytest.raises(Problem) as caught:
            await asked
        assert caught.value.status == 503


async def test_a_database_that_goes_away_is_503_and_the_pool_recovers(kernel_engine: AsyncEngine) -> None:
    edge = Edge(kernel_engine, SystemClock())

    async def work(tx: Tx) -> None:
        await tx.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, the edge must call it 503
        await edge.run(work, principal=USER)
    assert problem_for(caught.value).status == 503
    assert await edge.run(insert(uuid4(), "a"), principal=USER) == "a"
    await edge.close()


async def test_a_client_that_hangs_up_in_the_middle_gets_the_truth_by_its_key(
    server: Server, url: str, bearer: dict[str, str], kernel_engine: AsyncEngine
) -> None:
    for number in range(20):
        creditor, key = uuid4(), str(uuid4())
        body = f'{{"creditor_id":"{creditor}","order":"a","value":1}}'.encode()
        head = (
            f"POST /v1/pairs HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer['Authorization']}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        _, writer = await asyncio.open_connection("127.0.0.1", server.servers[0].sockets[0].getsockname()[1])
        writer.write(head + body)
        await writer.drain()
        await asyncio.sleep(number / 2000)
        writer.transport.abort()

        async with httpx.AsyncClient(base_url=url, headers=bearer) as client:
            answer = await client.post(
                "/v1/pairs", content=body, headers={"Idempotency-Key": key, "Content-Type": "application/json"}
            )
        assert answer.status_code == 201
        assert await orders(kernel_engine, creditor) == ["a"]
    await until(lambda: _is_empty(kernel_engine))


def _pair(creditor: UUID, number: int, *, value: int = 1) -> NewPair:
    return NewPair(creditor_id=creditor, order=f"{number:04}", value=value)


def _locks(pair: NewPair) -> Locks:
    return Locks(accounts=frozenset({pair.creditor_id}))


async def test_an_answer_of_several_statements_shows_one_state(kernel_engine: AsyncEngine) -> None:
    edge, creditor = Edge(kernel_engine, SystemClock()), uuid4()
    count = "SELECT count(*) FROM pair WHERE creditor_id = $1"

    async def look_twice(tx: Tx) -> tuple[int, int]:
        before = await tx.fetchval(count, creditor)
        await edge.run(insert(creditor, "meanwhile"), principal=USER)
        return before, await tx.fetchval(count, creditor)

    assert await edge.read(look_twice) == (0, 0)
    assert await orders(kernel_engine, creditor) == ["meanwhile"]
