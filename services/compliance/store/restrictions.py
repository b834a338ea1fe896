"""Loads and saves restrictions. A restriction with a known id is placed once, by whichever door it comes first."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from services.compliance.tables.holds import RESTRICTION
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx

Row = dict[str, Any]

_PARTY_WIDE = """
SELECT * FROM restriction WHERE party_id = ANY($1::uuid[]) AND account_ids = '{}' AND ($2 OR lifted_at IS NULL)
ORDER BY restriction_id
"""
_HEARD = "SELECT * FROM restriction WHERE creditor_id = ANY($1::uuid[]) AND source = 'contact' ORDER BY restriction_id"
_ALL = tuple(column.name for column in RESTRICTION.columns)


async def insert_restrictions(tx: Tx, rows: Sequence[Row]) -> list[Row]:
    """Insert those that do not stand yet, and return them. Rows name what they know; the rest is null."""
    unique = {row["restriction_id"]: {name: row.get(name) for name in _ALL} for row in rows}
    ordered = [unique[key] for key in sorted(unique)]
    made = await insert_rows(tx, RESTRICTION, ordered, on_conflict="nothing", returning=["restriction_id"])
    return [unique[row["restriction_id"]] for row in made]


async def load_restriction(tx: Tx, restriction_id: UUID) -> Row | None:
    """One restriction, or None."""
    rows = await load_rows(tx, RESTRICTION, "restriction_id", [restriction_id])
    return dict(rows[0]) if rows else None


async def load_party_wide(tx: Tx, party_ids: Collection[UUID], *, with_lifted: bool = False) -> list[Row]:
    """What stands for all accounts of these parties, those to come included; `with_lifted`: what stood once, too."""
    return [dict(row) for row in await tx.fetch(_PARTY_WIDE, sorted(party_ids), with_lifted)]


async def load_heard(tx: Tx, creditor_ids: Collection[UUID]) -> list[Row]:
    """What was heard on contacts for these creditors."""
    return [dict(row) for row in await tx.fetch(_HEARD, sorted(creditor_ids))]


async def update_restrictions(tx: Tx, rows: Sequence[Row]) -> None:
    """Write the changed columns of restrictions; each row names `restriction_id` and what changes."""
    await update_rows(tx, RESTRICTION, rows, key=["restriction_id"])
