"""Pauses of an account's delinquent days: made, listed, cancelled. Days past due stay what the contract makes them."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from services.accounts.api.doors import SettingsOf
from services.accounts.domain.actor import Actor
from services.accounts.handlers import pause as pausing
from services.accounts.queries import pauses as queries
from services.accounts.schemas.pauses import PauseIn, PauseOut
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.http.auth import Principal, requires
from shared.http.idempotency import OptionalKey
from shared.http.openapi import problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, answered

router = APIRouter(prefix="/v1", tags=["pauses"])

Reader = Annotated[Principal, Depends(requires("accounts:read"))]
Editor = Annotated[Principal, Depends(requires("pauses:write"))]


@router.post("/accounts/{account_id}/pauses", status_code=201, responses=problems("account-unknown", "pause-empty"))
async def create_pause(
    *,
    account_id: UUID,
    body: PauseIn,
    principal: Editor,
    edge: EdgeOf,
    settings: SettingsOf,
    key: OptionalKey,
) -> PauseOut:
    """Pause an account's delinquent days, from `starts_on` up to but not on `ends_on`, which may be in the past."""
    command = pausing.MakePause(account_id, body.starts_on, body.ends_on, body.reason, body.evidence)

    async def step(tx: Tx) -> PauseOut | Refusal:
        made = await pausing.make_pause(tx, command, _actor(principal), version_epoch=settings.version_epoch)
        return made if isinstance(made, Refusal) else queries.pause_out(made)

    return await edge.run(step, principal=principal, idempotency=key)


@router.get("/accounts/{account_id}/pauses", responses=problems("account-unknown", "cursor-invalid"))
async def list_pauses(
    account_id: UUID, principal: Reader, edge: EdgeOf, cursor: CursorText = None, limit: Limit = 50
) -> Page[PauseOut]:
    """List the pauses of an account by their first days, the cancelled ones among them."""
    after: tuple[date, UUID] | None = decode_cursor(cursor, date, UUID) if cursor else None
    rows = answered(
        await edge.read(lambda tx: queries.list_pauses(tx, account_id, principal.creditors, after, limit + 1))
    )
    return page_of(rows, limit, lambda row: encode_cursor(row.starts_on, row.pause_id))


@router.post("/pauses/{pause_id}/cancel", responses=problems("pause-unknown"))
async def cancel_pause(
    pause_id: UUID, principal: Editor, edge: EdgeOf, settings: SettingsOf, key: OptionalKey
) -> PauseOut:
    """Cancel a pause: its days count again, as if it had never been. Once more changes nothing."""

    async def step(tx: Tx) -> PauseOut | Refusal:
        done = await pausing.take_back_pause(tx, pause_id, _actor(principal), version_epoch=settings.version_epoch)
        return done if isinstance(done, Refusal) else queries.pause_out(done)

    return await edge.run(step, principal=principal, idempotency=key)


def _actor(principal: Principal) -> Actor:
    return Actor(principal.sub, principal.creditors)
