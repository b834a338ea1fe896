"""Working a queue: the next item, and what a collector does with it.

A lease runs on the wall clock, for 30 minutes; withholding on business dates.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Response

from services.accounts.api.doors import SettingsOf
from services.accounts.domain.actor import Actor
from services.accounts.handlers import complete as completing
from services.accounts.handlers import escalate as escalating
from services.accounts.handlers import next_item as offering
from services.accounts.handlers import release as releasing
from services.accounts.handlers import snooze as snoozing
from services.accounts.schemas.work_items import CompleteIn, EscalateIn, SnoozeIn, WorkItemOut
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.http.auth import Principal, requires
from shared.http.idempotency import OptionalKey
from shared.http.openapi import problems
from shared.http.routes import EdgeOf

router = APIRouter(prefix="/v1", tags=["work items"])

Worker = Annotated[Principal, Depends(requires("work_items:write"))]
Code = Annotated[str, Path(max_length=48, examples=["early_stage"])]
_HELD = ("work-item-unknown", "work-item-superseded", "not-lease-holder")


def _actor(principal: Principal) -> Actor:
    return Actor(principal.sub, principal.creditors, is_supervisor=principal.has("work_items:release"))


@router.post(
    "/queues/{code}/next",
    responses={**problems("queue-unknown"), 204: {"description": "Nothing is on offer.", "model": None}},
    response_model=WorkItemOut,
)
async def next_work_item(code: Code, principal: Worker, edge: EdgeOf, settings: SettingsOf) -> WorkItemOut | Response:
    """Lease the best item of a queue for 30 minutes. Each call leases another; 204 when there is none."""

    async def step(tx: Tx) -> WorkItemOut | Refusal | None:
        return await offering.next_item(tx, code, _actor(principal), version_epoch=settings.version_epoch)

    item = await edge.run(step, principal=principal)
    return Response(status_code=204) if item is None else item


@router.post("/work-items/{work_item_id}/complete", responses=problems(*_HELD, "follow-up-in-past", "forbidden"))
async def complete_work_item(
    *,
    work_item_id: UUID,
    principal: Worker,
    edge: EdgeOf,
    settings: SettingsOf,
    key: OptionalKey,
    request: Annotated[CompleteIn | None, Body()] = None,
) -> WorkItemOut:
    """Say that the item was worked: it is withheld to its follow-up, by default to the next business date."""
    wanted = request or CompleteIn()
    return await _run(
        edge,
        principal,
        key,
        lambda tx: completing.complete(
            tx,
            work_item_id,
            _actor(principal),
            follow_up_on=wanted.follow_up_on,
            resolve_escalation=wanted.resolve_escalation,
            version_epoch=settings.version_epoch,
        ),
    )


@router.post("/work-items/{work_item_id}/release", responses=problems(*_HELD))
async def release_work_item(
    work_item_id: UUID, principal: Worker, edge: EdgeOf, settings: SettingsOf, key: OptionalKey
) -> WorkItemOut:
    """Give the item back, to be offered again at once. A supervisor may release anybody's."""
    return await _run(
        edge,
        principal,
        key,
        lambda tx: releasing.release(tx, work_item_id, _actor(principal), version_epoch=settings.version_epoch),
    )


@router.post("/work-items/{work_item_id}/snooze", responses=problems(*_HELD, "snooze-in-past"))
async def snooze_work_item(
    *,
    work_item_id: UUID,
    principal: Worker,
    edge: EdgeOf,
    settings: SettingsOf,
    key: OptionalKey,
    request: Annotated[SnoozeIn | None, Body()] = None,
) -> WorkItemOut:
    """Withhold the item until a business date, by default the next one. A change of queue offers it at once."""
    until = request.until if request else None
    return await _run(
        edge,
        principal,
        key,
        lambda tx: snoozing.snooze(
            tx, work_item_id, _actor(principal), until=until, version_epoch=settings.version_epoch
        ),
    )


@router.post("/work-items/{work_item_id}/escalate", responses=problems(*_HELD))
async def escalate_work_item(
    *,
    work_item_id: UUID,
    request: EscalateIn,
    principal: Worker,
    edge: EdgeOf,
    settings: SettingsOf,
    key: OptionalKey,
) -> WorkItemOut:
    """Ask for a supervisor: the account moves to `escalated`, and this item is superseded."""
    return await _run(
        edge,
        principal,
        key,
        lambda tx: escalating.escalate(
            tx, work_item_id, _actor(principal), reason=request.reason, version_epoch=settings.version_epoch
        ),
    )


async def _run(
    edge: EdgeOf,
    principal: Principal,
    key: OptionalKey,
    step: Callable[[Tx], Awaitable[WorkItemOut | Refusal]],
) -> WorkItemOut:
    return await edge.run(step, principal=principal, idempotency=key)
