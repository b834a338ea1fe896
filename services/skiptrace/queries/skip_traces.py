"""Reads of skip traces, their searches, candidates and evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.skiptrace.domain.purpose import RULES
from services.skiptrace.schemas.skip_traces import (
    CandidateView,
    EvidenceView,
    ReasonView,
    SearchView,
    SightingView,
    SkipTraceView,
    plain,
)
from services.skiptrace.tables.cases import SIGHTING
from shared.db.sets import load_rows
from shared.db.transaction import Tx

_SELECT = """
SELECT s.*,
  (SELECT coalesce(sum(amount_minor), 0)::bigint FROM cost_entry c WHERE c.skip_trace_id = s.skip_trace_id)
    AS spent_minor,
  (SELECT count(*) FROM search r WHERE r.skip_trace_id = s.skip_trace_id) AS searches,
  (SELECT count(*) FROM candidate c WHERE c.party_id = s.party_id AND c.status = 'unverified') AS candidates
FROM skip_trace s
"""
_ONE = f"{_SELECT} WHERE s.skip_trace_id = $1"
_LIST = f"""
{_SELECT}
WHERE ($1::uuid IS NULL OR s.account_id = $1)
  AND ($2::uuid IS NULL OR s.party_id = $2)
  AND ($3::text IS NULL OR s.status = $3)
  AND ($4::uuid[] IS NULL OR s.creditor_id = ANY($4))
  AND ($5::timestamptz IS NULL OR (s.requested_at, s.skip_trace_id) < ($5, $6))
ORDER BY s.requested_at DESC, s.skip_trace_id DESC LIMIT $7
"""
_SEARCHES = "SELECT * FROM search WHERE skip_trace_id = $1 ORDER BY asked_at, search_id"
# Everything found for the party: what one case brought, the next one starts from.
_CANDIDATES = """
SELECT c.* FROM candidate c JOIN skip_trace s USING (party_id) WHERE s.skip_trace_id = $1
ORDER BY (c.status = 'rejected'), c.confidence DESC, c.found_at, c.contact_point_id
"""
_CANDIDATE = "SELECT * FROM candidate WHERE contact_point_id = $1"
_EVIDENCE = "SELECT * FROM evidence WHERE skip_trace_id = $1 ORDER BY evidence_id"
_TRACE = tuple(name for name in SkipTraceView.model_fields if name != "purpose_citation")
_CANDIDATE_FIELDS = tuple(name for name in CandidateView.model_fields if name not in {"id", "reasons", "sources"})


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """What a list of skip traces is limited to; None limits nothing. `creditors` empty: nothing is seen."""

    account_id: UUID | None = None
    party_id: UUID | None = None
    status: str | None = None
    creditors: Sequence[UUID] | None = None


async def get_trace(tx: Tx, trace_id: UUID) -> SkipTraceView | None:
    """One skip trace as it stands, or None."""
    row = await tx.fetchrow(_ONE, trace_id)
    return None if row is None else _trace(row)


async def list_traces(tx: Tx, wanted: TraceFilter, after: tuple[Any, UUID] | None, limit: int) -> list[SkipTraceView]:
    """Skip traces, newest first, after the sort key of the last one shown."""
    rows = await tx.fetch(
        _LIST, wanted.account_id, wanted.party_id, wanted.status, wanted.creditors, *(after or (None, None)), limit
    )
    return [_trace(row) for row in rows]


async def list_searches(tx: Tx, trace_id: UUID) -> list[SearchView]:
    """The searches of a skip trace, in their order."""
    return [SearchView(**plain(row, SearchView.model_fields)) for row in await tx.fetch(_SEARCHES, trace_id)]


async def list_candidates(tx: Tx, trace_id: UUID) -> list[CandidateView]:
    """What was found for the party of a skip trace: the most believed first, the rejected last."""
    return await _candidates(tx, await tx.fetch(_CANDIDATES, trace_id))


async def get_candidate(tx: Tx, point_id: UUID) -> CandidateView | None:
    """One candidate, or None."""
    found = await _candidates(tx, await tx.fetch(_CANDIDATE, point_id))
    return found[0] if found else None


async def creditor_of_candidate(tx: Tx, point_id: UUID) -> UUID | None:
    """Whose candidate it is, or None."""
    row = await tx.fetchrow(_CANDIDATE, point_id)
    return None if row is None else row["creditor_id"]


async def list_evidence(tx: Tx, trace_id: UUID) -> list[EvidenceView]:
    """What people added to a skip trace, in their order."""
    return [EvidenceView(**plain(row, EvidenceView.model_fields)) for row in await tx.fetch(_EVIDENCE, trace_id)]


async def _candidates(tx: Tx, rows: Sequence[Any]) -> list[CandidateView]:
    ids = [row["contact_point_id"] for row in rows]
    sources: dict[UUID, list[SightingView]] = {point_id: [] for point_id in ids}
    for row in await load_rows(tx, SIGHTING, "contact_point_id", ids, order_by=["seen_at", "source_id"]):
        sources[row["contact_point_id"]].append(SightingView(**plain(row, SightingView.model_fields)))
    return [
        CandidateView(
            **plain(row, _CANDIDATE_FIELDS),
            id=row["contact_point_id"],
            reasons=tuple(ReasonView(**reason) for reason in row["reasons"]),
            sources=tuple(sources[row["contact_point_id"]]),
        )
        for row in rows
    ]


def _trace(row: Any) -> SkipTraceView:
    return SkipTraceView(**plain(row, _TRACE), purpose_citation=RULES[row["permissible_purpose"]].citation)
