"""Contacts that the person made, over HTTP: a call, an e-mail, a letter, somebody at the counter."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from services.contact.api.attempts import OUTCOME_PROBLEMS, closed, command_of, step_of, verified
from services.contact.api.doors import BearerOf, DeskOf, unless_known
from services.contact.domain.placing import Placing
from services.contact.handlers.record_inbound import InboundContact, record_inbound
from services.contact.queries import attempts as reads
from services.contact.schemas.attempts import AttemptView, InboundRequest
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.http.auth import Principal, requires
from shared.http.idempotency import RequiredKey
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

    Without `outcome` it stays open, and is verified and closed as any other attempt.
    """
    # The same request again is the same contact, also when its outcome was refused the first time.
    attempt_id = UUID(await unless_known(desk.edge, principal, key))

    async def begin(tx: Tx) -> UUID | Refusal:
        return await _begun(tx, principal, attempt_id, request)

    if request.outcome is None:
        return await run_and_show(
            desk.edge, begin, reads.get_attempt, principal=principal, idempotency=key, location=_location
        )
    await desk.edge.run(begin, principal=principal)
    step = step_of(request.outcome.next_step)
    command = await desk.reporter.prepare(command_of(attempt_id, request.outcome, step, principal), step, bearer)
    return await run_and_show(
        desk.edge,
        lambda tx: closed(tx, command),
        reads.get_attempt,
        principal=principal,
        idempotency=key,
        location=_location,
    )


def _location(view: AttemptView) -> str:
    return f"/v1/contact-attempts/{view.attempt_id}"


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
    if request.verification is not None:
        checked = await verified(tx, principal, attempt_id, request.verification)
        if isinstance(checked, Refusal):
            return checked
    return attempt_id
