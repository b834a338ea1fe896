"""Account-360 and the timeline of an account."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.accounts.queries import overview as overviews
from services.accounts.queries import timeline as timelines
from services.accounts.schemas.overview import OverviewOut
from services.accounts.schemas.timeline import TimelineItem
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.http.auth import Principal, requires
from shared.http.openapi import problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.http.routes import EdgeOf, answered

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

Reader = Annotated[Principal, Depends(requires("accounts:read"))]


@router.get("/{account_id}/overview", responses=problems("account-unknown"))
async def get_account_overview(account_id: UUID, principal: Reader, edge: EdgeOf) -> OverviewOut:
    """Show everything about an account at its creditor's business date, in one answer."""
    return answered(await edge.read(lambda tx: overviews.get_overview(tx, account_id, principal.creditors)))


@router.get("/{account_id}/timeline", responses=problems("account-unknown", "cursor-invalid"))
async def list_account_timeline(
    *,
    account_id: UUID,
    principal: Reader,
    edge: EdgeOf,
    cursor: CursorText = None,
    limit: Limit = 50,
    newest_first: Annotated[bool, Query(description="From the latest fact back.")] = False,
) -> Page[TimelineItem]:
    """List every fact about an account in the order of the days for which they count, the oldest first."""
    after: timelines.Position | None = decode_cursor(cursor, *timelines.SORT_KEY) if cursor else None

    async def read(tx: Tx) -> list[tuple[TimelineItem, timelines.Position]] | Refusal:
        return await timelines.list_timeline(
            tx, account_id, principal.creditors, after=after, limit=limit + 1, newest_first=newest_first
        )

    rows = answered(await edge.read(read))
    kept = rows[:limit]
    next_cursor = encode_cursor(*kept[-1][1]) if len(rows) > limit else None
    return Page(items=[item for item, _ in kept], next_cursor=next_cursor)
