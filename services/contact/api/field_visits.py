"""Field visits over HTTP. A visit begins under a permit like every contact; its outcome is that of its attempt."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.contact.api.attempts import PLACING_PROBLEMS
from services.contact.api.doors import DeskOf, once
from services.contact.handlers import field_visits as visits
from services.contact.handlers.attempting import attempt
from services.contact.handlers.place_attempts import PlaceAttempt
from services.contact.queries import attempts as reads
from services.contact.schemas.field_visits import FieldVisitRequest, FieldVisitView
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.http.auth import Principal, requires
from shared.http.idempotency import OptionalKey, RequiredKey
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, answered, run_and_show, seen, visible

router = APIRouter(prefix="/v1/field-visits", tags=["field visits"])

Reader = Annotated[Principal, Depends(requires("contact:read"))]
Placer = Annotated[Principal, Depends(requires("contact:place"))]
Orderer = Annotated[Principal, Depends(requires("field_visits:order"))]


@router.post(
    "", status_code=201, responses={201: headers("Location"), **problems("account-unknown", "party-not-on-account")}
)
async def order_field_visit(
    request: FieldVisitRequest, principal: Orderer, key: OptionalKey, edge: EdgeOf, response: Response
) -> FieldVisitView:
    """Order a visit."""
    return await run_and_show(
        edge,
        lambda tx: visits.order_visit(tx, principal, request),
        reads.get_visit,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/field-visits/{view.field_visit_id}",
        response=response,
    )


@router.get("")
async def list_field_visits(
    *, principal: Reader, edge: EdgeOf, party_id: UUID | None = None, limit: Limit = 50, cursor: CursorText = None
) -> Page[FieldVisitView]:
    """List visits, newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_visits(tx, limit=limit + 1, before=before, party_id=party_id, creditors=seen(principal))
    )
    return page_of(rows, limit, lambda view: encode_cursor(str(view.field_visit_id)))


@router.get("/{field_visit_id}", responses=problems("field-visit-unknown"))
async def get_field_visit(field_visit_id: UUID, principal: Reader, edge: EdgeOf) -> FieldVisitView:
    """Show a visit."""
    return visible(await edge.read(lambda tx: reads.get_visit(tx, field_visit_id)), principal, "field-visit")


@router.post(
    "/{field_visit_id}/begin", responses=problems(*PLACING_PROBLEMS, "field-visit-unknown", "transition-refused")
)
async def begin_field_visit(field_visit_id: UUID, principal: Placer, key: RequiredKey, desk: DeskOf) -> FieldVisitView:
    """Go to the door: asks for a permit and places the attempt, or 403 `contact-blocked`."""

    async def submit(command: PlaceAttempt) -> FieldVisitView:
        async def begin(tx: Tx) -> UUID | Refusal:
            placed = await visits.begin_visit(tx, principal, field_visit_id, command)
            return placed if isinstance(placed, Refusal) else field_visit_id

        return await run_and_show(desk.edge, begin, reads.get_visit, principal=principal, idempotency=key)

    async def work(wish: str) -> FieldVisitView:
        placing = answered(await desk.edge.read(lambda tx: visits.find_visit(tx, principal, field_visit_id, "begun")))
        return await attempt(desk.permits, submit, principal, placing, wish)

    return await once(desk, principal, key, work)


@router.post("/{field_visit_id}/cancel", responses=problems("field-visit-unknown", "transition-refused"))
async def cancel_field_visit(
    field_visit_id: UUID, principal: Orderer, key: OptionalKey, edge: EdgeOf
) -> FieldVisitView:
    """Cancel a visit that has not begun."""
    return await run_and_show(
        edge,
        lambda tx: visits.cancel_visit(tx, principal, field_visit_id),
        reads.get_visit,
        principal=principal,
        idempotency=key,
    )
