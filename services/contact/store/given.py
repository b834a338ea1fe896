"""What was given for parties in contacts: the points, and the version of what is published of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.contact.store.cases import FROM_POINTS, POINT_COLUMNS
from shared.db.transaction import Tx

_POINTS = f"""
SELECT {POINT_COLUMNS} {FROM_POINTS} WHERE p.party_id = $1 AND p.added_by IS NOT NULL ORDER BY p.contact_point_id
"""
_PARTIES = "SELECT party_id, creditor_id FROM given WHERE party_id = ANY($1::uuid[]) ORDER BY party_id"
_NEXT = """
INSERT INTO given AS t (party_id, creditor_id, version) VALUES ($1, $2, $3 + 1)
ON CONFLICT (party_id) DO UPDATE SET version = greatest(t.version, $3) + 1 RETURNING version
"""


async def given_points(tx: Tx, party_id: UUID) -> list[Any]:
    """The contact points that somebody gave for a party, with the marks on them."""
    return list(await tx.fetch(_POINTS, party_id))


async def given_parties(tx: Tx, party_ids: Sequence[UUID]) -> list[Any]:
    """Those of the parties for whom something was published, with their creditors."""
    return list(await tx.fetch(_PARTIES, list(party_ids))) if party_ids else []


async def next_version(tx: Tx, party_id: UUID, creditor_id: UUID) -> int:
    """The version of the next state of a party."""
    version: int = await tx.fetchval(_NEXT, party_id, creditor_id, tx.least_version)
    return version
