"""A process that stands still in the middle of a COPY does not keep its locks for as long as it does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import SystemClock
from shared.db.failures import is_transient
from shared.db.frozen import end_frozen
from shared.db.locks import lock, try_lock
from shared.ids import lock_key
from shared.jobs import run_chunk
from tests.conftest import KERNEL, GetDatabase

AWHILE = timedelta(seconds=2)


async def test_the_locks_of_a_copy_that_stands_still_are_let_go_which_no_time_out_does(
    service_database: GetDatabase, kernel_engine: AsyncEngine
) -> None:
    limits = dict.fromkeys(("idle_in_transaction_session_timeout", "statement_timeout", "transaction_timeout"), "1000")
    frozen = await asyncpg.connect((await service_database(KERNEL)).service_dsn, server_settings=limits)
    account, is_copying = uuid4(), asyncio.Event()

    async def nothing() -> AsyncIterator[bytes]:
        is_copying.set()
        await asyncio.Event().wait()  # as a process that was stopped
        yield b""

    async def is_free() -> bool:
        return await run_chunk(kernel_engine, SystemClock(), lambda tx: try_lock(tx, account))

    async def wait_for_it() -> None:
        await run_chunk(kernel_engine, SystemClock(), lambda tx: lock(tx, accounts=[account]))

    async def end(after: timedelta | None = None) -> int:
        return await run_chunk(kernel_engine, SystemClock(), lambda tx: end_frozen(tx, after=after))

    transaction = frozen.transaction()
    await transaction.start()
    await frozen.execute("SELECT pg_advisory_xact_lock($1)", lock_key(account))
    copying = asyncio.ensure_future(frozen.copy_to_table("outbox", source=nothing()))
    await is_copying.wait()
    try:
        assert await end() == 0  # whoever is at it is left alone
        while await end(AWHILE) == 0:
            assert not await is_free()
            await asyncio.sleep(0.02)
        await wait_for_it()
    finally:
        copying.cancel()
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError, asyncio.CancelledError)):
            await copying
        frozen.terminate()
    assert is_transient(asyncpg.AdminShutdownError())
