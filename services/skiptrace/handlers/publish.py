"""The events of skiptrace, made from the rows that are saved with them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.skiptrace.domain.candidate import Word
from services.skiptrace.store.files import File
from shared.db.transaction import Tx
from shared.events.skiptrace import (
    ContactPointsFound,
    ContactPointVerified,
    FoundContactPoint,
    LocationInquiryState,
    SkipTraceSearched,
    SkipTraceState,
)

Row = Mapping[str, Any]
_TOPICS = {"located": "skiptrace.located", "exhausted": "skiptrace.exhausted", "cancelled": "skiptrace.exhausted"}
_INQUIRY_STEPS = ("allowed", "reported")
_GIVEN = frozenset({"spent_minor", "searches", "candidates"})
_STATE = tuple(name for name in SkipTraceState.model_fields if name not in _GIVEN)
_FOUND = tuple(
    name for name in FoundContactPoint.model_fields if name not in {"source", "first_seen_on", "last_seen_on"}
)


def publish_state(tx: Tx, file: File, trace: Row, cause: UUID | None = None) -> None:
    """Publish the whole state of a case, on the topic that says how it stands."""
    state = SkipTraceState(
        **{name: trace[name] for name in _STATE},
        searches=len(file.searches[trace["skip_trace_id"]]),
        candidates=file.open_candidates,
        spent_minor=file.held.get(trace["skip_trace_id"], 0),
    )
    tx.emit(_TOPICS.get(trace["status"], "skiptrace.requested"), state, version=trace["version"], causation=cause)


def publish_searched(tx: Tx, trace: Row, search: Row) -> None:
    """Publish what became of one search."""
    fact = SkipTraceSearched(
        creditor_id=trace["creditor_id"],
        account_id=trace["account_id"],
        skip_trace_id=trace["skip_trace_id"],
        search_id=search["search_id"],
        party_id=trace["party_id"],
        vendor=search["vendor"],
        permissible_purpose=search["permissible_purpose"],
        outcome=search["outcome"],
        candidates=search["candidates"],
        currency=search["currency"],
        cost_minor=search["cost_minor"],
        searched_at=search["answered_at"],
    )
    tx.emit("skiptrace.searched", fact)


def publish_inquiry(tx: Tx, inquiry: Row) -> None:
    """Publish that a third party may be asked, or what came of it."""
    state = LocationInquiryState(**{name: inquiry[name] for name in LocationInquiryState.model_fields})
    step = _INQUIRY_STEPS.index(inquiry["status"]) + 1
    tx.emit(f"location_inquiry.{inquiry['status']}", state, version=tx.least_version + step)


def publish_found(tx: Tx, file: File, candidates: Sequence[Row], version: int, cause: UUID | None = None) -> None:
    """Publish everything that was found for a party and is not rejected."""
    shown = [row for row in candidates if row["status"] != "rejected"]
    known = candidates[0] if candidates else file.party
    if known is None:
        raise LookupError("what was found is published for a party that is known")
    payload = ContactPointsFound(
        party_id=file.party_id,
        creditor_id=known["creditor_id"],
        contact_points=tuple(_found(file, row) for row in shown),
    )
    tx.emit("contact_point.found", payload, version=version, causation=cause)


def publish_verified(tx: Tx, candidate: Row, word: Word, cause: UUID | None = None) -> None:
    """Publish that a candidate reaches the party."""
    names = ("party_id", "creditor_id", "account_id", "skip_trace_id", "contact_point_id", "kind")
    fact = ContactPointVerified(**{name: candidate[name] for name in names}, method=word.method, verified_at=word.at)
    tx.emit("contact_point.verified", fact, causation=cause)


def _found(file: File, row: Row) -> FoundContactPoint:
    sightings = file.sightings[row["contact_point_id"]]
    first = [one["first_seen_on"] for one in sightings if one["first_seen_on"] is not None]
    last = [one["last_seen_on"] for one in sightings if one["last_seen_on"] is not None]
    return FoundContactPoint(
        **{name: row[name] for name in _FOUND},
        source=sightings[0]["source"] if sightings else "location_inquiry",
        first_seen_on=min(first, default=None),
        last_seen_on=max(last, default=None),
    )
