"""Contacts that the person made, over HTTP: a call, an e-mail, a letter, somebody at the counter."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from services.contact.api.attempts import OUTCOME_PROBLEMS, closed, command_of, step_of, verified
from services.contact.api.doors import BearerOf, DeskOf, attempt_under, unless_known
from services.contact.domain.placing import Placing
from services.contact.handlers.close_attempts import CloseAttempt, judge
from services.contact.handlers.record_inbound import InboundContact, record_inbound
from services.contact.queries import attempts as reads
from services.contact.schemas.attempts import AttemptView, InboundRequest
from services.contact.store.attempts import load_attempts
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.http.auth import Principal, requires
from shared.http.idempotency import RequiredKey, reused
from shared.http.openapi import headers, problems
from shared.http.routes import run_and_show

router = APIRouter(prefix="/v1/inbound-contacts", tags=["inbound contacts"])

Writer = Annotated[Principal, Depends(requires("contact:write"))]


@router.post(
    "",
    status_code=201,
    responses={
        201: headers("Location"),
        **problems(
            *OUTCOME_PROBLEMS,
            "account-not-here",
            "account-unknown",
            "party-unknown",
            "party-not-on-account",
            "validation-error",
        ),
    },
)
async def record_inbound_contact(
    *, request: InboundRequest, principal: Writer, key: RequiredKey, desk: DeskOf, bearer: BearerOf
) -> AttemptView:
    """Keep a contact that the person made. It needs no permit; a talk in it starts the cooldown of the debts discussed.

    Without `outcome` it stays open, and is verified and closed as any other attempt. If its outcome may not stand,
    nothing is kept; if its next step is refused it stays open, and the same key with another outcome closes it.
    """
    await unless_known(desk.edge, principal, key)
    attempt_id = attempt_under(principal, key)
    if request.outcome is None:
        return await run_and_show(
            desk.edge,
            lambda tx: _begun(tx, principal, attempt_id, request),
            reads.get_attempt,
            principal=principal,
            idempotency=key,
            location=_location,
        )
    step = step_of(request.outcome.next_step)
    command = command_of(attempt_id, request.outcome, step, principal)
    await desk.edge.run(lambda tx: _begun_and_judged(tx, principal, command, request), principal=principal)
    prepared = await desk.reporter.prepare(command, step, bearer)
    return await run_and_show(
        desk.edge,
        lambda tx: closed(tx, prepared),
        reads.get_attempt,
        principal=principal,
        idempotency=key,
        location=_location,
    )


def _location(view: AttemptView) -> str:
    return f"/v1/contact-attempts/{view.attempt_id}"


async def _begun_and_judged(
    tx: Tx, principal: Principal, command: CloseAttempt, request: InboundRequest
) -> UUID | Refusal:
    """Keep the contact if its outcome may stand: a refusal takes both back."""
    begun = await _begun(tx, principal, command.attempt_id, request)
    if isinstance(begun, Refusal):
        return begun
    judged = (await judge(tx, [command]))[0]
    return judged if isinstance(judged, Refusal) else begun


def _is_of(row: Mapping[str, Any], request: InboundRequest) -> bool:
    """Whether the attempt is the contact that is told of: under its key another may have been begun before."""
    facts = (row["party_id"], tuple(row["account_ids"]), row["channel"], row["purpose"], row["contact_point_id"])
    told = (request.party_id, request.account_ids, request.channel, request.purpose, request.contact_point_id)
    return facts == told and request.at in (None, row["placed_at"])


async def _begun(tx: Tx, principal: Principal, attempt_id: UUID, request: InboundRequest) -> UUID | Refusal:
    at, now = request.at or tx.clock.now(), tx.clock.now()
    if at > now:
        raise Problem("validation-error", "A contact that came in lies in the past.", field="at")
    contact = InboundContact(
        attempt_id=attempt_id,
        placing=Placing(
            request.party_id, request.account_ids, request.channel, request.contact_point_id, request.purpose
        ),
        actor=principal.sub,
        at=at,
        creditors=principal.creditors,
    )
    made = (await record_inbound(tx, [contact]))[0]
    if isinstance(made, Refusal):
        return made
    if not _is_of((await load_attempts(tx, [attempt_id]))[attempt_id], request):
        raise reused()
    if request.verification is not None:
        checked = await verified(tx, principal, attempt_id, request.verification)
        if isinstance(checked, Refusal):
            return checked
    return attempt_id
