"""Promises to pay over HTTP: made at once, read, cancelled. A promise needs no approval, so `approve` refuses."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.payments.api.undertaking import add_change, add_reading
from services.payments.handlers import make_promise as making
from services.payments.queries import obligations as reads
from services.payments.schemas.obligations import PromiseRequest, PromiseView
from shared.events.payments import PromiseStatus
from shared.http.auth import Principal, requires
from shared.http.etag import set_etag
from shared.http.idempotency import RequiredKey
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, run_and_show

router = APIRouter(prefix="/v1/promises", tags=["promises"])

Reader = Annotated[Principal, Depends(requires("payments:read"))]
Writer = Annotated[Principal, Depends(requires("promises:write"))]


@router.post(
    "",
    status_code=201,
    responses={
        201: headers("ETag", "Location"),
        **problems(
            "account-not-here",
            "account-unknown",
            "account-not-eligible",
            "currency-mismatch",
            "due-on-in-past",
        ),
    },
)
async def make_promise(
    request: PromiseRequest, principal: Writer, key: RequiredKey, edge: EdgeOf, response: Response
) -> PromiseView:
    """Take a promise to pay. It is kept when its amount is reached by money effective by its due date."""
    made = await run_and_show(
        edge,
        lambda tx: making.make_promise(tx, principal, request),
        reads.get_promise,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/promises/{view.id}",
    )
    set_etag(response, made.version)
    return made


@router.get("")
async def list_promises(
    *,
    principal: Reader,
    edge: EdgeOf,
    account_id: UUID | None = None,
    creditor_id: UUID | None = None,
    status: Annotated[PromiseStatus | None, Query(description="Only those that stand so.")] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[PromiseView]:
    """List promises, newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_promises(
            tx,
            limit=limit + 1,
            account_id=account_id,
            creditor_id=creditor_id,
            status=status,
            creditors=principal.creditors,
            before=before,
        )
    )
    return page_of(rows, limit, lambda view: encode_cursor(str(view.id)))


add_reading(router, "promise", PromiseView, reads.get_promise)
add_change(
    router,
    "promise",
    PromiseView,
    reads.get_promise,
    verb="approve",
    scope="arrangements:approve",
    description="Refuse: a promise is made at once and never waits for approval (`transition-refused`).",
)
add_change(
    router,
    "promise",
    PromiseView,
    reads.get_promise,
    verb="cancel",
    scope="promises:write",
    description="Cancel an open promise. A second cancel changes nothing; what is kept or broken stays.",
)
