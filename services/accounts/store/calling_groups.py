"""The calling groups of parties, made from their addresses and the contact points that are good.

A party's group stands on its row. Its accounts take it over when they are opened, and by a job when it changes: they
are many, and not locked by whoever changes the party.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.accounts.domain.calling_hours import calling_group
from shared.db.transaction import Tx
from shared.ids import new_id
from shared.jobs import record_job

REGROUPING: Final = "calling_groups"
"""The job that gives accounts the calling group of their primary party."""
_MARKS = """
SELECT id AS contact_point_id, max(at) FILTER (WHERE kind = 'contact_point.invalidated') AS invalid_at,
       (array_agg(detail->>'reason' ORDER BY at DESC) FILTER (WHERE kind = 'contact_point.invalidated'))[1] AS reason,
       max(at) FILTER (WHERE kind = 'contact_point.verified') AS verified_at
FROM outside_event
WHERE account_id IS NULL AND party_id = ANY($1::uuid[])
  AND kind IN ('contact_point.invalidated', 'contact_point.verified')
GROUP BY id
"""
_PARTIES = "SELECT party_id, region, postal_code, calling_group FROM party WHERE party_id = ANY($1::uuid[])"
_POINTS = "SELECT party_id, contact_point_id, kind, value FROM contact_point WHERE party_id = ANY($1::uuid[])"
_SET = """
UPDATE party SET calling_group = g.calling_group FROM unnest($1::uuid[], $2::varchar[]) AS g(party_id, calling_group)
WHERE party.party_id = g.party_id
"""
_OF_PARTIES = "SELECT party_id, calling_group FROM party WHERE party_id = ANY($1::uuid[])"


class Standing(NamedTuple):
    """What is known of a contact point: why it does not reach its party, or since when it is known to reach it."""

    invalid_reason: str | None = None
    verified_at: datetime | None = None


async def point_standings(tx: Tx, party_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """The contact points of parties that somebody judged: the later of invalidated and verified holds."""
    return {row["contact_point_id"]: _standing(row) for row in await tx.fetch(_MARKS, sorted(party_ids))}


def _standing(row: Mapping[str, Any]) -> Standing:
    invalid_at, verified_at = row["invalid_at"], row["verified_at"]
    if invalid_at is not None and (verified_at is None or verified_at < invalid_at):
        return Standing(invalid_reason=row["reason"])
    return Standing(verified_at=verified_at)


async def regroup_parties(tx: Tx, party_ids: Collection[UUID]) -> set[UUID]:
    """Makes the groups of parties anew; returns those that are in another. The caller holds their locks."""
    standings = await point_standings(tx, party_ids)
    bad = {point_id for point_id, standing in standings.items() if standing.invalid_reason is not None}
    points: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    for row in await tx.fetch(_POINTS, sorted(party_ids)):
        if row["contact_point_id"] not in bad:
            points[row["party_id"]].append((row["kind"], row["value"]))
    moved: dict[UUID, str] = {}
    for row in await tx.fetch(_PARTIES, sorted(party_ids)):
        group = calling_group(row["region"], row["postal_code"], points[row["party_id"]])
        if group != row["calling_group"]:
            moved[row["party_id"]] = group
    if moved:
        await tx.execute(_SET, list(moved), list(moved.values()))
    return set(moved)


async def groups_of(tx: Tx, party_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """The groups of parties as they stand."""
    return {row[0]: row[1] for row in await tx.fetch(_OF_PARTIES, sorted(set(party_ids)))}


async def regroup_later(tx: Tx, parties: Mapping[UUID, UUID]) -> None:
    """Has the accounts of parties (with their creditors) take over their groups, after this transaction."""
    by_creditor: dict[UUID, list[str]] = defaultdict(list)
    for party_id, creditor_id in sorted(parties.items()):
        by_creditor[creditor_id].append(str(party_id))
    for creditor_id, party_ids in by_creditor.items():
        await record_job(
            tx,
            REGROUPING,
            creditor_id=creditor_id,
            params={"creditor_id": str(creditor_id), "party_ids": party_ids},
            dedupe_key=f"{REGROUPING}:{new_id()}",
        )
