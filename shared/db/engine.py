"""The connection pool of a service, and its direct connections for session locks and LISTEN.

Every connection speaks READ COMMITTED, has time-outs, and carries `jsonb` as Python objects on both of its paths
(SQLAlchemy and native asyncpg).
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.errors import ArrearsError
from shared.events.envelope import EPOCH_BITS
from shared.settings import ServiceSettings

MIN_LOCKS_PER_TRANSACTION = 256
_PLANNED_FOR_S = 10
"""How long a prepared statement keeps its plan: one made while a table was small reads a grown one from end to end."""
_DIRECT_URL = "arrears_direct_url"
_EPOCH = "arrears_version_epoch"

T = TypeVar("T")


class DatabaseSetupError(ArrearsError):
    """The server is not set up as the services need it."""


def create_engine(settings: ServiceSettings, *, application_name: str = "arrears") -> AsyncEngine:
    """Return the pool of a service. It connects when it is first used."""
    url = settings.database_url.get_secret_value()
    direct = settings.direct_database_url.get_secret_value() if settings.direct_database_url else url
    return engine_for(
        url,
        direct_url=direct,
        application_name=application_name,
        pool_size=settings.pool_size,
        max_overflow=settings.pool_max_overflow,
        pool_timeout_s=settings.pool_timeout_s,
        statement_cache_size=settings.statement_cache_size,
        lock_timeout_ms=settings.lock_timeout_ms,
        statement_timeout_ms=settings.statement_timeout_ms,
        idle_in_transaction_timeout_ms=settings.idle_in_transaction_timeout_ms,
        version_epoch=settings.version_epoch,
    )


def engine_for(
    url: str,
    *,
    direct_url: str | None = None,
    application_name: str = "arrears",
    pool_size: int = 8,
    max_overflow: int = 0,
    pool_timeout_s: float = 5,
    statement_cache_size: int = 200,
    lock_timeout_ms: int = 5_000,
    statement_timeout_ms: int = 30_000,
    idle_in_transaction_timeout_ms: int = 20_000,
    version_epoch: int = 0,
) -> AsyncEngine:
    """Return a pool for a `postgresql://` URL: what `create_engine` does, for tests and tools without settings."""
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=pool_timeout_s,
        pool_pre_ping=False,  # a round trip per transaction; a broken connection is a transient error to every caller
        pool_recycle=1800,
        json_serializer=_as_it_is,
        connect_args={
            "statement_cache_size": statement_cache_size,
            "prepared_statement_cache_size": statement_cache_size,
            "max_cached_statement_lifetime": _PLANNED_FOR_S,
            "server_settings": {
                "application_name": application_name,
                "timezone": "UTC",
                "lock_timeout": str(lock_timeout_ms),
                "statement_timeout": str(statement_timeout_ms),
                "idle_in_transaction_session_timeout": str(idle_in_transaction_timeout_ms),
            },
        },
        execution_options={_DIRECT_URL: direct_url or url, _EPOCH: version_epoch},
    )
    event.listen(engine.sync_engine, "connect", _on_connect)
    return engine


def _as_it_is(value: Any) -> Any:
    """Leave a JSON value to the codec of the connection, which both paths share."""
    return value


def _on_connect(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.run_async(set_json_codecs)


async def set_json_codecs(connection: asyncpg.Connection) -> None:
    """Make `json` and `jsonb` of a connection Python objects; UUIDs, dates, times and bytes in them become strings."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_encode_jsonb, decoder=_decode_jsonb
    )
    await connection.set_type_codec(
        "json", schema="pg_catalog", format="binary", encoder=_encode_json, decoder=orjson.loads
    )


def _encode_json(value: Any) -> bytes:
    return orjson.dumps(value, default=_as_text)


def _encode_jsonb(value: Any) -> bytes:
    return b"\x01" + _encode_json(value)  # the binary format of jsonb begins with its version, 1


def _as_text(value: Any) -> str:
    """What orjson does not know: the UUIDs that asyncpg makes, and bytes, as PostgreSQL reads them."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _decode_jsonb(value: bytes) -> Any:
    return orjson.loads(value[1:])


def least_version(engine: AsyncEngine) -> int:
    """Return the number above which every new aggregate version is: the service's epoch in its high bits."""
    epoch: int = engine.get_execution_options().get(_EPOCH, 0)
    return epoch << EPOCH_BITS


async def connect_directly(
    engine: AsyncEngine, *, application_name: str, silence_s: float | None = None
) -> asyncpg.Connection:
    """Return an own connection past any pooler, for session advisory locks and LISTEN. The caller closes it.

    After `silence_s` without a statement the server ends it, which releases its locks: the holder has to speak as long
    as it lives, and one that hangs, or whose host is gone, holds nothing for ever. It has no other time-out.
    """
    url: URL = make_url(engine.get_execution_options()[_DIRECT_URL])
    connection = await asyncpg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False),
        server_settings={
            "application_name": application_name,
            "timezone": "UTC",
            "idle_session_timeout": str(round((silence_s or 0) * 1000)),  # 0: none
        },
    )
    await set_json_codecs(connection)
    return connection


async def speak_until_done(connection: asyncpg.Connection, work: Awaitable[T], silence_s: float) -> T:
    """Await work that is done elsewhere, and speak on a connection meanwhile, so that it is not ended for its silence.

    Raises:
        asyncpg.PostgresError, OSError: the connection broke; the work is cancelled, its locks are gone.
    """
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=silence_s / 4)
            if not task.done():
                await connection.execute("SELECT 1")
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def check_database(engine: AsyncEngine) -> None:
    """Assert at start what the design rests on: READ COMMITTED and room for the locks of a batch.

    Raises:
        DatabaseSetupError: a setting of the server is not as needed; the message names it.
    """
    async with engine.connect() as connection:
        isolation = (await connection.execute(text("SHOW transaction_isolation"))).scalar_one()
        locks = int((await connection.execute(text("SHOW max_locks_per_transaction"))).scalar_one())
    if isolation != "read committed":
        raise DatabaseSetupError(f"transactions are {isolation}; the services need read committed")
    if locks < MIN_LOCKS_PER_TRANSACTION:
        raise DatabaseSetupError(
            f"max_locks_per_transaction is {locks}; at least {MIN_LOCKS_PER_TRANSACTION} is needed"
        )
