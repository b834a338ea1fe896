"""Vendors over HTTP: read with how they do, made and changed by an administrator, and their ledger."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.skiptrace.api.doors import SettingsOf, VendorReader, VendorWriter
from services.skiptrace.handlers.keep_vendor import keep_vendor
from services.skiptrace.queries import vendors as reads
from services.skiptrace.schemas.vendors import CostView, VendorRequest, VendorView
from shared.db.transaction import Tx
from shared.errors import Problem
from shared.http.etag import OptionalIfMatch, set_etag
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, run_and_show, seen

router = APIRouter(prefix="/v1/vendors", tags=["vendors"])

Code = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


@router.get("")
async def list_vendors(*, _principal: VendorReader, edge: EdgeOf, settings: SettingsOf) -> Page[VendorView]:
    """List the vendors: prices, purposes, hit rates, what they cost this month, and their breakers."""
    return Page(items=await edge.read(lambda tx: reads.list_vendors(tx, settings.vendor_endpoints.keys())))


@router.get("/{code}", responses={200: headers("ETag"), **problems("vendor-unknown")})
async def get_vendor(
    *, code: Code, _principal: VendorReader, edge: EdgeOf, settings: SettingsOf, response: Response
) -> VendorView:
    """Show one vendor."""
    found = await edge.read(lambda tx: reads.list_vendors(tx, settings.vendor_endpoints.keys(), code))
    if not found:
        raise Problem("vendor-unknown", "There is no such vendor.")
    set_etag(response, found[0].version)
    return found[0]


@router.put("/{code}", responses={200: headers("ETag"), **problems("vendor-layout-invalid", "precondition-failed")})
async def put_vendor(
    *,
    code: Code,
    request: VendorRequest,
    principal: VendorWriter,
    if_match: OptionalIfMatch,
    edge: EdgeOf,
    settings: SettingsOf,
    response: Response,
) -> VendorView:
    """Make or change a vendor. The address and the account stand in the deployment, under the name of `endpoint`."""
    check = if_match.check if if_match else None

    async def show(tx: Tx, name: str) -> VendorView | None:
        return next(iter(await reads.list_vendors(tx, settings.vendor_endpoints.keys(), name)), None)

    made = await run_and_show(
        edge, lambda tx: keep_vendor(tx, principal, code, request, check), show, principal=principal
    )
    set_etag(response, made.version)
    return made


@router.get("/{code}/costs")
async def list_vendor_costs(
    *, code: Code, principal: VendorReader, edge: EdgeOf, limit: Limit = 50, cursor: CursorText = None
) -> Page[CostView]:
    """List the cost ledger of a vendor, newest first, for the creditors of the token."""
    last = decode_cursor(cursor, datetime, UUID) if cursor else None
    after = None if last is None else (last[0], last[1])
    rows = await edge.read(lambda tx: reads.list_costs(tx, code, seen(principal), after, limit + 1))
    return page_of(rows, limit, lambda view: encode_cursor(view.at, view.entry_id))
