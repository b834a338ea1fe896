"""One database and two roles for each service: `<service>_owner` migrates, `<service>` only reads and writes rows.

Everything here may be repeated: what exists is kept, passwords and rights are set anew.
"""

import argparse
import asyncio
import os
import secrets
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from deploy.local.files import read_json, write_json


@dataclass(frozen=True)
class ServiceDatabase:
    """How to reach one service's database: as the role that migrates, and as the role that serves."""

    name: str
    owner_dsn: str
    service_dsn: str


@dataclass(frozen=True)
class Credentials:
    """The passwords of all roles of one data directory, kept in a file that only its owner may read."""

    passwords: Mapping[str, str]

    @classmethod
    def load(cls, path: Path, services: tuple[str, ...]) -> "Credentials":
        """Read them, making those that are missing."""
        known: dict[str, str] = read_json(path) or {}
        roles = [role for service in services for role in (owner_role(service), service)]
        missing = {role: secrets.token_urlsafe(24) for role in roles if role not in known}
        if missing:
            known |= missing
            write_json(path, known)
        return cls(known)

    @classmethod
    def from_environment(cls, services: tuple[str, ...]) -> "Credentials":
        """Take them from `<ROLE>_PASSWORD`: for containers. Raises KeyError when one is not set."""
        roles = [role for service in services for role in (owner_role(service), service)]
        return cls({role: os.environ[f"{role.upper()}_PASSWORD"] for role in roles})

    def database(self, service: str, port: int, database: str | None = None) -> ServiceDatabase:
        """Addresses of the service's database on 127.0.0.1:`port`; `database` is its name when not the service's."""
        name = database or service
        return ServiceDatabase(name, self._dsn(owner_role(service), port, name), self._dsn(service, port, name))

    def _dsn(self, role: str, port: int, database: str) -> str:
        password = urllib.parse.quote(self.passwords[role], safe="")
        return f"postgresql://{role}:{password}@127.0.0.1:{port}/{database}"


def owner_role(service: str) -> str:
    """The role that owns a service's tables and runs its migrations."""
    return f"{service}_owner"


async def create_databases(admin_dsn: str, services: tuple[str, ...], credentials: Credentials) -> None:
    """Create what is missing of the roles and databases of `services`."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        for service in services:
            await create_roles(connection, service, credentials)
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", service):
                await connection.execute(f'CREATE DATABASE "{service}" OWNER "{owner_role(service)}"')
            await restrict_database(connection, service, service)
    finally:
        await connection.close()
    for service in services:
        database = await asyncpg.connect(_on_database(admin_dsn, service))
        try:
            await grant_rows(database, service)
        finally:
            await database.close()


async def create_roles(connection: asyncpg.Connection, service: str, credentials: Credentials) -> None:
    """Create a service's two roles and set their passwords."""
    for role in (owner_role(service), service):
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await connection.execute(f'CREATE ROLE "{role}" LOGIN')
        # ALTER ROLE takes no bind parameter, so the server itself quotes the password.
        quoted = await connection.fetchval("SELECT quote_literal($1)", credentials.passwords[role])
        await connection.execute(f'ALTER ROLE "{role}" PASSWORD {quoted}')


async def restrict_database(connection: asyncpg.Connection, service: str, database: str) -> None:
    """Let only the service's own roles connect to `database`."""
    await connection.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
    await connection.execute(f'GRANT CONNECT ON DATABASE "{database}" TO "{service}", "{owner_role(service)}"')


async def grant_rows(connection: asyncpg.Connection, service: str) -> None:
    """In the connected database, let the service's role use the rows of every table that its owner makes."""
    owner = owner_role(service)
    await connection.execute(f'GRANT USAGE ON SCHEMA public TO "{service}"')
    await connection.execute(f'GRANT USAGE, CREATE ON SCHEMA public TO "{owner}"')
    defaults = f'ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA public'
    await connection.execute(f'{defaults} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{service}"')
    await connection.execute(f'{defaults} GRANT USAGE, SELECT ON SEQUENCES TO "{service}"')


def _on_database(dsn: str, database: str) -> str:
    return urllib.parse.urlsplit(dsn)._replace(path=f"/{database}").geturl()


def main() -> None:
    """Create what is missing, as a step of the stack. The superuser's address is in POSTGRES_ADMIN_URL."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.databases")
    parser.add_argument("--credentials", type=Path, help="file of passwords; without it they are in <ROLE>_PASSWORD")
    parser.add_argument("services", nargs="+")
    arguments = parser.parse_args()
    services = tuple(arguments.services)
    path: Path | None = arguments.credentials
    credentials = Credentials.load(path, services) if path is not None else Credentials.from_environment(services)
    asyncio.run(create_databases(os.environ["POSTGRES_ADMIN_URL"], services, credentials))


if __name__ == "__main__":
    main()
