"""Loads and saves consents, preferences and what is known of contact points besides."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from services.compliance.tables.choices import CONSENT, POINT_FLAGS, PREFERENCE
from shared.db.sets import insert_rows, load_rows, update_rows, upsert_rows
from shared.db.transaction import Tx

Row = dict[str, Any]

_CALLBACKS = "SELECT * FROM consent WHERE creditor_id = ANY($1::uuid[]) AND details ? 'callback_at' ORDER BY consent_id"


async def insert_consents(tx: Tx, rows: Sequence[Row]) -> list[Row]:
    """Insert those that do not stand yet, and return them."""
    return await _insert(tx, CONSENT, "consent_id", rows)


async def insert_preferences(tx: Tx, rows: Sequence[Row]) -> list[Row]:
    """Insert those that do not stand yet, and return them."""
    return await _insert(tx, PREFERENCE, "preference_id", rows)


async def load_consent(tx: Tx, consent_id: UUID) -> Row | None:
    """One consent, or None."""
    rows = await load_rows(tx, CONSENT, "consent_id", [consent_id])
    return dict(rows[0]) if rows else None


async def load_consents(tx: Tx, consent_ids: Collection[UUID]) -> dict[UUID, Row]:
    """Consents by id."""
    rows = await load_rows(tx, CONSENT, "consent_id", sorted(consent_ids)) if consent_ids else ()
    return {row["consent_id"]: dict(row) for row in rows}


async def load_callbacks(tx: Tx, creditor_ids: Collection[UUID]) -> list[Row]:
    """The consents to a call on a day, of these creditors."""
    return [dict(row) for row in await tx.fetch(_CALLBACKS, sorted(creditor_ids))]


async def load_preference(tx: Tx, preference_id: UUID) -> Row | None:
    """One preference, or None."""
    rows = await load_rows(tx, PREFERENCE, "preference_id", [preference_id])
    return dict(rows[0]) if rows else None


async def load_flags(tx: Tx, contact_point_id: UUID) -> Row | None:
    """The flags of a contact point, or None."""
    rows = await load_rows(tx, POINT_FLAGS, "contact_point_id", [contact_point_id])
    return dict(rows[0]) if rows else None


async def update_consents(tx: Tx, rows: Sequence[Row]) -> None:
    """Write what changes of consents."""
    await update_rows(tx, CONSENT, rows, key=["consent_id"])


async def update_preference(tx: Tx, row: Row) -> None:
    """Write what changes of a preference."""
    await update_rows(tx, PREFERENCE, [row], key=["preference_id"])


async def save_flags(tx: Tx, row: Row) -> None:
    """Write the flags of a contact point."""
    await upsert_rows(tx, POINT_FLAGS, [row], key=["contact_point_id"])


async def _insert(tx: Tx, table: Table, key: str, rows: Sequence[Row]) -> list[Row]:
    names = [column.name for column in table.columns]
    unique = {row[key]: {name: row.get(name) for name in names} for row in rows}
    made = await insert_rows(
        tx, table, [unique[each] for each in sorted(unique)], on_conflict="nothing", returning=[key]
    )
    return [unique[row[key]] for row in made]
