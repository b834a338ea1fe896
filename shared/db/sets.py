"""Set-based SQL: one statement per table for a whole batch, from the metadata of the table.

Rows are mappings with the same keys; they travel as one JSON parameter, or by COPY where many are only inserted: both
take half the time of an array per column. The SQL of a table and its columns is built once. Python-side defaults of a
table class do not apply: give the value, or leave the column to the server.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Literal, cast

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql
from sqlmodel import SQLModel

from shared.db.transaction import Tx

Row = Mapping[str, Any]
TableLike = Table | type[SQLModel]

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_COPIED_FROM = 32
"""From how many rows on an insert is a COPY: it costs a round trip more, and half as much for each row."""


async def insert_rows(
    tx: Tx,
    table: TableLike,
    rows: Sequence[Row],
    *,
    columns: Sequence[str] | None = None,
    on_conflict: Literal["error", "nothing"] = "error",
    returning: Sequence[str] = (),
) -> list[Any]:
    """Insert rows in their order. With `nothing`, a row that any unique key refuses is left out (and not returned).

    `columns`: those of the rows to write; the others are the server's to fill. None: all that the rows have.

    Returns:
        The `returning` columns of the inserted rows; empty without `returning`.
    """
    if not rows:
        return []
    target, names = _table(table), _columns(rows) if columns is None else tuple(columns)
    if on_conflict == "error" and not returning and len(rows) >= _COPIED_FROM and len(names) > 1:
        await tx.copy(target.name, names, map(itemgetter(*names), rows))
        return []
    sql = _insert_sql(target, names, on_conflict, tuple(returning))
    if returning:
        return await tx.fetch(sql, rows)
    await tx.execute(sql, rows)
    return []


async def update_rows(tx: Tx, table: TableLike, rows: Sequence[Row], *, key: Sequence[str]) -> int:
    """Set every column that is not `key`, in the rows that differ; return how many were written.

    A row without its equal in the table changes nothing.
    """
    if not rows:
        return 0
    target, columns = _table(table), _columns(rows)
    _refuse_twice(rows, key)
    return await tx.execute(_update_sql(target, columns, tuple(key)), rows)


async def upsert_rows(tx: Tx, table: TableLike, rows: Sequence[Row], *, key: Sequence[str]) -> int:
    """Insert the rows; where `key` (a unique key) exists, set the other columns if they differ. Return rows written."""
    if not rows:
        return 0
    target, columns = _table(table), _columns(rows)
    _refuse_twice(rows, key)
    return await tx.execute(_upsert_sql(target, columns, tuple(key)), rows)


async def load_rows(
    tx: Tx, table: TableLike, column: str, ids: Sequence[Any], *, order_by: Sequence[str] = ()
) -> list[Any]:
    """Return the whole rows whose `column` is one of `ids`, ordered by columns (`"due_on"`, `"due_on desc"`)."""
    if not ids:
        return []
    return await tx.fetch(_load_sql(_table(table), column, tuple(order_by)), list(ids))


def _table(table: TableLike) -> Table:
    return table if isinstance(table, Table) else cast("Table", table.__table__)  # type: ignore[attr-defined]


def _refuse_twice(rows: Sequence[Row], key: Sequence[str]) -> None:
    keys = set(map(itemgetter(*key), rows))
    if len(keys) != len(rows):
        raise ValueError(f"{len(rows) - len(keys)} rows repeat a key {tuple(key)}: the result would be open")


def _columns(rows: Sequence[Row]) -> tuple[str, ...]:
    first = rows[0].keys()
    if any(row.keys() != first for row in rows):
        raise ValueError("the rows do not have the same columns")
    return tuple(first)


def _quoted(name: str) -> str:
    return _DIALECT.identifier_preparer.quote(name)


def _names(columns: Sequence[str], prefix: str = "") -> str:
    return ", ".join(prefix + _quoted(name) for name in columns)


@cache
def _cast(column: Column[Any]) -> str:
    """The type of a column, without length: an explicit cast to `varchar(n)` would cut, an assignment refuses."""
    name = column.type.compile(dialect=_DIALECT)
    before, _, rest = name.partition("(")
    bare = before + rest.partition(")")[2]
    return "bpchar" if bare == "CHAR" else bare


def given_rows(table: Table, columns: Sequence[str], alias: str = "v") -> str:
    """Return the source of rows that are given as `$1`: `json_to_recordset($1::json) AS v("column" type, ...)`."""
    described = ", ".join(f"{_quoted(name)} {_cast(table.c[name])}" for name in columns)
    return f"json_to_recordset($1::json) AS {alias}({described})"


def _insert_select(table: Table, columns: tuple[str, ...]) -> str:
    names = _names(columns)
    return f"INSERT INTO {_quoted(table.name)} AS t ({names}) SELECT {names} FROM {given_rows(table, columns)}"


@cache
def _insert_sql(table: Table, columns: tuple[str, ...], on_conflict: str, returning: tuple[str, ...]) -> str:
    sql = _insert_select(table, columns)
    if on_conflict == "nothing":
        sql += " ON CONFLICT DO NOTHING"
    return f"{sql} RETURNING {_names(returning, 't.')}" if returning else sql


@cache
def _update_sql(table: Table, columns: tuple[str, ...], key: tuple[str, ...]) -> str:
    changed = _others(table, columns, key)
    if not changed:
        raise ValueError(f"an update of {table.name} needs a column besides its key")
    assigned = ", ".join(f"{_quoted(name)} = v.{_quoted(name)}" for name in changed)
    matched = " AND ".join(f"t.{_quoted(name)} = v.{_quoted(name)}" for name in key)
    return (
        f"UPDATE {_quoted(table.name)} AS t SET {assigned} FROM {given_rows(table, columns)} "
        f"WHERE {matched} AND ({_names(changed, 't.')}) IS DISTINCT FROM ({_names(changed, 'v.')})"
    )


@cache
def _upsert_sql(table: Table, columns: tuple[str, ...], key: tuple[str, ...]) -> str:
    changed = _others(table, columns, key)
    sql = f"{_insert_select(table, columns)} ON CONFLICT ({_names(key)}) DO "
    if not changed:
        return sql + "NOTHING"
    assigned = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in changed)
    return (
        f"{sql}UPDATE SET {assigned} WHERE ({_names(changed, 't.')}) IS DISTINCT FROM ({_names(changed, 'excluded.')})"
    )


def _others(table: Table, columns: tuple[str, ...], key: tuple[str, ...]) -> tuple[str, ...]:
    missing = [name for name in key if name not in columns]
    if missing or not key:
        raise ValueError(f"rows for {table.name} lack the key {missing or '(none given)'}")
    return tuple(name for name in columns if name not in key)


@cache
def _load_sql(table: Table, column: str, order_by: tuple[str, ...]) -> str:
    sql = (
        f"SELECT {_names([c.name for c in table.columns])} FROM {_quoted(table.name)} "
        f"WHERE {_quoted(column)} = ANY($1::{_cast(table.c[column])}[])"
    )
    if not order_by:
        return sql
    return f"{sql} ORDER BY {', '.join(_ordering(table, term) for term in order_by)}"


def _ordering(table: Table, term: str) -> str:
    name, _, direction = term.partition(" ")
    if direction.lower() not in {"", "asc", "desc"}:
        raise ValueError(f"{term!r} is no ordering")
    return f"{_quoted(table.c[name].name)} {direction}".rstrip()
