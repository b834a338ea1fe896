"""Disputes, representations and complaints over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.compliance.api.doors import RulesOf
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
from shared.db.transaction import Tx
from shared.http.auth import Principal, requires
from shared.http.etag import IfMatch, set_etag
from shared.http.idempotency import OptionalKey
from shared.http.openapi import problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, run_and_show, seen, visible

router = APIRouter(prefix="/v1", tags=["cases"])

Reader = Annotated[Principal, Depends(requires("compliance:read"))]
Disputer = Annotated[Principal, Depends(requires("disputes:write"))]
Restrictor = Annotated[Principal, Depends(requires("restrictions:write"))]
_ABOUT_A_PARTY = ("party-not-here", "account-not-here", "party-unknown", "accounts-of-several-creditors")


async def _dispute(tx: Tx, dispute_id: UUID) -> DisputeView | None:
    return await reads.get(tx, "dispute", dispute_id, reads.shown_dispute)


async def _representation(tx: Tx, representation_id: UUID) -> RepresentationView | None:
    return await reads.get(tx, "representation", representation_id, reads.shown_representation)


async def _complaint(tx: Tx, complaint_id: UUID) -> ComplaintView | None:
    return await reads.get(tx, "complaint", complaint_id, reads.shown_complaint)


@router.post("/disputes", status_code=201, responses=problems(*_ABOUT_A_PARTY))
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
    made = await run_and_show(
        edge,
        lambda tx: cases.Disputes(rules.book).open(tx, principal, request),
        _dispute,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/disputes/{view.dispute_id}",
    )
    response.headers["Location"] = f"/v1/disputes/{made.dispute_id}"
    set_etag(response, made.version)
    return made


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
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_of(
            tx,
            "dispute",
            reads.shown_dispute,
            limit=limit + 1,
            before=before,
            party_id=party_id,
            account_id=account_id,
            creditors=seen(principal),
        )
    )
    return page_of(rows, limit, lambda view: encode_cursor(str(view.dispute_id)))


@router.get("/disputes/{dispute_id}", responses=problems("dispute-unknown"))
async def get_dispute(dispute_id: UUID, principal: Reader, edge: EdgeOf, response: Response) -> DisputeView:
    """Read a dispute."""
    found = await edge.read(lambda tx: _dispute(tx, dispute_id))
    shown = visible(found, principal, "dispute")
    set_etag(response, shown.version)
    return shown


@router.post("/disputes/{dispute_id}/steps", responses=problems("dispute-unknown", "transition-refused"))
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
    shown = await run_and_show(
        edge,
        lambda tx: cases.move_dispute(tx, principal, dispute_id, request, if_match.check),
        _dispute,
        principal=principal,
        idempotency=key,
    )
    set_etag(response, shown.version)
    return shown


@router.post("/representations", status_code=201, responses=problems(*_ABOUT_A_PARTY))
async def record_representation(
    request: RepresentationRequest, principal: Restrictor, key: OptionalKey, edge: EdgeOf, response: Response
) -> RepresentationView:
    """Record that an attorney represents the party: direct contact about these debts is restricted at once."""
    made = await run_and_show(
        edge,
        lambda tx: cases.record_representation(tx, principal, request),
        _representation,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/representations/{view.representation_id}",
    )
    response.headers["Location"] = f"/v1/representations/{made.representation_id}"
    set_etag(response, made.version)
    return made


@router.get("/representations/{representation_id}", responses=problems("representation-unknown"))
async def get_representation(
    representation_id: UUID, principal: Reader, edge: EdgeOf, response: Response
) -> RepresentationView:
    """Read a representation."""
    found = await edge.read(lambda tx: _representation(tx, representation_id))
    shown = visible(found, principal, "representation")
    set_etag(response, shown.version)
    return shown


@router.patch("/representations/{representation_id}", responses=problems("representation-unknown"))
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
    shown = await run_and_show(
        edge,
        lambda tx: cases.move_representation(tx, principal, representation_id, request, if_match.check),
        _representation,
        principal=principal,
        idempotency=None,
    )
    set_etag(response, shown.version)
    return shown


@router.post("/complaints", status_code=201, responses=problems(*_ABOUT_A_PARTY))
async def take_complaint(
    request: ComplaintRequest, principal: Disputer, key: OptionalKey, edge: EdgeOf, response: Response
) -> ComplaintView:
    """Record a complaint; with `is_hold` it restricts the account, or the party, until it is closed."""
    made = await run_and_show(
        edge,
        lambda tx: cases.take_complaint(tx, principal, request),
        _complaint,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/complaints/{view.complaint_id}",
    )
    response.headers["Location"] = f"/v1/complaints/{made.complaint_id}"
    set_etag(response, made.version)
    return made


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
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_of(
            tx,
            "complaint",
            reads.shown_complaint,
            limit=limit + 1,
            before=before,
            party_id=party_id,
            creditors=seen(principal),
        )
    )
    return page_of(rows, limit, lambda view: encode_cursor(str(view.complaint_id)))


@router.get("/complaints/{complaint_id}", responses=problems("complaint-unknown"))
async def get_complaint(complaint_id: UUID, principal: Reader, edge: EdgeOf, response: Response) -> ComplaintView:
    """Read a complaint."""
    found = await edge.read(lambda tx: _complaint(tx, complaint_id))
    shown = visible(found, principal, "complaint")
    set_etag(response, shown.version)
    return shown


@router.post("/complaints/{complaint_id}/close", responses=problems("complaint-unknown"))
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
    shown = await run_and_show(
        edge,
        lambda tx: cases.close_complaint(tx, principal, complaint_id, request, if_match.check),
        _complaint,
        principal=principal,
        idempotency=key,
    )
    set_etag(response, shown.version)
    return shown
