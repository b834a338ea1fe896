"""Candidates over HTTP: read, verified, rejected."""

from uuid import UUID

from fastapi import APIRouter

from services.skiptrace.api.doors import PolicyOf, Reader, Writer
from services.skiptrace.handlers.judge_candidate import judge_candidate
from services.skiptrace.queries import skip_traces as reads
from services.skiptrace.schemas.skip_traces import CandidateView, JudgementRequest
from shared.db.transaction import Tx
from shared.errors import Problem
from shared.http.openapi import problems
from shared.http.routes import EdgeOf, run_and_show

router = APIRouter(prefix="/v1/contact-point-candidates", tags=["candidates"])


@router.get("/{candidate_id}", responses=problems("candidate-unknown"))
async def get_candidate(*, candidate_id: UUID, principal: Reader, edge: EdgeOf) -> CandidateView:
    """Show a candidate with its sources and what its confidence is made of."""

    async def read(tx: Tx) -> CandidateView | None:
        creditor_id = await reads.creditor_of_candidate(tx, candidate_id)
        is_seen = creditor_id is not None and principal.may_see(creditor_id)
        return await reads.get_candidate(tx, candidate_id) if is_seen else None

    found = await edge.read(read)
    if found is None:
        raise Problem("candidate-unknown", "There is no such candidate.")
    return found


@router.post("/{candidate_id}/verify", responses=problems("candidate-unknown"))
async def verify_candidate(
    *,
    candidate_id: UUID,
    principal: Writer,
    edge: EdgeOf,
    policy: PolicyOf,
    request: JudgementRequest = JudgementRequest(),  # noqa: B008 - a frozen value; the body may be left out
) -> CandidateView:
    """Say that it reaches the person: the case is located, and `contact_point.verified` tells the others."""
    return await run_and_show(
        edge,
        lambda tx: judge_candidate(tx, principal, policy, candidate_id, request, is_right=True),
        reads.get_candidate,
        principal=principal,
    )


@router.post("/{candidate_id}/reject", responses=problems("candidate-unknown"))
async def reject_candidate(
    *,
    candidate_id: UUID,
    principal: Writer,
    edge: EdgeOf,
    policy: PolicyOf,
    request: JudgementRequest = JudgementRequest(),  # noqa: B008 - as above
) -> CandidateView:
    """Say that it does not reach the person: when no other candidate is left, the next vendor is asked."""
    return await run_and_show(
        edge,
        lambda tx: judge_candidate(tx, principal, policy, candidate_id, request, is_right=False),
        reads.get_candidate,
        principal=principal,
    )
