"""Skip traces over HTTP: requested, read, listed, cancelled; their searches, candidates and evidence."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.skiptrace.api.doors import PolicyOf, Reader, Writer
from services.skiptrace.handlers import request_trace as requesting
from services.skiptrace.queries import skip_traces as reads
from services.skiptrace.schemas.skip_traces import (
    CandidateView,
    EvidenceRequest,
    EvidenceView,
    SearchView,
    SkipTraceRequest,
    SkipTraceView,
)
from shared.db.transaction import Tx
from shared.events.skiptrace import SkipTraceStatus
from shared.http.auth import Principal
from shared.http.etag import set_etag
from shared.http.idempotency import OptionalKey
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, run_and_show, seen, visible

router = APIRouter(prefix="/v1/skip-traces", tags=["skip traces"])


@router.post(
    "",
    status_code=201,
    responses={
        201: headers("ETag", "Location"),
        **problems(
            "account-not-here",
            "account-unknown",
            "party-not-on-account",
            "skip-trace-open",
            "skip-trace-restricted",
            "purpose-not-permissible",
        ),
    },
)
async def request_skip_trace(
    *,
    request: SkipTraceRequest,
    principal: Writer,
    key: OptionalKey,
    edge: EdgeOf,
    policy: PolicyOf,
    response: Response,
) -> SkipTraceView:
    """Search for a person, vendor by vendor, for a permissible purpose and within a budget."""
    made = await run_and_show(
        edge,
        lambda tx: requesting.request_trace(tx, principal, policy, request),
        reads.get_trace,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/skip-traces/{view.skip_trace_id}",
        response=response,
    )
    set_etag(response, made.version)
    return made


@router.get("")
async def list_skip_traces(
    *,
    principal: Reader,
    edge: EdgeOf,
    account_id: UUID | None = None,
    party_id: UUID | None = None,
    creditor_id: UUID | None = None,
    status: Annotated[SkipTraceStatus | None, Query(description="Only those that stand so.")] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[SkipTraceView]:
    """List skip traces, newest first."""
    last = decode_cursor(cursor, datetime, UUID) if cursor else None
    after = None if last is None else (last[0], last[1])
    wanted = reads.TraceFilter(account_id, party_id, status, seen(principal, creditor_id))
    rows = await edge.read(lambda tx: reads.list_traces(tx, wanted, after, limit + 1))
    return page_of(rows, limit, lambda view: encode_cursor(view.requested_at, view.skip_trace_id))


@router.get("/{skip_trace_id}", responses={200: headers("ETag"), **problems("skip-trace-unknown")})
async def get_skip_trace(*, skip_trace_id: UUID, principal: Reader, edge: EdgeOf, response: Response) -> SkipTraceView:
    """Show a skip trace as it stands."""
    found = await edge.read(lambda tx: _seen_trace(tx, principal, skip_trace_id))
    set_etag(response, found.version)
    return found


@router.post("/{skip_trace_id}/cancel", responses=problems("skip-trace-unknown"))
async def cancel_skip_trace(*, skip_trace_id: UUID, principal: Writer, edge: EdgeOf, policy: PolicyOf) -> SkipTraceView:
    """Cancel an open skip trace. A second cancel changes nothing; what has ended stays as it is."""
    return await run_and_show(
        edge,
        lambda tx: requesting.cancel_trace(tx, principal, policy, skip_trace_id),
        reads.get_trace,
        principal=principal,
    )


@router.get("/{skip_trace_id}/candidates", responses=problems("skip-trace-unknown"))
async def list_candidates(*, skip_trace_id: UUID, principal: Reader, edge: EdgeOf) -> Page[CandidateView]:
    """List what was found for the person: the most believed first, the rejected last."""

    async def read(tx: Tx) -> list[CandidateView]:
        await _seen_trace(tx, principal, skip_trace_id)
        return await reads.list_candidates(tx, skip_trace_id)

    return Page(items=await edge.read(read))


@router.get("/{skip_trace_id}/searches", responses=problems("skip-trace-unknown"))
async def list_searches(*, skip_trace_id: UUID, principal: Reader, edge: EdgeOf) -> Page[SearchView]:
    """List the searches of a skip trace with their purpose, outcome and cost."""

    async def read(tx: Tx) -> list[SearchView]:
        await _seen_trace(tx, principal, skip_trace_id)
        return await reads.list_searches(tx, skip_trace_id)

    return Page(items=await edge.read(read))


@router.post("/{skip_trace_id}/evidence", status_code=201, responses=problems("skip-trace-unknown"))
async def add_evidence(
    *, skip_trace_id: UUID, request: EvidenceRequest, principal: Writer, key: OptionalKey, edge: EdgeOf
) -> EvidenceView:
    """Keep a finding of your own research with the case."""

    async def show(tx: Tx, evidence_id: UUID) -> EvidenceView | None:
        found = await reads.list_evidence(tx, skip_trace_id)
        return next((one for one in found if one.evidence_id == evidence_id), None)

    return await run_and_show(
        edge,
        lambda tx: requesting.add_evidence(tx, principal, skip_trace_id, request),
        show,
        principal=principal,
        idempotency=key,
    )


@router.get("/{skip_trace_id}/evidence", responses=problems("skip-trace-unknown"))
async def list_evidence(*, skip_trace_id: UUID, principal: Reader, edge: EdgeOf) -> Page[EvidenceView]:
    """List what people found out, in the order in which they added it."""

    async def read(tx: Tx) -> list[EvidenceView]:
        await _seen_trace(tx, principal, skip_trace_id)
        return await reads.list_evidence(tx, skip_trace_id)

    return Page(items=await edge.read(read))


async def _seen_trace(tx: Tx, principal: Principal, trace_id: UUID) -> SkipTraceView:
    return visible(await reads.get_trace(tx, trace_id), principal, "skip-trace")
