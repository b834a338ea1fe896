"""Loads and saves queue definitions.

They are parsed once and cached under the revisions that the database holds now, so a change is seen by the next
transaction of every process.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.accounts.domain.queues import QueueDefinition, definition_json, parse_definition, rank_order
from services.accounts.store.predicates import Definitions
from services.accounts.tables.queues import QUEUE_DEFINITION
from shared.db.sets import upsert_rows
from shared.db.transaction import Tx
from shared.errors import Refusal

# Two integers are a key space of their own, apart from the locks of creditors and accounts.
_DEFINITIONS_LOCK = "(1095910985, 1)"
_CACHED_SETS = 16
_parsed: dict[tuple[UUID, ...], Definitions] = {}


async def hold_definitions(tx: Tx) -> None:
    """Keeps the definitions as they are until this transaction ends, for those who place accounts by them.

    Without it a batch that read the old definitions could commit after the re-evaluation of a changed one has passed.
    """
    await tx.execute(f"SELECT pg_advisory_xact_lock_shared{_DEFINITIONS_LOCK}")


async def lock_definitions(tx: Tx) -> None:
    """Waits until nobody places accounts by the definitions, and keeps others from it while they change."""
    await tx.execute(f"SELECT pg_advisory_xact_lock{_DEFINITIONS_LOCK}")


async def load_definitions(tx: Tx) -> Definitions:
    """All definitions in rank order."""
    revisions = await tx.fetch("SELECT revision FROM queue_definition ORDER BY rank, code")
    key = tuple(row["revision"] for row in revisions)
    if key in _parsed:
        return _parsed[key]
    # one snapshot for content and key: a change between the two statements must not be cached under the old key
    rows = await tx.fetch("SELECT code, creditor_id, body, revision FROM queue_definition ORDER BY rank, code")
    definitions = tuple(sorted((to_definition(row) for row in rows), key=rank_order))
    if len(_parsed) >= _CACHED_SETS:
        _parsed.clear()
    _parsed[tuple(row["revision"] for row in rows)] = definitions
    return definitions


def to_definition(row: Mapping[str, Any]) -> QueueDefinition:
    """The definition of a stored row. It was validated when it was stored, so a refusal is a fault of ours."""
    definition = parse_definition(row["code"], row["body"], creditor_id=row["creditor_id"])
    if isinstance(definition, Refusal):
        msg = f"stored queue definition {row['code']}: {definition.detail}"
        raise TypeError(msg)
    return definition


async def load_definition(tx: Tx, code: str) -> tuple[QueueDefinition, int] | None:
    """One definition and its version."""
    row = await tx.fetchrow("SELECT code, creditor_id, body, version FROM queue_definition WHERE code = $1", code)
    return None if row is None else (to_definition(row), row["version"])


async def save_definition(
    tx: Tx, definition: QueueDefinition, *, version: int, revision: UUID, updated_by: str
) -> None:
    """Inserts or replaces one definition under a new revision."""
    row = {
        "code": definition.code,
        "creditor_id": definition.creditor_id,
        "rank": definition.rank,
        "body": definition_json(definition),
        "version": version,
        "revision": revision,
        "updated_at": tx.clock.now(),
        "updated_by": updated_by,
    }
    await upsert_rows(tx, QUEUE_DEFINITION, [row], key=["code"])
