"""Payment arrangements over HTTP: active at once within the maker's authority, else proposed until approved."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.payments.api.undertaking import add_change, add_reading
from services.payments.handlers import propose_arrangement as proposing
from services.payments.queries import obligations as reads
from services.payments.schemas.obligations import ArrangementRequest, ArrangementView
from shared.events.payments import ArrangementStatus
from shared.http.auth import Principal, requires
from shared.http.etag import set_etag
from shared.http.idempotency import RequiredKey
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, run_and_show

router = APIRouter(prefix="/v1/arrangements", tags=["arrangements"])

Reader = Annotated[Principal, Depends(requires("payments:read"))]
Writer = Annotated[Principal, Depends(requires("arrangements:write"))]


@router.post(
    "",
    status_code=201,
    responses={
        201: headers("ETag", "Location"),
        **problems(
            "account-not-here",
            "account-unknown",
            "account-not-eligible",
            "arrangement-open",
            "currency-mismatch",
            "schedule-invalid",
            "due-on-in-past",
        ),
    },
)
async def propose_arrangement(
    request: ArrangementRequest, principal: Writer, key: RequiredKey, edge: EdgeOf, response: Response
) -> ArrangementView:
    """Agree on instalments. Within policy and authority it is `active` at once, else `proposed`."""
    made = await run_and_show(
        edge,
        lambda tx: proposing.propose_arrangement(tx, principal, request),
        reads.get_arrangement,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/arrangements/{view.id}",
    )
    set_etag(response, made.version)
    return made


@router.get("")
async def list_arrangements(
    *,
    principal: Reader,
    edge: EdgeOf,
    account_id: UUID | None = None,
    creditor_id: UUID | None = None,
    status: Annotated[ArrangementStatus | None, Query(description="Only those that stand so.")] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[ArrangementView]:
    """List arrangements, newest first; `status=proposed` lists what waits for approval."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(
        lambda tx: reads.list_arrangements(
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


add_reading(router, "arrangement", ArrangementView, reads.get_arrangement)
add_change(
    router,
    "arrangement",
    ArrangementView,
    reads.get_arrangement,
    verb="approve",
    scope="arrangements:approve",
    description="Approve a proposal that someone else made. It is active from then on and cancels open promises.",
    refuses=("same-person", "due-on-in-past"),
)
add_change(
    router,
    "arrangement",
    ArrangementView,
    reads.get_arrangement,
    verb="cancel",
    scope="arrangements:write",
    description="Cancel an open arrangement. A second cancel changes nothing; what is completed or broken stays.",
)
