"""A process whose database was not migrated for its release refuses to serve, and says what to run."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from deploy.local.kafka import Kafka
from deploy.local.ports import free_port
from services.accounts.app import create_api
from services.accounts.settings import AccountsSettings
from tests.conftest import GetDatabase


@pytest_asyncio.fixture
async def owner(service_database: GetDatabase) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the database of accounts, whose revision is put back at the end."""
    connection = await asyncpg.connect((await service_database("accounts")).owner_dsn)
    head = await connection.fetchval("SELECT version_num FROM alembic_version")
    try:
        yield connection
    finally:
        await connection.execute("UPDATE alembic_version SET version_num = $1", head)
        await connection.close()


@pytest_asyncio.fixture
async def settings(service_database: GetDatabase, issuer: Issuer, kafka: Kafka) -> AccountsSettings:
    """Settings of accounts on the database of this module."""
    return AccountsSettings(
        database_url=(await service_database("accounts")).service_dsn,
        kafka_bootstrap_servers=kafka.bootstrap_servers,
        jwks_url=issuer.jwks_url,
        jwt_issuer=issuer.url,
    )


async def _readiness(settings: AccountsSettings) -> httpx.Response:
    app = create_api(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://accounts") as client,
    ):
        return await client.get("/readyz")


async def test_an_api_before_its_migrations_is_not_ready_and_says_why(
    settings: AccountsSettings, owner: asyncpg.Connection
) -> None:
    assert (await _readiness(settings)).status_code == 200
    await owner.execute("UPDATE alembic_version SET version_num = '0001'")
    answer = await _readiness(settings)
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "jwks": True, "migrations": False}
    assert "at revision 0001" in answer.json()["reasons"]["migrations"]
    assert "run `migrate`" in answer.json()["reasons"]["migrations"]


async def test_an_api_behind_its_database_serves_on(settings: AccountsSettings, owner: asyncpg.Connection) -> None:
    await owner.execute("UPDATE alembic_version SET version_num = 'of the next release'")
    assert (await _readiness(settings)).status_code == 200


@pytest.mark.parametrize("revision", ["0001", None])
async def test_a_worker_before_its_migrations_ends_and_names_the_command(
    settings: AccountsSettings, owner: asyncpg.Connection, revision: str | None
) -> None:
    head = await owner.fetchval("SELECT version_num FROM alembic_version")
    if revision is None:
        await owner.execute("DELETE FROM alembic_version")
    else:
        await owner.execute("UPDATE alembic_version SET version_num = $1", revision)
    environment = {
        "ACCOUNTS_DATABASE_URL": settings.database_url.get_secret_value(),
        "ACCOUNTS_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "ACCOUNTS_JWKS_URL": settings.jwks_url,
        "ACCOUNTS_JWT_ISSUER": settings.jwt_issuer,
        "ACCOUNTS_PORT": str(free_port()),
    }
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.accounts", "worker"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await asyncio.wait_for(worker.communicate(), 60)
    finally:
        if worker.returncode is None:
            worker.kill()
    assert worker.returncode == 2
    assert f"the database is at revision {revision}, this release needs {head}: run `migrate`" in said.decode()
    if revision is None:
        await owner.execute("INSERT INTO alembic_version VALUES ($1)", head)
