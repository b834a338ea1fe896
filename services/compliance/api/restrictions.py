"""Restrictions over HTTP: placed with evidence, read, listed, lifted by those who may."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.compliance.api.records import ABOUT_A_PARTY, ETAGGED, MADE, Records
from services.compliance.handlers import restrict
from services.compliance.queries import records as reads
from services.compliance.schemas.restrictions import Kind, LiftRequest, RestrictionRequest, RestrictionView
from shared.http.auth import Principal, requires
from shared.http.etag import IfMatch
from shared.http.idempotency import OptionalKey
from shared.http.openapi import problems
from shared.http.pagination import CursorText, Limit, Page
from shared.http.routes import EdgeOf

router = APIRouter(prefix="/v1/restrictions", tags=["restrictions"])
RESTRICTIONS = Records(reads.RESTRICTIONS)

Reader = Annotated[Principal, Depends(requires("compliance:read"))]
Writer = Annotated[Principal, Depends(requires("restrictions:write"))]
Lifter = Annotated[Principal, Depends(requires("restrictions:lift"))]


@router.post("", status_code=201, responses={201: MADE, **problems(*ABOUT_A_PARTY)})
async def place_restriction(
    request: RestrictionRequest, principal: Writer, key: OptionalKey, edge: EdgeOf, response: Response
) -> RestrictionView:
    """Place a restriction. It holds from this answer on: a contact that is decided after it sees it."""
    return await RESTRICTIONS.make(
        edge, response, principal, key, lambda tx: restrict.place_restriction(tx, principal, request)
    )


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
    return await RESTRICTIONS.page(edge, principal, limit, cursor, party_id=party_id, of_account=account_id, kind=kind)


@router.get("/{restriction_id}", responses={200: ETAGGED, **problems("restriction-unknown")})
async def get_restriction(restriction_id: UUID, principal: Reader, edge: EdgeOf, response: Response) -> RestrictionView:
    """Read a restriction as it stands today."""
    return await RESTRICTIONS.show(edge, response, principal, restriction_id)


@router.post("/{restriction_id}/lift", responses={200: ETAGGED, **problems("restriction-unknown")})
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
    return await RESTRICTIONS.change(
        edge,
        response,
        principal,
        key,
        lambda tx: restrict.lift_restriction(tx, principal, restriction_id, request, if_match.check),
    )
