"""Reads of contact points and callbacks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contact.domain.contact_points import status_of, usable_channels
from services.contact.schemas.contact_points import CallbackView, ContactPointView
from services.contact.store.cases import FROM_POINTS, POINT_COLUMNS, to_point
from shared.db.transaction import Tx

_OF_PARTY = f"""
SELECT {POINT_COLUMNS} {FROM_POINTS} WHERE p.party_id = $1 AND ($2::uuid[] IS NULL OR p.creditor_id = ANY($2::uuid[]))
ORDER BY p.kind, p.contact_point_id
"""
_ONE = f"SELECT {POINT_COLUMNS} {FROM_POINTS} WHERE p.contact_point_id = $1"
_CALLBACKS = """
SELECT * FROM callback
WHERE ($1::uuid[] IS NULL OR creditor_id = ANY($1::uuid[])) AND ($2::uuid IS NULL OR party_id = $2)
  AND ($3::varchar IS NULL OR status = $3) AND (NOT $4 OR (status = 'scheduled' AND callback_at <= $5))
  AND ($6::timestamptz IS NULL OR (callback_at, callback_id) > ($6, $7::uuid))
ORDER BY callback_at, callback_id LIMIT $8
"""


async def points_of_party(tx: Tx, party_id: UUID, creditors: Sequence[UUID] | None) -> list[ContactPointView]:
    """The contact points of a party that a token reaches."""
    return [_point(row) for row in await tx.fetch(_OF_PARTY, party_id, creditors)]


async def get_point(tx: Tx, contact_point_id: UUID) -> ContactPointView | None:
    """One contact point, or None."""
    row = await tx.fetchrow(_ONE, contact_point_id)
    return None if row is None else _point(row)


async def get_callback(tx: Tx, callback_id: UUID) -> CallbackView | None:
    """One callback, or None."""
    row = await tx.fetchrow("SELECT * FROM callback WHERE callback_id = $1", callback_id)
    return None if row is None else _callback(row, tx.clock.now())


async def list_callbacks(
    tx: Tx,
    *,
    creditors: Sequence[UUID] | None,
    party_id: UUID | None,
    status: str | None,
    is_due: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[CallbackView]:
    """Callbacks, the earliest first."""
    now = tx.clock.now()
    moment, callback_id = after or (None, None)
    rows = await tx.fetch(_CALLBACKS, creditors, party_id, status, is_due, now, moment, callback_id, limit)
    return [_callback(row, now) for row in rows]


def _callback(row: Mapping[str, Any], now: datetime) -> CallbackView:
    is_due = row["status"] == "scheduled" and row["callback_at"] <= now
    return CallbackView.model_validate(dict(row) | {"is_due": is_due})


def _point(row: Any) -> ContactPointView:
    point = to_point(row)
    found = f"found:{row['found_by']}" if row["found_by"] else None
    sources = ("core" if row["is_in_core"] else None, found, row["added_by"])
    return ContactPointView(
        contact_point_id=row["contact_point_id"],
        creditor_id=row["creditor_id"],
        party_id=row["party_id"],
        kind=row["kind"],
        value=row["value"],
        label=row["label"],
        sources=tuple(source for source in sources if source),
        status=status_of(point.facts),
        usable_channels=usable_channels(point.facts),
        opted_out=tuple(sorted(point.facts.opted_out)),
        verified_at=row["verified_at"],
        verified_by=row["verified_by"],
        invalid_at=row["invalid_at"],
        invalid_reason=row["invalid_reason"],
        given_in=row["added_in"],
        confidence=row["confidence"],
        first_seen_on=row["first_seen_on"],
        last_seen_on=row["last_seen_on"],
    )
