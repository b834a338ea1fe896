"""What tests run on: the real PostgreSQL, the real Kafka broker and a real token issuer, each started when first used.

All of it lives in a folder of its own on free ports, so a running local stack is left alone. With `REQUIRE_INFRA=1`
a part that cannot start fails the tests that need it; without, they are skipped with the reason.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import NoReturn

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local import ports
from deploy.local.databases import (
    Credentials,
    ServiceDatabase,
    create_roles,
    grant_rows,
    owner_role,
    restrict_database,
)
from deploy.local.issuer import Issuer
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from shared.db.engine import engine_for
from shared.db.migrations import migrate
from shared.db.revision import scripts_of
from shared.db.testing import TemplateDatabase
from tests.reaper import guard

settings.register_profile("arrears", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("arrears")  # a property holds on a busy machine too

_WORKER, _WORKERS = (
    int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]),
    int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")),
)
_PART = len(ports.SPAN) // _WORKERS
ports.SPAN = ports.SPAN[_WORKER * _PART : (_WORKER + 1) * _PART]  # what runs beside takes ports of its own

KERNEL = "kernel"
"""A service without a domain: only the tables that every service has, and some to try set-based SQL on."""

_KERNEL_SCRIPTS = Path(__file__).parent / "integration" / "db" / "migrations"
_TEST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}

GetDatabase = Callable[[str], Awaitable[ServiceDatabase]]
GetEngine = Callable[[str], Awaitable[AsyncEngine]]


def _unavailable(what: str, error: Exception) -> NoReturn:
    reason = f"{what} cannot be started: {type(error).__name__}: {error}"
    if os.environ.get("REQUIRE_INFRA") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def infra_dir() -> Iterator[Path]:
    """A folder for servers, in the system's temporary folder, gone at the end, with its servers, even after a kill."""
    path = Path(tempfile.mkdtemp(prefix="arrears-tests-"))
    with guard(path) as reaper:
        yield path
        assert reaper.stdin is not None
        reaper.stdin.close()


@pytest.fixture(scope="session")
def postgres(infra_dir: Path) -> Iterator[Postgres]:
    """The embedded PostgreSQL on a free port. Safe against nothing: a test server need not survive a power cut."""
    server = Postgres(infra_dir / "postgres", ports.free_port(), settings=_TEST_SETTINGS)
    try:
        server.start()
    except Exception as error:  # noqa: BLE001 - whatever the reason, it is reported as one
        _unavailable("PostgreSQL", error)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def kafka(infra_dir: Path) -> Iterator[Kafka]:
    """The real broker on free ports. Topics are the tests' own business: use fresh names or partitions."""
    broker = Kafka(infra_dir / "kafka", ports.free_port(), ports.free_port(), heap="512m")
    try:
        broker.start()
    except Exception as error:  # noqa: BLE001 - as above
        _unavailable("Kafka", error)
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def issuer(infra_dir: Path) -> Iterator[Issuer]:
    """The development token issuer, with its JWKS endpoint, in a thread of this process."""
    keys = infra_dir / "issuer"
    keys.mkdir()
    server = Issuer(keys, ports.free_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Templates:
    """One migrated template per service, built when a test first asks for it."""

    def __init__(self, server: Postgres, directory: Path) -> None:
        self._server = server
        self._credentials_path = directory / "credentials.json"
        self._templates: dict[str, TemplateDatabase] = {}
        self._building = asyncio.Lock()

    def address(self, service: str, database: str) -> ServiceDatabase:
        credentials = Credentials.load(self._credentials_path, (service,))
        return credentials.database(service, self._server.port, database)

    async def of(self, service: str) -> TemplateDatabase:
        async with self._building:
            if service not in self._templates:
                self._templates[service] = await self._build(service)
            return self._templates[service]

    async def _build(self, service: str) -> TemplateDatabase:
        admin = await asyncpg.connect(self._server.admin_dsn)
        try:
            await create_roles(admin, service, Credentials.load(self._credentials_path, (service,)))
        finally:
            await admin.close()

        async def open_to(name: str) -> None:
            connection = await asyncpg.connect(self._server.admin_dsn)
            try:
                await restrict_database(connection, service, name)
            finally:
                await connection.close()

        async def prepare(name: str) -> None:
            connection = await asyncpg.connect(self._server.admin_dsn.removesuffix("/postgres") + f"/{name}")
            try:
                await grant_rows(connection, service)
            finally:
                await connection.close()
            scripts = _KERNEL_SCRIPTS if service == KERNEL else scripts_of(service)
            await migrate(scripts, self.address(service, name).owner_dsn, service_role=service)

        template = TemplateDatabase(
            self._server.admin_dsn, service, owner_role(service), prepare=prepare, open_to=open_to
        )
        await template.build()
        return template


@pytest_asyncio.fixture(scope="session")
async def _templates(postgres: Postgres, infra_dir: Path) -> _Templates:
    return _Templates(postgres, infra_dir)


@pytest_asyncio.fixture(scope="module")
async def service_database(_templates: _Templates) -> AsyncIterator[GetDatabase]:
    """A fresh migrated database for each test module; awaited with the name of the service."""
    made: dict[str, ServiceDatabase] = {}

    async def get(service: str) -> ServiceDatabase:
        if service not in made:
            name = await (await _templates.of(service)).copy()
            made[service] = _templates.address(service, name)
        return made[service]

    yield get
    for service, database in made.items():
        await (await _templates.of(service)).drop(database.name)


@pytest_asyncio.fixture(scope="module")
async def service_engine(service_database: GetDatabase) -> AsyncIterator[GetEngine]:
    """A pool on the module's database, with the rights of the service; awaited with its name."""
    engines: dict[str, AsyncEngine] = {}

    async def get(service: str) -> AsyncEngine:
        if service not in engines:
            database = await service_database(service)
            engines[service] = engine_for(database.service_dsn, application_name=f"test {service}", pool_size=16)
        return engines[service]

    yield get
    for engine in engines.values():
        await engine.dispose()


@pytest_asyncio.fixture(scope="module")
async def kernel_engine(service_engine: GetEngine) -> AsyncEngine:
    """A pool on a database that has only what `shared` gives to every service."""
    return await service_engine(KERNEL)
