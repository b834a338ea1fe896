"""A transaction is one thing on the server, whichever of its two paths is used, and ends with its block."""

import asyncio
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import FixedClock
from shared.db.engine import check_database, connect_directly
from shared.db.failures import is_transient, sqlstate
from shared.db.locks import lock
from shared.db.sets import insert_rows
from shared.db.transaction import Context, EmitError, open_transaction
from shared.events.accounts import BusinessDateAdvanced, WorkItemEscalated
from shared.ids import new_id
from tests.integration.db.specimen import MESSAGING, Pair

CLOCK = FixedClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


def _advanced(creditor: UUID, day: int = 2) -> BusinessDateAdvanced:
    return BusinessDateAdvanced(creditor_id=creditor, business_date=date(2026, 3, day), previous=None)


async def _events(engine: AsyncEngine, key: UUID) -> list[asyncpg.Record]:
    async with open_transaction(engine, CLOCK) as tx:
        return await tx.fetch("SELECT * FROM outbox WHERE key = $1 ORDER BY id", str(key))


async def test_the_server_is_as_the_design_needs_it(kernel_engine: AsyncEngine) -> None:
    await check_database(kernel_engine)


async def test_it_has_begun_on_the_server_before_its_first_statement(kernel_engine: AsyncEngine) -> None:
    async with open_transaction(kernel_engine, CLOCK) as tx:
        assert tx.driver.is_in_transaction()
        first = await tx.fetchval("SELECT pg_current_xact_id()")
        assert await tx.fetchval("SELECT pg_current_xact_id()") == first
        assert (await tx.conn.execute(text("SELECT pg_current_xact_id()"))).scalar_one() == first
        assert await tx.fetchval("SHOW transaction_isolation") == "read committed"


async def test_both_paths_see_each_others_writes_and_roll_back_together(kernel_engine: AsyncEngine) -> None:
    creditor = uuid4()
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await insert_rows(tx, Pair, [{"creditor_id": creditor, "order": "native", "value": 1}])
        await tx.conn.execute(text("INSERT INTO pair (creditor_id, \"order\") VALUES (:c, 'core')"), {"c": creditor})
        count = select(func.count()).select_from(Pair).where(Pair.creditor_id == creditor)  # type: ignore[arg-type]
        assert (await tx.conn.execute(count)).scalar_one() == 2
        assert await tx.fetchval("SELECT count(*) FROM pair WHERE creditor_id = $1", creditor) == 2
    async with open_transaction(kernel_engine, CLOCK) as tx:
        assert await tx.fetchval("SELECT count(*) FROM pair WHERE creditor_id = $1", creditor) == 0


async def test_what_is_not_committed_is_rolled_back_with_its_events(kernel_engine: AsyncEngine) -> None:
    creditor = uuid4()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block of the transaction is what is tried
        async with open_transaction(kernel_engine, CLOCK) as tx:
            tx.emit("business_date.advanced", _advanced(creditor), version=1)
            await tx.flush_events()
            raise ZeroDivisionError
    assert await _events(kernel_engine, creditor) == []


async def test_commit_writes_state_and_events_together_and_then_runs_the_hooks(kernel_engine: AsyncEngine) -> None:
    creditor, correlation, cause = uuid4(), uuid4(), uuid4()
    seen: list[object] = []

    async def look() -> None:
        seen.append(len(await _events(kernel_engine, creditor)))

    def fail() -> None:
        seen.append("failed")
        raise RuntimeError("a hook may fail; the commit stands")

    context = Context(correlation_id=correlation, traceparent="00-aa-bb-01")
    async with open_transaction(kernel_engine, CLOCK, context=context) as tx:
        tx.causes[cause] = Context(correlation_id=cause, traceparent="00-cc-dd-01")
        first = tx.emit("business_date.advanced", _advanced(creditor), version=7)
        second = tx.emit("business_date.advanced", _advanced(creditor, 3), version=8, causation=cause)
        tx.after_commit(fail)
        tx.after_commit(look)
        assert await _events(kernel_engine, creditor) == []
        await tx.commit()
        assert seen == ["failed", 2]
    rows = await _events(kernel_engine, creditor)
    assert [row["event_id"] for row in rows] == [first, second]
    assert [row["aggregate_version"] for row in rows] == [7, 8]
    assert [row["correlation_id"] for row in rows] == [correlation, cause]
    assert [row["causation_id"] for row in rows] == [None, cause]
    assert [row["traceparent"] for row in rows] == ["00-aa-bb-01", "00-cc-dd-01"]
    assert {row["creditor_id"] for row in rows} == {creditor}
    assert {(row["type"], row["source"], row["time"]) for row in rows} == {
        ("business_date.advanced.v1", "/accounts", CLOCK.now())
    }
    assert BusinessDateAdvanced.model_validate_json(rows[1]["body"]) == _advanced(creditor, 3)


async def test_the_outbox_keeps_the_order_of_a_large_batch(kernel_engine: AsyncEngine) -> None:
    creditor = uuid4()
    async with open_transaction(kernel_engine, CLOCK) as tx:
        emitted = [tx.emit("business_date.advanced", _advanced(creditor), version=n) for n in range(2000)]
        await tx.commit()
    assert [row["event_id"] for row in await _events(kernel_engine, creditor)] == emitted


