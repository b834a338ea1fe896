"""Pauses an account's delinquent days, or takes a pause back; both publish the account where its paused days change.

A pause touches nothing that is contractual: days past due, bucket and stage stay. It may lie in the past, overlap
others or enclose them.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.accounts.domain.actor import Actor
from services.accounts.handlers.recompute import recompute
from services.accounts.store.accounts import creditor_of
from services.accounts.store.pauses import StoredPause, cancel_pause, insert_pause, load_pause, refresh_paused
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id

_UNKNOWN_PAUSE = Refusal("pause-unknown", "there is no such pause")


@dataclass(frozen=True, slots=True)
class MakePause:
    """From `starts_on` up to but not on `ends_on`. `reason` and `evidence` are words of a person: no event has them."""

    account_id: UUID
    starts_on: date
    ends_on: date
    reason: str
    evidence: str | None = None


async def make_pause(tx: Tx, command: MakePause, actor: Actor, *, version_epoch: int = 0) -> StoredPause | Refusal:
    """Records a pause. Refuses with `account-unknown` (another's account too) or `pause-empty`."""
    creditor_id = await creditor_of(tx, command.account_id)
    if creditor_id is None or not actor.may_see(creditor_id):
        return Refusal("account-unknown", "there is no such account")
    if command.ends_on <= command.starts_on:
        detail = f"ends_on is the first day that counts again: it lies after {command.starts_on}"
        return Refusal("pause-empty", detail, "ends_on")
    made_on = await _hold(tx, creditor_id, command.account_id)
    pause = StoredPause(
        pause_id=new_id(),
        account_id=command.account_id,
        creditor_id=creditor_id,
        starts_on=command.starts_on,
        ends_on=command.ends_on,
        reason=command.reason,
        evidence=command.evidence,
        made_on=made_on,
        made_at=tx.clock.now(),
        made_by=actor.sub,
    )
    await insert_pause(tx, pause)
    await _publish(tx, pause.account_id, version_epoch)
    return pause


async def take_back_pause(tx: Tx, pause_id: UUID, actor: Actor, *, version_epoch: int = 0) -> StoredPause | Refusal:
    """Cancels a pause as if it had never been; once more changes nothing. Refuses with `pause-unknown`."""
    found = await load_pause(tx, pause_id)
    if found is None or not actor.may_see(found.creditor_id):
        return _UNKNOWN_PAUSE
    today = await _hold(tx, found.creditor_id, found.account_id)
    pause = await load_pause(tx, pause_id) or found
    if pause.cancelled_at is not None:
        return pause
    cancelled = await cancel_pause(tx, pause, on=today, by=actor.sub)
    await _publish(tx, pause.account_id, version_epoch)
    return cancelled


async def _hold(tx: Tx, creditor_id: UUID, account_id: UUID) -> date:
    """Locks the account; the business date."""
    await lock(tx, creditors=[creditor_id], accounts=[account_id])
    # An account has a row only since its creditor has a business date.
    business_date: date = await tx.fetchval("SELECT business_date FROM creditor WHERE creditor_id = $1", creditor_id)
    return business_date


async def _publish(tx: Tx, account_id: UUID, version_epoch: int) -> None:
    if await refresh_paused(tx, account_id):
        await recompute(tx, [account_id], changed_from={}, restated=[account_id], version_epoch=version_epoch)
