"""Publishes what was given for a party in contacts: a state of the party, as what was found is one.

Every message carries all of it, so that a compacted topic still tells everything, and an erasure erases.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.contact.domain.contact_points import status_of
from services.contact.store.cases import to_point
from services.contact.store.given import given_parties, given_points, next_version
from shared.db.transaction import Tx
from shared.events.contact import ContactPointsGiven


async def publish_given(tx: Tx, party_id: UUID, creditor_id: UUID) -> None:
    """Publish all that was given for a party, whose lock is held."""
    state = {
        "party_id": party_id,
        "creditor_id": creditor_id,
        "contact_points": [_point(row) for row in await given_points(tx, party_id)],
    }
    version = await next_version(tx, party_id, creditor_id)
    tx.emit("contact_point.given", ContactPointsGiven.model_validate(state), version=version)


async def take_back(tx: Tx, party_ids: Sequence[UUID]) -> None:
    """Publish that nothing is known of erased parties any more, where something was published."""
    for row in await given_parties(tx, party_ids):
        await publish_given(tx, row["party_id"], row["creditor_id"])


def _point(row: Any) -> dict[str, Any]:
    return {
        "contact_point_id": row["contact_point_id"],
        "kind": row["kind"],
        "value": row["value"],
        "label": row["label"],
        "source": row["added_by"],
        "attempt_id": row["added_in"],
        "status": "verified" if status_of(to_point(row).facts) == "verified" else "unverified",
        "given_at": row["added_at"],
    }
