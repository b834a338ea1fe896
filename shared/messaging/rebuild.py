"""Builds what a service derived anew and compares it with what stands: the proof that facts explain every row.

Projections are built from the topics into temporary tables, what is computed is computed again in place, all in one
transaction that holds every creditor alone. Only rows that differ are written; a check writes nothing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import ArrearsError
from shared.jobs import run_chunk
from shared.messaging.dead_letter import Parked
from shared.messaging.decoding import read
from shared.messaging.message import Message, RawMessage

_CHUNK = 500
_SHOWN = 1000
"""Differences that a report names; all are counted, and repaired."""


class NotAtRestError(ArrearsError):
    """Messages or events are on their way: what stands cannot be compared with the topics yet."""


class _CheckedError(ArrearsError):
    """Rolls a check back: everything is compared, and nothing is to be written."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A table of which every row follows from facts. Columns in `ignored` say when or how often, not what."""

    table: str
    key: str
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rebuild:
    """How a service builds its derived tables anew."""

    topics: tuple[str, ...]
    projections: tuple[Derived, ...]
    """Tables that follow topics alone."""
    keep: Callable[[Tx, Sequence[Message[Any]]], Awaitable[None]]
    """Writes the projections of a batch of messages, and nothing else than them and `scratch`.

    The payload of an erasure is None: what was erased must not come back.
    """
    scratch: tuple[str, ...]
    """Other tables that `keep` writes to: what it writes there is dropped."""
    computed: tuple[Derived, ...]
    """Tables that hold what is computed from projections and from facts that came in by other doors."""
    creditors: str
    """Every creditor: each is held alone while the rows are built."""
    next_accounts: str
    """The accounts after `$1`, at most `$2`, in their order."""
    compute: Callable[[Tx, Sequence[UUID]], Awaitable[None]]
    """Computes accounts again: writes and publishes what differs."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the facts say. None: there is no such row."""

    table: str
    key: str
    stored: dict[str, Any] | None
    rebuilt: dict[str, Any] | None


@dataclass(slots=True)
class RebuildReport:
    """What a rebuild found. `hashes` are of all derived rows, before and after, by table."""

    messages: int = 0
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)
    hashes: dict[str, tuple[str, str]] = field(default_factory=dict)


async def rebuild(
    engine: AsyncEngine,
    clock: Clock,
    how: Rebuild,
    history: Callable[[], AsyncIterator[Sequence[RawMessage]]],
    *,
    check: bool,
    is_at_rest: Callable[[], Awaitable[bool]],
) -> RebuildReport:
    """Rebuild, as the owner of the database. `history` gives every message of the topics, in their order.

    Raises:
        NotAtRestError: the service has not consumed all of its topics.
    """
    report = RebuildReport()

    async def work(tx: Tx) -> None:
        for limit in ("statement_timeout = 0", "idle_in_transaction_session_timeout = 0", "lock_timeout = '60s'"):
            await tx.execute(f"SET LOCAL {limit}")
        # Whoever writes anything holds its creditor.
        await lock(tx, exclusive_creditors=[row[0] for row in await tx.fetch(how.creditors)])
        if not await is_at_rest():
            raise NotAtRestError("messages of its topics are not consumed yet: try again when `lag` says 0")
        tables = (*how.projections, *how.computed)
        before = {each.table: await _hash(tx, each) for each in tables}
        await _shadow(tx, [*(each.table for each in how.projections), *how.scratch])
        async for page in history():
            for start in range(0, len(page), _CHUNK):
                messages = [message for raw in page[start : start + _CHUNK] if (message := _readable(raw))]
                await how.keep(tx, messages)
                report.messages += len(messages)
        tx.events.clear()
        for each in how.projections:
            await _compare(tx, each, "pg_temp", report)
            await _repair(tx, each)
        await _unshadow(tx, [*(each.table for each in how.projections), *how.scratch])
        await _copy(tx, how.computed)
        after = UUID(int=0)
        while ids := [row[0] for row in await tx.fetch(how.next_accounts, after, _CHUNK)]:
            await how.compute(tx, ids)
            await tx.flush_events()
            after = ids[-1]
        for each in how.computed:
            await _compare(tx, each, "public", report)
        report.hashes = {each.table: (before[each.table], await _hash(tx, each)) for each in tables}
        if check:
            raise _CheckedError

    with suppress(_CheckedError):
        await run_chunk(engine, clock, work)
    return report


