"""The rows that Arrears wrote, found by comparing two states of a database; and writing the same by bare SQL.

This is the limit of a case: the same rows from ready values, one set-based statement per table and batch, on one
connection, with no reading, no decision and no JSON to make. Arrays and JSON travel as text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import asyncpg

_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> 'alembic_version' ORDER BY c.relname
"""
_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, a.attidentity <> '' AS is_identity,
       a.attgenerated <> '' AS is_generated, coalesce(a.attnum = ANY(i.indkey), FALSE) AS is_key
FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `as_text`: its values travel as text."""

    name: str
    type: str
    is_key: bool

    @property
    def as_text(self) -> bool:
        """Arrays (unnest would flatten them) and JSON."""
        return self.type.endswith("[]") or self.type in ("jsonb", "json")

    @property
    def sent(self) -> str:
        """The type of one element as it travels."""
        return "text" if self.as_text else {"character": "bpchar"}.get(self.type, self.type)

    @property
    def read(self) -> str:
        """How to select it."""
        return f'"{self.name}"::text' if self.as_text else f'"{self.name}"'

    @property
    def value(self) -> str:
        """Its value in the source of a statement."""
        return f'v."{self.name}"::{self.type}' if self.as_text else f'v."{self.name}"'


State = Mapping[str, tuple[Sequence[Column], Mapping[Row, Row]]]
"""The rows of each table by their primary key. Identity columns that are no key are left out."""


async def state_of(connection: asyncpg.Connection) -> State:
    """Read a whole database."""
    state: dict[str, tuple[Sequence[Column], Mapping[Row, Row]]] = {}
    for table in [row["relname"] for row in await connection.fetch(_TABLES)]:
        described = await connection.fetch(_COLUMNS, table)
        columns = [Column(each["name"], each["type"], each["is_key"]) for each in described if not each["is_generated"]]
        given = {each["name"] for each in described if each["is_identity"]}
        read = ", ".join(column.read for column in columns)
        rows = [tuple(row) for row in await connection.fetch(f'SELECT {read} FROM "{table}" ORDER BY 1')]
        keys = [nth for nth, column in enumerate(columns) if column.is_key]
        kept = [nth for nth, column in enumerate(columns) if column.name not in given]
        state[table] = (
            [columns[nth] for nth in kept],
            {tuple(row[nth] for nth in keys): tuple(row[nth] for nth in kept) for row in rows},
        )
    return state


@dataclass(frozen=True, slots=True)
class Write:
    """Rows that one statement writes: `columns` in order; `key` columns name the row of an update."""

    table: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    key: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """The statement, from one array per column."""
        arrays = ", ".join(f"${n}::{column.sent}[]" for n, column in enumerate(self.columns, start=1))
        return self._from(f"unnest({arrays}) AS v({self._names()})")

    @property
    def merge_sql(self) -> str:
        """The statement, from a staging table."""
        return self._from(f"{self.staging} AS v")

    @property
    def staging(self) -> str:
        """The name of its staging table: one of its own, for the driver remembers the columns of a name."""
        return f"staging_{self.table}"

    @property
    def staging_sql(self) -> str:
        """A staging table for its rows."""
        columns = ", ".join(f'"{column.name}" {column.sent}' for column in self.columns)
        return f"CREATE TEMPORARY TABLE {self.staging} ({columns}) ON COMMIT DROP"

    def arrays(self, rows: Sequence[Row]) -> list[list[Any]]:
        """The arguments of some of its rows."""
        return [list(values) for values in zip(*rows, strict=True)]

    def _names(self) -> str:
        return ", ".join(f'"{column.name}"' for column in self.columns)

    def _from(self, source: str) -> str:
        if not self.key:
            values = ", ".join(column.value for column in self.columns)
            return f'INSERT INTO "{self.table}" ({self._names()}) SELECT {values} FROM {source}'
        assigned = ", ".join(f'"{c.name}" = {c.value}' for c in self.columns if c.name not in self.key)
        matched = " AND ".join(f't."{name}" = v."{name}"' for name in self.key)
        return f'UPDATE "{self.table}" AS t SET {assigned} FROM {source} WHERE {matched}'


def changes(before: State, after: State) -> list[Write]:
    """What leads from one state to the other. Rows that went away count for nothing: the limit does less then."""
    inserts: list[Write] = []
    updates: list[Write] = []
    for table, (columns, rows) in after.items():
        known = before[table][1]
        new = [row for key, row in rows.items() if key not in known]
        if new:
            inserts.append(Write(table, columns, new))
        changed = [(known[key], row) for key, row in rows.items() if key in known and known[key] != row]
        if changed:
            written = [
                nth
                for nth, column in enumerate(columns)
                if column.is_key or any(old[nth] != row[nth] for old, row in changed)
            ]
            _follow(columns, changed, new)
            key = tuple(column.name for column in columns if column.is_key)
            kept = [tuple(row[nth] for nth in written) for _, row in changed]
            updates.append(Write(table, [columns[nth] for nth in written], kept, key))
    return updates + inserts  # an item is closed before its account gets another


def _follow(columns: Sequence[Column], changed: list[tuple[Row, Row]], new: Sequence[Row]) -> None:
    """Put first the rows of accounts that get another row, in its order: none gets it in a batch before."""
    names = [column.name for column in columns]
    if "account_id" in names:
        at = names.index("account_id")
        order = {row[at]: nth for nth, row in reversed(list(enumerate(new)))}
        changed.sort(key=lambda pair: order.get(pair[1][at], len(order)))


def count(writes: Sequence[Write]) -> int:
    """How many rows are written."""
    return sum(len(write.rows) for write in writes)


async def write_in_batches(connection: asyncpg.Connection, writes: Sequence[Write], batches: int) -> float:
    """Write the rows in as many transactions as given, and return the seconds that it took."""
    ready = [
        (write.sql, [write.arrays(part) for part in _parts(write.rows, batches)] if write.rows else [])
        for write in writes
    ]
    began = perf_counter()
    for nth in range(batches):
        async with connection.transaction():
            for sql, arguments in ready:
                if arguments[nth]:
                    await connection.execute(sql, *arguments[nth])
    return perf_counter() - began


async def copy_and_merge(connection: asyncpg.Connection, writes: Sequence[Write]) -> float:
    """COPY the rows of each table to a staging table and merge it with one statement; return the seconds."""
    began = perf_counter()
    async with connection.transaction():
        for write in writes:
            await connection.execute(write.staging_sql)
            await connection.copy_records_to_table(write.staging, records=write.rows)
            await connection.execute(write.merge_sql)
    return perf_counter() - began


def _parts(rows: Sequence[Row], number: int) -> list[Sequence[Row]]:
    return [rows[len(rows) * nth // number : len(rows) * (nth + 1) // number] for nth in range(number)]
