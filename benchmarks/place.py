"""Where a benchmark runs: a PostgreSQL of its own, durable as in production, and fresh databases for each round.

Every round begins from a copy of the same prepared database, so that no side inherits what another has written.
Kafka and the token issuer are started when a case first asks for them.
"""

import asyncio
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

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
from deploy.local.ports import LOOPBACK, accepts, free_port
from deploy.local.postgres import Postgres
from deploy.local.process import Child, ProcessSpec
from shared.db.engine import engine_for
from shared.db.migrations import migrate
from shared.db.revision import scripts_of

Fill = Callable[[AsyncEngine], Awaitable[None]]
_ROOT = Path(__file__).resolve().parents[1]
_READY_SECONDS = 180


class Place:
    """The servers of a run. `prepared` makes a filled database, `copy` a fresh copy of it."""

    def __init__(self, server: Postgres, directory: Path) -> None:
        self.server = server
        self.directory = directory
        self._credentials_path = directory / "credentials.json"
        self._kafka: Kafka | None = None
        self._issuer: Issuer | None = None

    async def prepared(self, service: str, fill: Fill, *, is_relayed: bool = True) -> str:
        """Migrate a new database of `service`, fill it, bring its statistics up to date; return its name.

        `is_relayed`: what filling it has published is gone, as after the relay.
        """
        name = f"{service}_{secrets.token_hex(4)}"
        credentials = Credentials.load(self._credentials_path, (service,))
        async with self.admin() as admin:
            await create_roles(admin, service, credentials)
            await admin.execute(f'CREATE DATABASE "{name}" OWNER "{owner_role(service)}"')
            await restrict_database(admin, service, name)
        async with self.admin(name) as admin:
            await grant_rows(admin, service)
        await migrate(scripts_of(service), self.address(service, name).owner_dsn, service_role=service)
        async with self.engine(service, name) as engine:
            await fill(engine)
        async with self.admin(name) as admin:
            if is_relayed:
                await admin.execute("DELETE FROM outbox")
            await admin.execute("VACUUM ANALYZE")
        return name

    @asynccontextmanager
    async def copy(self, service: str, prepared: str) -> AsyncIterator[AsyncEngine]:
        """A pool on a copy of a prepared database, with the rights of the service; gone afterwards."""
        name = f"{service}_{secrets.token_hex(4)}"
        async with self.admin() as admin:
            await admin.execute(
                f'CREATE DATABASE "{name}" TEMPLATE "{prepared}" OWNER "{owner_role(service)}" STRATEGY FILE_COPY'
            )
            await restrict_database(admin, service, name)
        try:
            async with self.engine(service, name) as engine:
                async with self.admin() as admin:
                    await admin.execute("CHECKPOINT")  # what went before is not written during the measurement
                yield engine
        finally:
            await self.drop(name)

    @asynccontextmanager
    async def without_indexes(self, name: str, tables: Sequence[str]) -> AsyncIterator[None]:
        """Take the indexes of tables away while many rows are added, all but those of primary keys."""
        async with self.admin(name) as admin:
            rows = await admin.fetch(
                "SELECT i.indexname, i.indexdef FROM pg_indexes i JOIN pg_class c ON c.relname = i.indexname"
                " JOIN pg_index x ON x.indexrelid = c.oid WHERE i.tablename = ANY($1::text[]) AND NOT x.indisprimary"
                " AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)",
                list(tables),
            )
            for row in rows:
                await admin.execute(f'DROP INDEX "{row["indexname"]}"')
            yield
            for row in rows:
                await admin.execute(row["indexdef"])
            await admin.execute("VACUUM ANALYZE")

    async def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        async with self.admin() as admin:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def address(self, service: str, name: str) -> ServiceDatabase:
        """How to reach a database as its owner and as its service."""
        return Credentials.load(self._credentials_path, (service,)).database(service, self.server.port, name)

    @asynccontextmanager
    async def engine(self, service: str, name: str) -> AsyncIterator[AsyncEngine]:
        """A pool on a database, with the rights of the service."""
        address = self.address(service, name)
        engine = engine_for(address.service_dsn, application_name="benchmark", statement_timeout_ms=3_600_000)
        try:
            yield engine
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def admin(self, name: str = "postgres") -> AsyncIterator[asyncpg.Connection]:
        """A connection of the superuser."""
        connection = await asyncpg.connect(self.server.admin_dsn.removesuffix("/postgres") + f"/{name}")
        try:
            yield connection
        finally:
            await connection.close()

    @property
    def kafka(self) -> Kafka:
        """The broker, with the settings of the local stack, as one that lives for weeks."""
        if self._kafka is None:
            broker = Kafka(self.directory / "kafka", free_port(), free_port(), is_short_lived=False)
            broker.start()
            self._kafka = broker
        return self._kafka

    @property
    def issuer(self) -> Issuer:
        """Who signs the tokens, with its JWKS endpoint."""
        if self._issuer is None:
            keys = self.directory / "keys"
            keys.mkdir()
            self._issuer = Issuer(keys, free_port())
            self._issuer.start()
        return self._issuer

    def environment(self, service: str, database: str, port: int) -> dict[str, str]:
        """The settings of a process of a service, as the local stack gives them. Kafka is named if it runs."""
        values = {
            "DATABASE_URL": self.address(service, database).service_dsn,
            "KAFKA_BOOTSTRAP_SERVERS": self._kafka.bootstrap_servers if self._kafka else f"{LOOPBACK}:1",
            "JWKS_URL": self.issuer.jwks_url,
            "JWT_ISSUER": self.issuer.url,
            "HOST": LOOPBACK,
            "PORT": str(port),
        }
        return {f"{service.upper()}_{name}": value for name, value in values.items()}

    @asynccontextmanager
    async def process(
        self, name: str, *module: str, port: int, environment: Mapping[str, str] | None = None
    ) -> AsyncIterator[Child]:
        """A Python process of its own that listens on `port`; it has ended afterwards. Its log is in the directory."""
        spec = ProcessSpec(
            name=name,
            argv=(sys.executable, "-m", *module),
            env=environment or {},
            cwd=_ROOT,
            ready=lambda: accepts(port),
            ready_seconds=_READY_SECONDS,
        )
        child = Child(spec, self.directory / "logs" / f"{name}.log", self.directory)
        try:
            await asyncio.to_thread(child.wait_ready)
            yield child
        finally:
            await asyncio.to_thread(child.stop)

    def stop(self) -> None:
        """Stop what was started on the way."""
        if self._kafka is not None:
            self._kafka.stop()
        if self._issuer is not None:
            self._issuer.stop()


@asynccontextmanager
async def open_place() -> AsyncIterator[Place]:
    """Start the server, with the settings of the local stack (fsync is on), and remove it with its data at the end."""
    directory = Path(tempfile.mkdtemp(prefix="arrears-bench-"))
    server = Postgres(directory / "postgres", free_port())
    place = Place(server, directory)
    try:
        server.start()
        yield place
    finally:
        place.stop()
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
