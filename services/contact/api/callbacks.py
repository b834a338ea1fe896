"""Callbacks over HTTP: who is to be contacted when. Whether it may be is decided by a permit when the time has come."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.contact.domain.callback import CallbackStatus
from services.contact.domain.placing import check_parts
from services.contact.handlers import callbacks as changing
from services.contact.queries import contact_points as reads
from services.contact.schemas.contact_points import CallbackMove, CallbackRequest, CallbackView
from services.contact.store.cases import load_debts
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.http.auth import Principal, requires
from shared.http.idempotency import OptionalKey
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, run_and_show, seen, visible

router = APIRouter(prefix="/v1/callbacks", tags=["callbacks"])

Reader = Annotated[Principal, Depends(requires("contact:read"))]
Writer = Annotated[Principal, Depends(requires("contact:write"))]


@router.post(
    "",
    status_code=201,
    responses={201: headers("Location"), **problems("account-unknown", "party-not-on-account", "callback-in-past")},
)
async def schedule_callback(
    request: CallbackRequest, principal: Writer, key: OptionalKey, edge: EdgeOf, response: Response
) -> CallbackView:
    """Schedule a callback."""
    return await run_and_show(
        edge,
        lambda tx: _scheduled(tx, principal, request),
        reads.get_callback,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/callbacks/{view.callback_id}",
        response=response,
    )


async def _scheduled(tx: Tx, principal: Principal, request: CallbackRequest) -> UUID | Refusal:
    debts = await load_debts(tx, request.account_ids)
    if len(debts) < len(set(request.account_ids)) or not all(principal.may_see(d.creditor_id) for d in debts.values()):
        return Refusal("account-unknown", "There is no such account.", "account_ids")
    if (refusal := check_parts(request.party_id, list(debts.values()))) is not None:
        return refusal
    if request.callback_at <= tx.clock.now():
        return Refusal("callback-in-past", "The time has passed.", "callback_at")
    draft = changing.NewCallback(
        creditor_id=debts[request.account_ids[0]].creditor_id,
        party_id=request.party_id,
        account_ids=request.account_ids,
        channel=request.channel,
        contact_point_id=request.contact_point_id,
        callback_at=request.callback_at,
        is_requested=request.is_requested,
        actor=principal.sub,
    )
    return (await changing.schedule(tx, [draft]))[0]


@router.get("")
async def list_callbacks(
    *,
    principal: Reader,
    edge: EdgeOf,
    party_id: UUID | None = None,
    creditor_id: UUID | None = None,
    status: CallbackStatus | None = None,
    due: Annotated[bool, Query(description="Only those whose time has come.")] = False,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[CallbackView]:
    """List callbacks, the earliest first."""
    after: tuple[datetime, UUID] | None = decode_cursor(cursor, datetime, UUID) if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_callbacks(
            tx,
            creditors=seen(principal, creditor_id),
            party_id=party_id,
            status=status,
            is_due=due,
            after=after,
            limit=limit + 1,
        )
    )
    return page_of(rows, limit, lambda view: encode_cursor(view.callback_at, str(view.callback_id)))


@router.get("/{callback_id}", responses=problems("callback-unknown"))
async def get_callback(callback_id: UUID, principal: Reader, edge: EdgeOf) -> CallbackView:
    """Show a callback."""
    return visible(await edge.read(lambda tx: reads.get_callback(tx, callback_id)), principal, "callback")


@router.post("/{callback_id}/move", responses=problems("callback-unknown", "callback-in-past", "transition-refused"))
async def move_callback(
    callback_id: UUID, request: CallbackMove, principal: Writer, key: OptionalKey, edge: EdgeOf
) -> CallbackView:
    """Give a callback another time."""
    return await run_and_show(
        edge,
        lambda tx: changing.change(tx, principal, callback_id, "scheduled", callback_at=request.callback_at),
        reads.get_callback,
        principal=principal,
        idempotency=key,
    )


@router.post("/{callback_id}/cancel", responses=problems("callback-unknown", "transition-refused"))
async def cancel_callback(callback_id: UUID, principal: Writer, key: OptionalKey, edge: EdgeOf) -> CallbackView:
    """Cancel a callback."""
    return await run_and_show(
        edge,
        lambda tx: changing.change(tx, principal, callback_id, "cancelled"),
        reads.get_callback,
        principal=principal,
        idempotency=key,
    )
