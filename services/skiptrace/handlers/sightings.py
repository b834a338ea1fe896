"""Takes contact points that a source names: new ones become candidates, known ones are seen once more."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from services.skiptrace.domain.mapping import FoundPoint
from services.skiptrace.store import cases
from services.skiptrace.store.files import File, Row
from shared.db.transaction import Tx


class NamedPoint(NamedTuple):
    """A contact point that a source (a vendor's code, or `location_inquiry`) named; `source_id` is its search."""

    contact_point_id: UUID
    point: FoundPoint
    source: str
    source_id: UUID


async def take_points(tx: Tx, file: File, trace: Row, points: Sequence[NamedPoint]) -> int:
    """Keep what a source says, and return how many points are new candidates. `reassess` judges them after this.

    What was imported with the party is no candidate: it was there before, and is verified or found wrong by contact.
    """
    by_id: dict[UUID, NamedPoint] = {}
    for named in points:
        first = by_id.get(named.contact_point_id)
        by_id[named.contact_point_id] = (
            named if first is None else first._replace(point=first.point.merged_with(named.point))
        )
    imported = {point["contact_point_id"] for point in (file.party["contact_points"] if file.party is not None else ())}
    known = {row["contact_point_id"] for row in file.candidates}
    fresh, seen = [], []
    for point_id, named in by_id.items():
        if point_id in known:
            file.resighted.add(point_id)
        elif str(point_id) not in imported:
            fresh.append(_candidate(tx, trace, named))
        else:
            continue
        seen.append(_sighting(tx, named))
    await cases.insert_candidates(tx, fresh)
    await cases.add_sightings(tx, seen)
    file.candidates = [*file.candidates, *fresh]
    for row in seen:
        file.sightings[row["contact_point_id"]].append(row)
    return sum(not _is_known_to_be_wrong(file, row["contact_point_id"]) for row in fresh)


def _is_known_to_be_wrong(file: File, point_id: UUID) -> bool:
    mark = file.marks.get(point_id)
    if mark is None or mark["invalid_at"] is None:
        return False
    return mark["verified_at"] is None or bool(mark["invalid_at"] >= mark["verified_at"])


def _candidate(tx: Tx, trace: Row, named: NamedPoint) -> dict[str, Any]:
    point = named.point
    return {
        "contact_point_id": named.contact_point_id,
        "creditor_id": trace["creditor_id"],
        "party_id": trace["party_id"],
        "account_id": trace["account_id"],
        "skip_trace_id": trace["skip_trace_id"],
        "kind": point.kind,
        "value": point.value,
        "label": point.label,
        **{part: point.address.get(part) for part in ("street", "city", "region", "postal_code")},
        "status": "unverified",
        "confidence": 0,
        "reasons": [],
        "found_at": tx.clock.now(),
        "decided_at": None,
        "decided_by": None,
        "method": None,
        "version": 0,
    }


def _sighting(tx: Tx, named: NamedPoint) -> dict[str, Any]:
    return {
        "contact_point_id": named.contact_point_id,
        "source_id": named.source_id,
        "source": named.source,
        "first_seen_on": named.point.first_seen_on,
        "last_seen_on": named.point.last_seen_on,
        "matched_on": sorted(named.point.matched_on),
        "seen_at": tx.clock.now(),
    }
