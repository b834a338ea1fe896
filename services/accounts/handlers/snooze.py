"""`snooze`: the item waits until a business date; a change of queue offers the account at once."""

from datetime import date
from uuid import UUID

from services.accounts.domain.actor import Actor
from services.accounts.domain.work_item import Action, withhold
from services.accounts.handlers.held_item import hold_item, save_withheld
from services.accounts.schemas.work_items import WorkItemOut
from shared.db.transaction import Tx
from shared.errors import Refusal


async def snooze(
    tx: Tx, work_item_id: UUID, actor: Actor, *, until: date | None = None, version_epoch: int = 0
) -> WorkItemOut | Refusal:
    """Withholds a leased item until `until` (default: the next business date)."""
    held = await hold_item(tx, work_item_id, actor, version_epoch=version_epoch)
    if isinstance(held, Refusal):
        return held
    item = withhold(held.item, Action.SNOOZE, sub=actor.sub, business_date=held.business_date, until=until)
    if isinstance(item, Refusal):
        return item
    await save_withheld(tx, held, item, actor, "work_item.snoozed")
    return WorkItemOut.of(item)
