"""The services' own databases, to see what is kept of what was sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from tests.e2e.stack_operator import Operator


@asynccontextmanager
async def open_database(operator: Operator, service: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection, for many queries: each new one costs more than what it asks."""
    connection = await asyncpg.connect(operator.stack.database(service).service_dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def query(operator: Operator, service: str, sql: str, *args: Any) -> list[Any]:
    """The rows of one query."""
    async with open_database(operator, service) as connection:
        rows: list[Any] = await connection.fetch(sql, *args)
    return rows
