"""Contact decisions over HTTP: one through a micro-batch, many as NDJSON, read as made, explained to a person."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from services.compliance.api.decision_lines import LIST_BODY_BYTES, NDJSON, LinesResponse, decided_lines, read_ahead
from services.compliance.api.doors import DeciderOf, DecisionsOf, RulesOf
from services.compliance.domain import facts as f
from services.compliance.handlers.decide_contacts import DecideContact
from services.compliance.queries import decisions as reads
from services.compliance.queries.explanation import explanation
from services.compliance.schemas.decisions import DecisionAnswer, DecisionRequest, DecisionView
from shared.db.transaction import Tx
from shared.errors import Problem
from shared.events.compliance import DecisionOutcome
from shared.http.auth import Principal, requires
from shared.http.idempotency import OptionalKey
from shared.http.openapi import problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.request_context import current_context
from shared.http.routes import EdgeOf, seen
from shared.ids import in_c

router = APIRouter(prefix="/v1/contact-decisions", tags=["contact-decisions"])

Asker = Annotated[Principal, Depends(requires("compliance:read"))]
PERMITS = "permits:request"
_NOW = datetime.max.replace(tzinfo=UTC)
"""The moment of a request is the one of its decision, under the locks."""
_BATCH: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {NDJSON: {"schema": {"type": "string", "description": "A `DecisionRequest` on each line."}}},
    }
}


@router.post(
    "",
    response_model=DecisionAnswer,
    responses=problems("account-unknown", "accounts-of-several-creditors", "attempt-given-up"),
)
async def decide_contact(body: DecisionRequest, principal: Asker, key: OptionalKey, decisions: DecisionsOf) -> Response:
    """Decide on a contact. An allow for the contact service (`permits:request`) reserves it: it counts from now."""
    answer = await decisions.submit(command_of(body, principal), principal=principal, idempotency=key)
    # As it was decided and stored: it is not checked and written a second time.
    return Response(answer, media_type="application/json")


# A colon in a path is a parameter to the router, unless the path is declared before those that have one.
@router.post(
    ":batch",
    status_code=200,
    response_class=LinesResponse,
    responses={
        **problems("unsupported-media-type"),
        200: {"content": {NDJSON: {}}, "description": "A `DecisionAnswer`, or `{line, code, detail}`, for each line."},
    },
    openapi_extra=_BATCH,
    max_body_size=LIST_BODY_BYTES,
)
async def decide_contacts(request: Request, principal: Asker, decider: DeciderOf, edge: EdgeOf) -> Response:
    """Decide on many contacts in the order of the lines, as they stream in. Nothing is reserved: ask again to place."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {NDJSON, "application/ndjson"}:
        raise Problem("unsupported-media-type", f"Send {NDJSON}.")

    def command(asked: DecisionRequest) -> DecideContact:
        return command_of(asked, principal, may_reserve=False)

    return LinesResponse(decided_lines(read_ahead(request.stream()), command, decider, edge))


@router.get("")
async def list_contact_decisions(
    *,
    principal: Asker,
    edge: EdgeOf,
    party_id: UUID | None = None,
    account_id: UUID | None = None,
    outcome: DecisionOutcome | None = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[DecisionView]:
    """List decisions as they were made, newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_decisions(
            tx,
            limit=limit + 1,
            before=before,
            party_id=party_id,
            in_account_ids=account_id,
            outcome=outcome,
            creditors=seen(principal),
        )
    )
    return page_of(rows, limit, lambda view: encode_cursor(str(view.decision_id)))


@router.get("/{decision_id}", responses=problems("decision-unknown"))
async def get_contact_decision(decision_id: UUID, principal: Asker, edge: EdgeOf) -> DecisionView:
    """Read a decision as it was made."""
    return _visible(await edge.read(lambda tx: reads.get_decision(tx, decision_id)), principal)


@router.get("/{decision_id}/explanation", response_class=HTMLResponse, responses=problems("decision-unknown"))
async def explain_contact_decision(decision_id: UUID, principal: Asker, edge: EdgeOf, rules: RulesOf) -> HTMLResponse:
    """Explain a decision on a page for a person: the answer, and each rule with its citation and the facts it used."""

    async def page_of_it(tx: Tx) -> str:
        view = _visible(await reads.get_decision(tx, decision_id), principal)
        return explanation(view, await reads.rules_of(tx, view.rules_sha256), rules.sources)

    return HTMLResponse(await edge.read(page_of_it))


def _visible(found: tuple[DecisionView, UUID | None] | None, principal: Principal) -> DecisionView:
    """A decision, whose creditor the token reaches; one of a party that was not known is for whoever has its id."""
    if found is None or (found[1] is not None and not principal.may_see(found[1])):
        raise Problem("decision-unknown", "There is no such decision.")
    return found[0]


def command_of(asked: DecisionRequest, principal: Principal, *, may_reserve: bool | None = None) -> DecideContact:
    """The command of a request; a permit is for whoever holds the scope, unless it is said that there is none."""
    return DecideContact(
        request=f.Request(
            party_id=in_c(asked.party_id),
            account_ids=tuple(dict.fromkeys(map(in_c, asked.account_ids))),
            channel=f.Channel(asked.channel),
            contact_point_id=None if asked.contact_point_id is None else in_c(asked.contact_point_id),
            purpose=f.Purpose(asked.purpose),
            at=_NOW,
            direction=f.Direction(asked.direction),
            recipient=asked.recipient,
            recipient_id=asked.recipient_id,
            traits=asked.traits,
            known_place=asked.known_place,
            rebuttals=asked.rebuttals,
        ),
        at=asked.at,
        point=asked.point,
        may_reserve=principal.has(PERMITS) if may_reserve is None else may_reserve,
        made_by=principal.sub,
        creditors=principal.creditors,
        attempt_id=asked.attempt_id,
        correlation_id=current_context().correlation_id,
    )
