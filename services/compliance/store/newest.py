"""Keeps the newest state of what others publish: an older version than the one seen changes nothing.

One statement for a batch, which says what it has written, so that whoever hangs on the change is told of it alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Table

from shared.db.sets import given_rows
from shared.db.transaction import Tx

States = Iterable[tuple[Any, int]]
"""Payloads, each with its aggregate version."""


class Changed(NamedTuple):
    """What a batch has changed: the states by key, the keys that were not known before, and those with a new owner."""

    states: dict[UUID, Any]
    first: frozenset[UUID]
    moved: frozenset[UUID] = frozenset()


def newest(states: States, key: str) -> dict[UUID, tuple[Any, int]]:
    """Of each key the state of the highest version."""
    found: dict[UUID, tuple[Any, int]] = {}
    for state, version in states:
        held = found.get(getattr(state, key))
        if held is None or held[1] < version:
            found[getattr(state, key)] = (state, version)
    return found


async def save_newest(
    tx: Tx,
    table: Table,
    key: str,
    states: States,
    row_of: Callable[[Any], Mapping[str, Any]],
    *,
    owner: str | None = None,
) -> Changed:
    """Write the states that are newer than what stands; return those, by key, and which of them are the first.

    `owner`: the column that says whose it is; where it says another than before, the key is in `moved`.
    """
    latest = newest(states, key)
    if not latest:
        return Changed({}, frozenset())
    rows = [
        {key: each, "aggregate_version": version, **row_of(state)} for each, (state, version) in sorted(latest.items())
    ]
    written = await tx.fetch(_sql(table, key, tuple(rows[0]), owner or key), rows)
    return Changed(
        {row[0]: latest[row[0]][0] for row in written},
        frozenset(row[0] for row in written if row["is_first"]),
        frozenset(row[0] for row in written if row["is_moved"]),
    )


@cache
def _sql(table: Table, key: str, columns: Sequence[str], owner: str) -> str:
    names = ", ".join(columns)
    assigned = ", ".join(f"{name} = excluded.{name}" for name in columns if name != key)
    return (
        f"INSERT INTO {table.name} AS t ({names}) SELECT {names} FROM {given_rows(table, columns)} "
        f"ON CONFLICT ({key}) DO UPDATE SET {assigned} WHERE t.aggregate_version < excluded.aggregate_version "
        f"RETURNING t.{key}, old.{key} IS NULL AS is_first, old.{owner} <> new.{owner} AS is_moved"
    )
