"""Disputes, representations and complaints over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.compliance.api.doors import RulesOf
from services.compliance.api.records import ABOUT_A_PARTY, ETAGGED, MADE, Records
from services.compliance.handlers import cases
from services.compliance.queries import records as reads
from services.compliance.schemas.cases import (
    ComplaintClose,
    ComplaintRequest,
    ComplaintView,
    DisputeRequest,
    DisputeStep,
    DisputeView,
    RepresentationRequest,
    RepresentationStep,
    RepresentationView,
)
from shared.http.auth import Principal, requires
from shared.http.etag import IfMatch
from shared.http.idempotency import OptionalKey
from shared.http.openapi import problems
from shared.http.pagination import CursorText, Limit, Page
from shared.http.routes import EdgeOf

router = APIRouter(prefix="/v1", tags=["cases"])
DISPUTES = Records(reads.DISPUTES)
REPRESENTATIONS = Records(reads.REPRESENTATIONS)
COMPLAINTS = Records(reads.COMPLAINTS)

Reader = Annotated[Principal, Depends(requires("compliance:read"))]
Disputer = Annotated[Principal, Depends(requires("disputes:write"))]
Restrictor = Annotated[Principal, Depends(requires("restrictions:write"))]


@router.post("/disputes", status_code=201, responses={201: MADE, **problems(*ABOUT_A_PARTY)})
async def open_dispute(
    *,
    request: DisputeRequest,
    principal: Disputer,
    key: OptionalKey,
    edge: EdgeOf,
    rules: RulesOf,
    response: Response,
) -> DisputeView:
    """Record a dispute. A `dispute_hold` follows where a rule in force asks for one, in the creditor's role."""
    return await DISPUTES.make(
        edge, response, principal, key, lambda tx: cases.Disputes(rules.book).open(tx, principal, request)
    )


@router.get("/disputes")
async def list_disputes(
    *,
    principal: Reader,
    edge: EdgeOf,
    party_id: UUID | None = None,
    account_id: UUID | None = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[DisputeView]:
    """List disputes, newest first."""
    return await DISPUTES.page(edge, principal, limit, cursor, party_id=party_id, account_id=account_id)


@router.get("/disputes/{dispute_id}", responses={200: ETAGGED, **problems("dispute-unknown")})
async def get_dispute(dispute_id: UUID, principal: Reader, edge: EdgeOf, response: Response) -> DisputeView:
    """Read a dispute."""
    return await DISPUTES.show(edge, response, principal, dispute_id)


@router.post(
    "/disputes/{dispute_id}/steps", responses={200: ETAGGED, **problems("dispute-unknown", "transition-refused")}
)
async def move_dispute(
    *,
    dispute_id: UUID,
    request: DisputeStep,
    principal: Disputer,
    if_match: IfMatch,
    key: OptionalKey,
    edge: EdgeOf,
    response: Response,
) -> DisputeView:
    """Move a dispute on. Its hold ends when verification was sent (`answered_at`), or when it is closed."""
    return await DISPUTES.change(
        edge,
        response,
        principal,
        key,
        lambda tx: cases.move_dispute(tx, principal, dispute_id, request, if_match.check),
    )


@router.post("/representations", status_code=201, responses={201: MADE, **problems(*ABOUT_A_PARTY)})
async def record_representation(
    request: RepresentationRequest, principal: Restrictor, key: OptionalKey, edge: EdgeOf, response: Response
) -> RepresentationView:
    """Record that an attorney represents the party: direct contact about these debts is restricted at once."""
    return await REPRESENTATIONS.make(
        edge, response, principal, key, lambda tx: cases.record_representation(tx, principal, request)
    )


@router.get("/representations/{representation_id}", responses={200: ETAGGED, **problems("representation-unknown")})
async def get_representation(
    representation_id: UUID, principal: Reader, edge: EdgeOf, response: Response
) -> RepresentationView:
    """Read a representation."""
    return await REPRESENTATIONS.show(edge, response, principal, representation_id)


@router.patch("/representations/{representation_id}", responses={200: ETAGGED, **problems("representation-unknown")})
async def change_representation(
    *,
    representation_id: UUID,
    request: RepresentationStep,
    principal: Restrictor,
    if_match: IfMatch,
    edge: EdgeOf,
    response: Response,
) -> RepresentationView:
    """Say that the attorney allows direct contact, does not answer, or represents the party no longer."""
    return await REPRESENTATIONS.change(
        edge,
        response,
        principal,
        None,
        lambda tx: cases.move_representation(tx, principal, representation_id, request, if_match.check),
    )


@router.post("/complaints", status_code=201, responses={201: MADE, **problems(*ABOUT_A_PARTY)})
async def take_complaint(
    request: ComplaintRequest, principal: Disputer, key: OptionalKey, edge: EdgeOf, response: Response
) -> ComplaintView:
    """Record a complaint; with `is_hold` it restricts the account, or the party, until it is closed."""
    return await COMPLAINTS.make(
        edge, response, principal, key, lambda tx: cases.take_complaint(tx, principal, request)
    )


@router.get("/complaints")
async def list_complaints(
    *,
    principal: Reader,
    edge: EdgeOf,
    party_id: UUID | None = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[ComplaintView]:
    """List complaints, newest first."""
    return await COMPLAINTS.page(edge, principal, limit, cursor, party_id=party_id)


@router.get("/complaints/{complaint_id}", responses={200: ETAGGED, **problems("complaint-unknown")})
async def get_complaint(complaint_id: UUID, principal: Reader, edge: EdgeOf, response: Response) -> ComplaintView:
    """Read a complaint."""
    return await COMPLAINTS.show(edge, response, principal, complaint_id)


@router.post("/complaints/{complaint_id}/close", responses={200: ETAGGED, **problems("complaint-unknown")})
async def close_complaint(
    *,
    complaint_id: UUID,
    request: ComplaintClose,
    principal: Disputer,
    if_match: IfMatch,
    key: OptionalKey,
    edge: EdgeOf,
    response: Response,
) -> ComplaintView:
    """Close a complaint with its resolution; its hold ends. A second time changes nothing."""
    return await COMPLAINTS.change(
        edge,
        response,
        principal,
        key,
        lambda tx: cases.close_complaint(tx, principal, complaint_id, request, if_match.check),
    )
