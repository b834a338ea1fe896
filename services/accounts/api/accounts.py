"""Accounts, read: one now or as of a past day, a filtered list, and how a balance is made."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.accounts.queries import account_list as listing
from services.accounts.queries import accounts as queries
from services.accounts.schemas.accounts import AccountOut, BalanceOut
from shared.events.accounts import Bucket, ProductClass, Stage
from shared.events.payload import Day
from shared.http.auth import Principal, requires
from shared.http.etag import set_etag
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, answered

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

Reader = Annotated[Principal, Depends(requires("accounts:read"))]
AsOf = Annotated[Day | None, Query(description="A past day: entries effective by then, as known now.")]
Days = Annotated[int | None, Query(ge=0, le=100_000)]
_AS_OF = ("account-unknown", "as-of-in-future", "as-of-before-history")


@router.get("")
async def list_accounts(
    principal: Reader,
    edge: EdgeOf,
    *,
    creditor_id: UUID | None = None,
    core_account_number: Annotated[str | None, Query(max_length=64)] = None,
    bucket: Bucket | None = None,
    stage: Stage | None = None,
    queue: Annotated[str | None, Query(max_length=48)] = None,
    product_class: ProductClass | None = None,
    dpd_gte: Days = None,
    dpd_lte: Days = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[AccountOut]:
    """List the accounts of the token's creditors, by creditor and id."""
    after: listing.Position | None = decode_cursor(cursor, UUID, UUID) if cursor else None
    wanted = listing.AccountFilter(
        creditors=principal.creditors,
        creditor_id=creditor_id,
        core_account_number=core_account_number.strip() if core_account_number else None,
        bucket=bucket,
        stage=stage,
        queue=queue,
        product_class=product_class,
        dpd_gte=dpd_gte,
        dpd_lte=dpd_lte,
    )
    rows = await edge.read(lambda tx: listing.list_accounts(tx, wanted, after, limit + 1))
    return page_of(rows, limit, lambda row: encode_cursor(row.creditor_id, row.account_id))


@router.get("/{account_id}", responses={200: headers("ETag"), **problems(*_AS_OF)})
async def get_account(
    account_id: UUID, response: Response, principal: Reader, edge: EdgeOf, as_of: AsOf = None
) -> AccountOut:
    """Read an account, aged at its creditor's business date or as of a past day."""
    found = answered(await edge.read(lambda tx: queries.get_account(tx, account_id, principal.creditors, as_of)))
    if as_of is None:
        set_etag(response, found.version)
    return found


@router.get("/{account_id}/balance", responses=problems(*_AS_OF))
async def get_account_balance(account_id: UUID, principal: Reader, edge: EdgeOf, as_of: AsOf = None) -> BalanceOut:
    """Show how a balance is made: the snapshot's, and every posting that it does not contain."""
    return answered(await edge.read(lambda tx: queries.get_balance(tx, account_id, principal.creditors, as_of)))
