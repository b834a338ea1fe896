"""Databases for tests: migrate once into a template, then copy it in a moment for each test module.

A copy is a real database with the real roles: tests run with the rights of the service, not of its owner.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg


@asynccontextmanager
async def _admin(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


class TemplateDatabase:
    """A migrated database that others are copied from.

    `prepare` receives the name of the empty template and migrates it; `open_to` receives the name of each database
    that was made, and grants what stands on the database itself.
    """

    def __init__(
        self,
        admin_dsn: str,
        service: str,
        owner: str,
        *,
        prepare: Callable[[str], Awaitable[None]],
        open_to: Callable[[str], Awaitable[None]],
    ) -> None:
        self._admin_dsn = admin_dsn
        self._owner = owner
        self._prepare = prepare
        self._open_to = open_to
        self.name = f"{service}_template"

    async def build(self) -> None:
        """Make the template, anew."""
        async with _admin(self._admin_dsn) as admin:
            await admin.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
            await admin.execute(f'CREATE DATABASE "{self.name}" OWNER "{self._owner}"')
        await self._open_to(self.name)
        await self._prepare(self.name)

    async def copy(self) -> str:
        """Make a copy and return its name. The template must have no connection open."""
        name = f"{self.name.removesuffix('_template')}_{secrets.token_hex(4)}"
        async with _admin(self._admin_dsn) as admin:
            await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.name}" OWNER "{self._owner}"')
        await self._open_to(name)
        return name

    async def drop(self, name: str) -> None:
        """Remove a copy, ending whatever is still connected to it."""
        async with _admin(self._admin_dsn) as admin:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
