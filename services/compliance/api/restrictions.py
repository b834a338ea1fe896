"""Restrictions over HTTP: placed with evidence, read, listed, lifted by those who may."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.compliance.handlers import restrict
from services.compliance.queries import records as reads
from services.compliance.schemas.restrictions import Kind, LiftRequest, RestrictionRequest, RestrictionView
from shared.http.auth import Principal, requires
from shared.http.etag import IfMatch, set_etag
from shared.http.idempotency import OptionalKey
from shared.http.openapi import problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, run_and_show, seen, visible

router = APIRouter(prefix="/v1/restrictions", tags=["restrictions"])

Reader = Annotated[Principal, Depends(requires("compliance:read"))]
Writer = Annotated[Principal, Depends(requires("restrictions:write"))]
Lifter = Annotated[Principal, Depends(requires("restrictions:lift"))]


@router.post(
    "",
    status_code=201,
    responses=problems("party-not-here", "account-not-here", "party-unknown", "accounts-of-several-creditors"),
)
async def place_restriction(
    request: RestrictionRequest, principal: Writer, key: OptionalKey, edge: EdgeOf, response: Response
) -> RestrictionView:
    """Place a restriction. It holds from this answer on: a contact that is decided after it sees it."""
    made = await run_and_show(
        edge,
        lambda tx: restrict.place_restriction(tx, principal, request),
        reads.get_restriction,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/restrictions/{view.restriction_id}",
    )
    response.headers["Location"] = f"/v1/restrictions/{made.restriction_id}"
    set_etag(response, made.version)
    return made


@router.get("")
async def list_restrictions(
    *,
    principal: Reader,
    edge: EdgeOf,
    party_id: UUID | None = None,
    account_id: UUID | None = None,
    kind: Kind | None = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[RestrictionView]:
    """List restrictions, newest first; by account also those that hold for all accounts of its party."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_restrictions(
            tx,
            limit=limit + 1,
            before=before,
            party_id=party_id,
            of_account=account_id,
            kind=kind,
            creditors=seen(principal),
        )
    )
    return page_of(rows, limit, lambda view: encode_cursor(str(view.restriction_id)))


@router.get("/{restriction_id}", responses=problems("restriction-unknown"))
async def get_restriction(restriction_id: UUID, principal: Reader, edge: EdgeOf, response: Response) -> RestrictionView:
    """Read a restriction as it stands today."""
    found = await edge.read(lambda tx: reads.get_restriction(tx, restriction_id))
    shown = visible(found, principal, "restriction")
    set_etag(response, shown.version)
    return shown


@router.post("/{restriction_id}/lift", responses=problems("restriction-unknown"))
async def lift_restriction(
    *,
    restriction_id: UUID,
    request: LiftRequest,
    principal: Lifter,
    if_match: IfMatch,
    key: OptionalKey,
    edge: EdgeOf,
    response: Response,
) -> RestrictionView:
    """Lift a restriction, with a reason and what shows it. It is kept as it was; a second lift changes nothing."""
    shown = await run_and_show(
        edge,
        lambda tx: restrict.lift_restriction(tx, principal, restriction_id, request, if_match.check),
        reads.get_restriction,
        principal=principal,
        idempotency=key,
    )
    set_etag(response, shown.version)
    return shown