def _readable(raw: RawMessage) -> Message[Any] | None:
    message = read(raw)
    return None if isinstance(message, Parked) else message


async def _shadow(tx: Tx, tables: Sequence[str]) -> None:
    """Put an empty temporary table before each: a name finds it first, so that handlers need not know."""
    for table in tables:
        await tx.execute(f"CREATE TEMP TABLE {table} (LIKE public.{table} INCLUDING ALL) ON COMMIT DROP")


async def _unshadow(tx: Tx, tables: Sequence[str]) -> None:
    for table in tables:
        await tx.execute(f"DROP TABLE pg_temp.{table}")


async def _copy(tx: Tx, tables: Sequence[Derived]) -> None:
    for each in tables:
        await tx.execute(f"CREATE TEMP TABLE stored_{each.table} ON COMMIT DROP AS SELECT * FROM public.{each.table}")


def _rows(each: Derived, name: str) -> str:
    ignored = ", ".join(f"'{column}'" for column in each.ignored)
    return f"(SELECT {each.key} AS key, to_jsonb(t) - ARRAY[{ignored}]::text[] AS row FROM {name} t)"


async def _hash(tx: Tx, each: Derived) -> str:
    rows = _rows(each, f"public.{each.table}")
    value = await tx.fetchval(f"SELECT md5(coalesce(string_agg(md5(row::text), '' ORDER BY key), '')) FROM {rows} r")
    return str(value)


async def _compare(tx: Tx, each: Derived, schema: str, report: RebuildReport) -> None:
    """Name the rows that differ: projections lie before the stored ones, computed ones have a copy of the stored."""
    is_projection = schema == "pg_temp"
    stored = f"public.{each.table}" if is_projection else f"pg_temp.stored_{each.table}"
    found = await tx.fetch(
        f"SELECT key::text AS key, a.row AS stored, b.row AS rebuilt FROM {_rows(each, stored)} a"
        f" FULL JOIN {_rows(each, f'{schema}.{each.table}')} b USING (key)"
        " WHERE a.row IS DISTINCT FROM b.row ORDER BY key"
    )
    report.differing += len(found)
    room = max(0, _SHOWN - len(report.differences))
    report.differences += [_difference(each.table, row) for row in found[:room]]


def _difference(table: str, row: Any) -> Difference:
    stored, rebuilt = row["stored"], row["rebuilt"]
    if stored is None or rebuilt is None:
        return Difference(table, row["key"], stored, rebuilt)
    names = [name for name in rebuilt if stored.get(name) != rebuilt[name]]
    return Difference(table, row["key"], {n: stored.get(n) for n in names}, {n: rebuilt[n] for n in names})


async def _repair(tx: Tx, each: Derived) -> None:
    """Make the stored rows of a projection what was built, touching none that is right."""
    columns = await tx.fetch(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position",
        each.table,
    )
    names = ", ".join(f'"{row[0]}"' for row in columns)
    key, stored, built = each.key, f"public.{each.table}", f"pg_temp.{each.table}"
    await tx.execute(
        f"DELETE FROM {stored} p USING {_rows(each, stored)} a LEFT JOIN {_rows(each, built)} b USING (key)"
        f" WHERE p.{key} = a.key AND a.row IS DISTINCT FROM b.row"
    )
    await tx.execute(
        f"INSERT INTO {stored} ({names}) SELECT {names} FROM {built} b"
        f" WHERE NOT EXISTS (SELECT FROM {stored} p WHERE p.{key} = b.{key})"
    )
