"""One transaction: reads through SQLAlchemy, set-based SQL through asyncpg, and the events that it publishes.

Both paths share one connection and one READ COMMITTED transaction. `commit` writes the buffered events to the outbox
first, so state and events commit together or not at all; only the edges (HTTP, consumer, jobs) call it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import Clock
from shared.db.engine import least_version
from shared.db.metrics import POOL_WAIT
from shared.errors import ArrearsError
from shared.events.topics import TOPICS
from shared.ids import new_id

Record = asyncpg.Record
AfterCommit = Callable[[], Awaitable[None] | None]

_log = logging.getLogger(__name__)
_closing: set[asyncio.Task[None]] = set()


class EmitError(ArrearsError):
    """An event that its topic does not allow: a defect of the producer."""


class Context(NamedTuple):
    """On whose behalf and within which trace something happens; it goes out with every event."""

    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    traceparent: str | None = None
    subject: str | None = None


class PendingEvent(NamedTuple):
    """An event of this transaction: the columns of its row in the outbox. `body` is its JSON."""

    event_id: UUID
    topic: str
    key: str
    type: str
    source: str
    subject: str | None
    time: datetime
    aggregate_version: int | None
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None
    creditor_id: UUID | None
    body: str


@dataclass(slots=True)
class Tx:
    """A transaction that has begun. SQL with `$1` placeholders runs natively, prepared and cached."""

    conn: AsyncConnection
    clock: Clock
    driver: Any
    """The asyncpg connection below `conn`, inside the same transaction."""
    context: Context = field(default_factory=Context)
    causes: dict[UUID, Context] = field(default_factory=dict)
    """The context of each message of a polled batch, by its event id: `emit(causation=...)` looks it up."""
    least_version: int = 0
    """Every new aggregate version is above it: the epoch of the service, raised after a restore."""
    events: list[PendingEvent] = field(default_factory=list)
    is_committed: bool = False
    _after_commit: list[AfterCommit] = field(default_factory=list)

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        """Return all rows (`asyncpg.Record`)."""
        rows: list[Any] = await self.driver.fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: Any) -> Any:
        """Return the first row, or None."""
        return await self.driver.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """Return the first value of the first row, or None."""
        return await self.driver.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> int:
        """Run a statement and return how many rows it wrote (0 where that has no meaning)."""
        status: str = await self.driver.execute(sql, *args)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows in their order by COPY."""
        await self.driver.copy_records_to_table(table, records=rows, columns=columns)

    def emit(
        self, topic: str, payload: BaseModel, *, version: int | None = None, causation: UUID | None = None
    ) -> UUID:
        """Publish an event when this transaction commits, and return its id.

        `version` is the aggregate version, required by a state topic and refused by a fact. `causation` is the event
        that led to this one: the correlation and trace of its context in `causes` go on.

        Raises:
            EmitError: the topic does not exist, is not ours to publish, or carries something else.
        """
        spec = TOPICS.get(topic)
        if spec is None or spec.owner == "core":
            raise EmitError(f"{topic!r} is no topic that a service publishes")
        if type(payload) is not spec.payload:
            raise EmitError(f"{topic} carries {spec.payload.__name__}, not {type(payload).__name__}")
        if (spec.kind == "state") != (version is not None):
            raise EmitError(
                f"{topic} is a {spec.kind}: an aggregate version is {'missing' if version is None else 'no part of it'}"
            )
        cause = self.causes.get(causation, self.context) if causation else self.context
        event_id = new_id()
        key = str(getattr(payload, spec.key))
        self.events.append(
            PendingEvent(
                event_id,
                topic,
                key,
                spec.type,
                spec.source,
                key,
                self.clock.now(),
                version,
                cause.correlation_id or event_id,
                causation or cause.causation_id,
                cause.traceparent,
                payload.creditor_id,  # type: ignore[attr-defined]  # every payload of ours names it
                payload.model_dump_json(),
            )
        )
        return event_id

    def after_commit(self, hook: AfterCommit) -> None:
        """Run `hook` once, after this transaction has committed; never if it does not. A failing hook is logged."""
        self._after_commit.append(hook)

    async def flush_events(self) -> None:
        """Write the buffered events to the outbox, in the order of `emit`, in one statement.

        The order of their ids within one account is theirs, because the account is locked until they are committed.
        """
        if self.events:
            await self.copy("outbox", PendingEvent._fields, self.events)
            self.events.clear()

    async def commit(self) -> None:
        """Write the events, commit, run the hooks. Only the edges of `shared` call this."""
        await self.flush_events()
        await self.conn.commit()
        self.is_committed = True
        hooks, self._after_commit = self._after_commit, []
        for hook in hooks:
            try:
                waiting = hook()
                if waiting is not None:
                    await waiting
            except Exception:  # noqa: BLE001 - the commit stands, whatever a hook does
                _log.exception("a hook after the commit failed")


@asynccontextmanager
async def open_transaction(engine: AsyncEngine, clock: Clock, *, context: Context | None = None) -> AsyncIterator[Tx]:
    """Begin a transaction; roll it back when the block raises, is cancelled, or ends without `commit`.

    The connection goes back to the pool even when the task is cancelled meanwhile.
    """
    conn, driver = await _connect(engine)
    try:
        await _begin(conn)
        yield Tx(
            conn=conn,
            clock=clock,
            driver=driver,
            context=context or Context(),
            least_version=least_version(engine),
        )
    finally:
        # A cancelled task must not leave the connection half reset: closing goes on by itself (SQLAlchemy #12077).
        closing = asyncio.ensure_future(_close(conn, driver))
        _closing.add(closing)
        closing.add_done_callback(_closing.discard)
        await asyncio.shield(closing)


async def _connect(engine: AsyncEngine) -> tuple[AsyncConnection, Any]:
    """Check out a connection that is open, throwing away those that a restart of the server has closed."""
    while True:
        with POOL_WAIT.time():
            conn = await engine.connect()
        driver = (await conn.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101 - a connection that was just checked out has one
        if not driver.is_closed():
            return conn, driver
        await conn.invalidate()
        await conn.close()


async def _begin(conn: AsyncConnection) -> None:
    """Begin on the server, not only in SQLAlchemy, which waits for its own first statement."""
    await conn.begin()
    adapter: Any = (await conn.get_raw_connection()).dbapi_connection
    try:
        await adapter._start_transaction()  # noqa: SLF001 - no other way begins without a round trip for a dummy SELECT
    except Exception as error:
        if isinstance(error.__cause__, Exception):
            raise error.__cause__ from None  # what asyncpg said, as for every native statement
        raise


async def _close(conn: AsyncConnection, driver: Any) -> None:
    try:
        if driver.is_closed():
            await conn.invalidate()  # SQLAlchemy has not seen what asyncpg has: it would keep the dead connection
        elif conn.in_transaction():
            await conn.rollback()
    except Exception:  # noqa: BLE001 - whatever broke the connection, it must not go back to the pool
        await conn.invalidate()
    finally:
        await conn.close()
