"""Contact attempts over HTTP: placed under a permit, verified, closed with an outcome; and what was not placed."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.contact.api.doors import BearerOf, DeskOf, once, unless_known
from services.contact.domain.attempt import AttemptStatus, Said
from services.contact.domain.placing import Placing
from services.contact.handlers.attempting import attempt
from services.contact.handlers.close_attempts import CloseAttempt, close_attempts
from services.contact.handlers.place_attempts import PlaceAttempt
from services.contact.handlers.reporting import NextStep, report_of
from services.contact.handlers.verify_party import verify_party
from services.contact.queries import attempts as reads
from services.contact.schemas.attempts import (
    AttemptMade,
    AttemptRequest,
    AttemptView,
    BlockView,
    VerificationRequest,
    VerificationResult,
)
from services.contact.schemas.outcomes import NextStepIn, OutcomeRequest
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.http.auth import Principal, requires
from shared.http.idempotency import RequiredKey
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, run_and_show, seen, visible

router = APIRouter(prefix="/v1", tags=["contact attempts"])

Reader = Annotated[Principal, Depends(requires("contact:read"))]
Placer = Annotated[Principal, Depends(requires("contact:place"))]
Writer = Annotated[Principal, Depends(requires("contact:write"))]
PLACING_PROBLEMS = (
    "contact-blocked",
    "compliance-unavailable",
    "permit-used",
    "account-not-here",
    "account-unknown",
    "party-unknown",
    "party-not-on-account",
    "contact-point-unknown",
    "contact-point-mismatch",
)
OUTCOME_PROBLEMS = (
    "attempt-unknown",
    "attempt-closed",
    "result-code-invalid",
    "verification-required",
    "debts-discussed-invalid",
    "contact-point-mismatch",
    "next-step-required",
    "next-step-invalid",
    "next-step-unavailable",
    "callback-in-past",
    "due-on-in-past",
    "account-not-eligible",
    "authority-exceeded",
    "arrangement-open",
    "schedule-invalid",
    "currency-mismatch",
)


@router.post("/contact-attempts", status_code=201, responses={201: headers("Location"), **problems(*PLACING_PROBLEMS)})
async def place_attempt(request: AttemptRequest, principal: Placer, key: RequiredKey, desk: DeskOf) -> AttemptMade:
    """Ask for a permit and place the contact: it counts from now on, until an outcome says that it did not connect.

    403 `contact-blocked` holds the `rules` that refused. Without an answer of compliance: 503, and no contact.
    """
    placing = Placing(
        request.party_id,
        request.account_ids,
        request.channel,
        request.contact_point_id,
        request.purpose,
        traits=tuple(sorted(request.traits)),
    )

    async def submit(command: PlaceAttempt) -> AttemptMade:
        return await desk.attempts.submit(command, principal=principal, idempotency=key)

    return await once(desk, principal, key, lambda wish: attempt(desk.permits, submit, principal, placing, wish))


@router.get("/contact-attempts")
async def list_attempts(
    *,
    principal: Reader,
    edge: EdgeOf,
    account_id: UUID | None = None,
    party_id: UUID | None = None,
    creditor_id: UUID | None = None,
    status: Annotated[AttemptStatus | None, Query(description="Only those that stand so.")] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[AttemptView]:
    """List attempts, newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_attempts(
            tx,
            limit=limit + 1,
            before=before,
            account_id=account_id,
            party_id=party_id,
            status=status,
            creditors=seen(principal, creditor_id),
        )
    )
    return page_of(rows, limit, lambda view: encode_cursor(str(view.attempt_id)))


@router.get("/contact-attempts/{attempt_id}", responses=problems("attempt-unknown"))
async def get_attempt(attempt_id: UUID, principal: Reader, edge: EdgeOf) -> AttemptView:
    """Show an attempt."""
    return visible(await edge.read(lambda tx: reads.get_attempt(tx, attempt_id)), principal, "attempt")


@router.post("/contact-attempts/{attempt_id}/verification", responses=problems("attempt-unknown", "attempt-closed"))
async def verify_right_party(
    attempt_id: UUID, request: VerificationRequest, principal: Writer, edge: EdgeOf
) -> VerificationResult:
    """Hold what the person answers against what is known. Nothing of a debt may be told before this says yes."""
    return await edge.run(lambda tx: verified(tx, principal, attempt_id, request), principal=principal)


async def verified(
    tx: Tx, principal: Principal, attempt_id: UUID, request: VerificationRequest
) -> VerificationResult | Refusal:
    """Run a verification and show its result."""
    answers: dict[Any, Any] = request.model_dump(exclude={"attested"}, exclude_none=True)
    found = await verify_party(tx, principal, attempt_id, answers, request.attested)
    if isinstance(found, Refusal):
        return found
    return VerificationResult(is_verified=found.is_verified, matched=found.matched, failed=found.failed)


@router.post("/contact-attempts/{attempt_id}/outcome", responses=problems(*OUTCOME_PROBLEMS))
async def report_outcome(
    *,
    attempt_id: UUID,
    request: OutcomeRequest,
    principal: Writer,
    key: RequiredKey,
    desk: DeskOf,
    bearer: BearerOf,
) -> AttemptView:
    """Close an attempt. What was heard binds at once; the next step is made first, by its owner, in the caller's name.

    An outcome is never changed. If the owner of the next step refuses, that is the answer, and the attempt stays open.
    """
    await unless_known(desk.edge, principal, key)
    step = step_of(request.next_step)
    command = await desk.reporter.prepare(command_of(attempt_id, request, step, principal), step, bearer)
    return await run_and_show(
        desk.edge, lambda tx: closed(tx, command), reads.get_attempt, principal=principal, idempotency=key
    )


async def closed(tx: Tx, command: CloseAttempt) -> UUID | Refusal:
    """Store an outcome, and return the attempt that it closes."""
    done = (await close_attempts(tx, [command]))[0]
    return done if isinstance(done, Refusal) else command.attempt_id


def command_of(attempt_id: UUID, request: OutcomeRequest, step: NextStep | None, principal: Principal) -> CloseAttempt:
    """The command that an outcome is."""
    heard = tuple(Said(**said.model_dump()) for said in request.heard)
    return CloseAttempt(
        attempt_id,
        report_of(request.result_code, request.debts_discussed, heard, step),
        principal.sub,
        principal.creditors,
        note=request.note,
    )


def step_of(request: NextStepIn | None) -> NextStep | None:
    """The next step as its owner takes it."""
    if request is None:
        return None
    body = request.model_dump(mode="json", exclude={"kind"}, exclude_none=True)
    if request.kind == "dispute":
        body["kind"] = body.pop("dispute_kind")
    return NextStep(
        request.kind,
        body,
        callback_at=request.callback_at if request.kind == "callback" else None,
        refusal_reason=request.reason if request.kind == "refusal" else None,
    )


@router.get("/contact-blocks")
async def list_blocks(
    *,
    principal: Reader,
    edge: EdgeOf,
    account_id: UUID | None = None,
    party_id: UUID | None = None,
    creditor_id: UUID | None = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[BlockView]:
    """List contacts that were not made, with the rules that stopped them, newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_blocks(
            tx,
            limit=limit + 1,
            before=before,
            account_id=account_id,
            party_id=party_id,
            creditors=seen(principal, creditor_id),
        )
    )
    return page_of(rows, limit, lambda view: encode_cursor(str(view.block_id)))