async def test_an_event_that_its_topic_does_not_allow_is_refused(kernel_engine: AsyncEngine) -> None:
    payload = _advanced(uuid4())
    fact = WorkItemEscalated(
        creditor_id=uuid4(),
        account_id=uuid4(),
        work_item_id=uuid4(),
        queue="early_stage",
        escalated_by="someone",
        reason="a reason",
    )
    async with open_transaction(kernel_engine, CLOCK) as tx:
        with pytest.raises(EmitError, match="no topic"):
            tx.emit("business_date.moved", payload, version=1)
        with pytest.raises(EmitError, match="no topic"):
            tx.emit("core.payment.received", payload)
        with pytest.raises(EmitError, match="carries"):
            tx.emit("creditor.updated", payload, version=1)
        with pytest.raises(EmitError, match="missing"):
            tx.emit("business_date.advanced", payload)
        with pytest.raises(EmitError, match="no part"):
            tx.emit("work_item.escalated", fact, version=1)
        assert tx.events == []


async def test_a_cancelled_transaction_gives_back_its_connection_and_its_locks(kernel_engine: AsyncEngine) -> None:
    account = new_id()
    inside = asyncio.Event()

    async def hold() -> None:
        async with open_transaction(kernel_engine, CLOCK) as tx:
            await lock(tx, accounts=[account])
            inside.set()
            await tx.fetchval("SELECT pg_sleep(60)")

    for _ in range(40):  # more often than the pool has connections
        inside.clear()
        task = asyncio.create_task(hold())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with open_transaction(kernel_engine, CLOCK) as tx:
            await lock(tx, accounts=[account])
            assert await tx.fetchval("SELECT 1") == 1
    pool = kernel_engine.sync_engine.pool
    assert pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_broken_connection_is_a_transient_failure_and_the_next_transaction_works(
    kernel_engine: AsyncEngine,
) -> None:
    killer = await connect_directly(kernel_engine, application_name="killer")
    try:
        with pytest.raises(Exception) as caught:  # noqa: PT011, PT012 - which one depends on the moment
            async with open_transaction(kernel_engine, CLOCK) as tx:
                await killer.execute("SELECT pg_terminate_backend($1)", tx.driver.get_server_pid())
                await tx.fetchval("SELECT 1")
                await tx.fetchval("SELECT 2")
        assert is_transient(caught.value), caught.value
        async with open_transaction(kernel_engine, CLOCK) as tx:
            assert await tx.fetchval("SELECT 1") == 1
    finally:
        await killer.close()


async def test_a_restart_of_the_server_costs_each_pooled_connection_one_transaction_at_most(
    kernel_engine: AsyncEngine,
) -> None:
    async def work(_: int) -> object:
        async with open_transaction(kernel_engine, CLOCK) as tx:
            return await tx.fetchval("SELECT pg_sleep(0.02) IS NOT NULL")

    assert await asyncio.gather(*map(work, range(16))) == [True] * 16  # the whole pool is connected
    killer = await connect_directly(kernel_engine, application_name="killer")
    try:
        ended = await killer.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'test kernel'"
        )
    finally:
        await killer.close()
    assert ended == 16
    results = await asyncio.gather(*map(work, range(64)), return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    assert len(failures) <= 16
    assert all(map(is_transient, failures))
    assert await asyncio.gather(*map(work, range(64))) == [True] * 64
    assert kernel_engine.sync_engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_broken_rule_is_not_transient_on_either_path(kernel_engine: AsyncEngine) -> None:
    row = {"creditor_id": uuid4(), "order": "twice"}
    async with open_transaction(kernel_engine, CLOCK) as tx:
        with pytest.raises(asyncpg.UniqueViolationError) as native:
            await insert_rows(tx, Pair, [row, row])
    async with open_transaction(kernel_engine, CLOCK) as tx:
        with pytest.raises(asyncpg.DataError) as wrong_call:
            await tx.fetchval("SELECT $1::int", "no number")
        with pytest.raises(asyncpg.InterfaceError) as too_many:
            await tx.fetchval("SELECT $1::int", 1, 2)
        with pytest.raises(Exception) as core:  # noqa: PT011 - SQLAlchemy's wrapper
            await tx.conn.execute(text("SELECT 1/0"))
    assert (sqlstate(native.value), is_transient(native.value)) == ("23505", False)
    assert not is_transient(wrong_call.value)
    assert not is_transient(too_many.value)
    assert (sqlstate(core.value), is_transient(core.value)) == ("22012", False)


async def test_json_is_python_on_both_paths_and_null_stays_null(kernel_engine: AsyncEngine) -> None:
    job_id = new_id()
    params = {"ids": [str(job_id)], "n": 3, "text": 'ä"\\', "nothing": None}
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await tx.execute(
            "INSERT INTO job (job_id, kind, params, dedupe_key) VALUES ($1, 'json', $2, $3)", job_id, params, "json"
        )
        row = await tx.fetchrow("SELECT params, cursor FROM job WHERE job_id = $1", job_id)
        assert (row["params"], row["cursor"]) == (params, None)
        job = MESSAGING.job
        await tx.conn.execute(job.update().where(job.c.job_id == job_id).values(progress={"done": [1]}, cursor=None))
        core = (await tx.conn.execute(select(job.c.params, job.c.progress, job.c.cursor))).one()
        assert (core.params, core.progress, core.cursor) == (params, {"done": [1]}, None)
        assert await tx.fetchval("SELECT cursor IS NULL FROM job WHERE job_id = $1", job_id)
