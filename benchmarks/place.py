"""Where a benchmark runs: a PostgreSQL of its own, durable as in production, and fresh databases for each round.

Every round begins from a copy of the same prepared database, so that no side inherits what another has written.
"""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.databases import Credentials, create_roles, grant_rows, owner_role, restrict_database
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared.db.engine import engine_for
from shared.db.migrations import migrate, scripts_of

Fill = Callable[[AsyncEngine], Awaitable[None]]


class Place:
    """The server of a run. `prepared` makes a filled database, `copy` a fresh copy of it."""

    def __init__(self, server: Postgres, directory: Path) -> None:
        self._server = server
        self._credentials_path = directory / "credentials.json"

    async def prepared(self, service: str, fill: Fill) -> str:
        """Migrate a new database of `service`, fill it, bring its statistics up to date; return its name."""
        name = f"{service}_{secrets.token_hex(4)}"
        credentials = Credentials.load(self._credentials_path, (service,))
        async with self.admin() as admin:
            await create_roles(admin, service, credentials)
            await admin.execute(f'CREATE DATABASE "{name}" OWNER "{owner_role(service)}"')
            await restrict_database(admin, service, name)
        async with self.admin(name) as admin:
            await grant_rows(admin, service)
        address = credentials.database(service, self._server.port, name)
        await migrate(scripts_of(service), address.owner_dsn, service_role=service)
        async with self.engine(service, name) as engine:
            await fill(engine)
        async with self.admin(name) as admin:
            await admin.execute("DELETE FROM outbox")  # as the relay would
            await admin.execute("VACUUM ANALYZE")
        return name

    @asynccontextmanager
    async def copy(self, service: str, prepared: str) -> AsyncIterator[AsyncEngine]:
        """A pool on a copy of a prepared database, with the rights of the service; gone afterwards."""
        name = f"{service}_{secrets.token_hex(4)}"
        async with self.admin() as admin:
            await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{prepared}" OWNER "{owner_role(service)}"')
            await restrict_database(admin, service, name)
        try:
            async with self.engine(service, name) as engine:
                async with self.admin() as admin:
                    await admin.execute("CHECKPOINT")  # what went before is not written during the measurement
                yield engine
        finally:
            async with self.admin() as admin:
                await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @asynccontextmanager
    async def engine(self, service: str, name: str) -> AsyncIterator[AsyncEngine]:
        """A pool on a database, with the rights of the service."""
        credentials = Credentials.load(self._credentials_path, (service,))
        address = credentials.database(service, self._server.port, name)
        engine = engine_for(address.service_dsn, application_name="benchmark", statement_timeout_ms=600_000)
        try:
            yield engine
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def admin(self, name: str = "postgres") -> AsyncIterator[asyncpg.Connection]:
        """A connection of the superuser."""
        connection = await asyncpg.connect(self._server.admin_dsn.removesuffix("/postgres") + f"/{name}")
        try:
            yield connection
        finally:
            await connection.close()


@asynccontextmanager
async def open_place() -> AsyncIterator[Place]:
    """Start the server, with the settings of the local stack (fsync is on), and remove it with its data at the end."""
    directory = Path(tempfile.mkdtemp(prefix="arrears-bench-"))
    server = Postgres(directory / "postgres", free_port())
    try:
        server.start()
        yield Place(server, directory)
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
