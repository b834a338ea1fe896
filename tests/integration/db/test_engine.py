"""A pool and a direct connection speak alike, and a server that is set up otherwise is refused at the start."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import SystemClock
from shared.db import engine as engine_module
from shared.db.engine import DatabaseSetupError, check_database, connect_directly, create_engine, engine_for
from shared.db.transaction import open_transaction
from shared.settings import ServiceSettings
from tests.conftest import KERNEL, GetDatabase


async def test_a_direct_connection_goes_past_the_pooler(service_database: GetDatabase) -> None:
    behind_a_pooler = engine_for(
        "postgresql://nobody@pooler.invalid/none", direct_url=(await service_database(KERNEL)).service_dsn
    )
    connection = await connect_directly(behind_a_pooler, application_name="direct")
    try:
        assert await connection.fetchval("SELECT current_user") == KERNEL
        assert await connection.fetchval("SELECT '{\"a\": [1]}'::jsonb") == {"a": [1]}
        assert await connection.fetchval("SHOW lock_timeout") == "0"
    finally:
        await connection.close()


async def test_settings_reach_the_server(service_database: GetDatabase) -> None:
    settings = ServiceSettings(
        database_url=(await service_database(KERNEL)).service_dsn,
        kafka_bootstrap_servers="unused:1",
        jwks_url="http://unused",
        jwt_issuer="http://unused",
        lock_timeout_ms=1234,
        statement_timeout_ms=5678,
        idle_in_transaction_timeout_ms=9012,
        pool_size=1,
        pool_timeout_s=0.05,
    )
    engine = create_engine(settings, application_name="a name")
    try:
        async with open_transaction(engine, SystemClock()) as tx:
            shown = {
                name: await tx.fetchval(f"SHOW {name}")
                for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "timezone")
            }
            assert await tx.fetchval("SHOW application_name") == "a name"
            with pytest.raises(Exception, match="QueuePool limit"):
                await engine.connect()
    finally:
        await engine.dispose()
    assert list(shown.values()) == ["1234ms", "5678ms", "9012ms", "UTC"]


async def test_a_server_with_room_for_few_locks_is_refused(
    kernel_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "MIN_LOCKS_PER_TRANSACTION", 100_000)
    with pytest.raises(DatabaseSetupError, match="max_locks_per_transaction is 256"):
        await check_database(kernel_engine)


async def test_a_pool_on_another_isolation_is_refused(kernel_engine: AsyncEngine) -> None:
    stricter = kernel_engine.execution_options(isolation_level="SERIALIZABLE")
    with pytest.raises(DatabaseSetupError, match="serializable"):
        await check_database(stricter)


async def test_a_statement_is_prepared_once_on_a_connection(kernel_engine: AsyncEngine) -> None:
    sql = f"SELECT $1::int + 1 AS {'n' + uuid4().hex}"
    async with open_transaction(kernel_engine, SystemClock()) as tx:
        for n in range(5):
            assert await tx.fetchval(sql, n) == n + 1
        prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement = :sql"
        assert (await tx.conn.execute(text(prepared), {"sql": sql})).scalar_one() == 1
