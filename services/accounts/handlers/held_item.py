"""The steps that every action on a work item shares: find it, lock its account, read it again; save it, publish it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.accounts.domain.actor import Actor
from services.accounts.domain.work_item import WorkItem
from services.accounts.handlers.queue_membership import queue_event
from services.accounts.store.history import HistoryFact, record_history
from services.accounts.store.work_items import load_item, update_items
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal


@dataclass(frozen=True, slots=True)
class HeldItem:
    """A work item read under its account's lock, and the business date of its creditor."""

    item: WorkItem
    business_date: date


async def hold_item(tx: Tx, work_item_id: UUID, actor: Actor, *, version_epoch: int = 0) -> HeldItem | Refusal:
    """Locks the item's account and reads the item. Refuses with `work-item-unknown`, also for another's creditor."""
    found = await load_item(tx, work_item_id)
    if found is None or not actor.may_see(found.creditor_id):
        return Refusal("work-item-unknown", "no such work item")
    await lock(tx, creditors=[found.creditor_id], accounts=[found.account_id])
    item = await load_item(tx, work_item_id, version_epoch=version_epoch)
    business_date = await tx.fetchval("SELECT business_date FROM creditor WHERE creditor_id = $1", found.creditor_id)
    # items are never deleted, and an account has its item only since its creditor has a business date
    if item is None or business_date is None:
        msg = f"work item {work_item_id} without its creditor's business date"
        raise LookupError(msg)
    return HeldItem(item, business_date)


async def save_item(tx: Tx, item: WorkItem) -> None:
    """Writes an open item that a collector acted on, and publishes it."""
    await update_items(tx, [item])
    tx.emit("queue.item_assigned", queue_event(item), version=item.version)


async def save_withheld(tx: Tx, held: HeldItem, item: WorkItem, actor: Actor, kind: str, **detail: bool) -> None:
    """Saves an item that is withheld now, and puts it on the account's timeline as `kind`."""
    await save_item(tx, item)
    said = {
        "queue": item.queue,
        "work_item_id": str(item.work_item_id),
        "by": actor.sub,
        "withheld_until": None if item.withheld_until is None else item.withheld_until.isoformat(),
        **detail,
    }
    await record_history(tx, [HistoryFact(item.account_id, item.creditor_id, held.business_date, kind, said)])
