"""Creditors: made and changed by an administrator, read by all; and what is held for one that is not known yet."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from services.accounts.api.doors import SettingsOf
from services.accounts.handlers.put_creditor import PutCreditor
from services.accounts.handlers.put_creditor import put_creditor as put
from services.accounts.queries import creditors as queries
from services.accounts.schemas.creditors import CreditorIn, CreditorOut, HeldSnapshotOut
from shared.db.locks import Locks
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.http.auth import Principal, requires
from shared.http.openapi import problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, answered, visible_creditor

router = APIRouter(prefix="/v1", tags=["creditors"])

Reader = Annotated[Principal, Depends(requires("creditors:read"))]
Writer = Annotated[Principal, Depends(requires("creditors:write"))]


@router.put("/creditors/{creditor_id}", responses=problems("creditor-unknown", "currency-change", "time-zone-unknown"))
async def put_creditor(
    creditor_id: UUID, body: CreditorIn, principal: Writer, edge: EdgeOf, settings: SettingsOf
) -> CreditorOut:
    """Make a creditor, or change one. Its currency stays while it has accounts."""
    visible_creditor(creditor_id, principal)
    command = PutCreditor(creditor_id, body.name, body.kind, body.currency, body.time_zone)

    async def run(tx: Tx) -> CreditorOut | Refusal:
        result = await put(tx, command, version_epoch=settings.version_epoch)
        return result if isinstance(result, Refusal) else queries.creditor_out(result)

    return await edge.run(run, principal=principal, locks=Locks(creditors=frozenset((creditor_id,)), exclusive=True))


@router.get("/creditors")
async def list_creditors(
    principal: Reader, edge: EdgeOf, cursor: CursorText = None, limit: Limit = 50
) -> Page[CreditorOut]:
    """List the creditors of the token."""
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await edge.read(lambda tx: queries.list_creditors(tx, principal.creditors, after, limit + 1))
    return page_of(rows, limit, lambda row: encode_cursor(row.creditor_id))


@router.get("/creditors/{creditor_id}", responses=problems("creditor-unknown"))
async def get_creditor(creditor_id: UUID, principal: Reader, edge: EdgeOf) -> CreditorOut:
    """Read one creditor, with its business date."""
    visible_creditor(creditor_id, principal)
    return answered(await edge.read(lambda tx: queries.get_creditor(tx, creditor_id)))


@router.get("/held-snapshots")
async def list_held_snapshots(
    principal: Reader, edge: EdgeOf, cursor: CursorText = None, limit: Limit = 50
) -> Page[HeldSnapshotOut]:
    """List the snapshots that wait for their creditor to be made."""
    after = decode_cursor(cursor, int)[0] if cursor else None
    rows = await edge.read(lambda tx: queries.list_held_snapshots(tx, principal.creditors, after, limit + 1))
    return page_of(rows, limit, lambda row: encode_cursor(row.held_no))
