"""Loads and saves location inquiries."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.skiptrace.tables.inquiries import LOCATION_INQUIRY
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx

Row = Mapping[str, Any]

_EARLIER = """
SELECT * FROM location_inquiry
WHERE party_id = $1 AND third_party_ids && $2::uuid[] AND status <> 'blocked' ORDER BY asked_at, inquiry_id
"""
_CREDITOR = "SELECT name, kind, time_zone FROM creditor_view WHERE creditor_id = $1"


async def earlier_inquiries(tx: Tx, party_id: UUID, third_party_ids: Sequence[UUID]) -> list[Row]:
    """The inquiries that were allowed of one person about one consumer, whatever the person was known by."""
    return list(await tx.fetch(_EARLIER, party_id, list(third_party_ids)))


async def load_creditor(tx: Tx, creditor_id: UUID) -> Row | None:
    """What is known of a creditor, or None."""
    row: Row | None = await tx.fetchrow(_CREDITOR, creditor_id)
    return row


async def load_inquiry(tx: Tx, inquiry_id: UUID) -> Row | None:
    """One inquiry, or None."""
    rows = await load_rows(tx, LOCATION_INQUIRY, "inquiry_id", [inquiry_id])
    return rows[0] if rows else None


async def insert_inquiry(tx: Tx, row: Row) -> None:
    """Keep an inquiry that was allowed, or blocked."""
    await insert_rows(tx, LOCATION_INQUIRY, [row])


async def update_inquiry(tx: Tx, row: Row) -> None:
    """Save what came of an inquiry."""
    await update_rows(tx, LOCATION_INQUIRY, [row], key=["inquiry_id"])
