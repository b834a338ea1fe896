"""`release`: the holder, or a supervisor, gives an item back. It is offered again at once, at its old place."""

from uuid import UUID

from services.accounts.domain.actor import Actor
from services.accounts.domain.work_item import Action, give_back
from services.accounts.handlers.held_item import hold_item, save_item
from services.accounts.schemas.work_items import WorkItemOut
from shared.db.transaction import Tx
from shared.errors import Refusal


async def release(tx: Tx, work_item_id: UUID, actor: Actor, *, version_epoch: int = 0) -> WorkItemOut | Refusal:
    """Releases a leased item. Refuses with `not-lease-holder` or `work-item-superseded`."""
    held = await hold_item(tx, work_item_id, actor, version_epoch=version_epoch)
    if isinstance(held, Refusal):
        return held
    item = give_back(held.item, Action.RELEASE, sub=actor.sub, may_release_others=actor.is_supervisor)
    if isinstance(item, Refusal):
        return item
    await save_item(tx, item)
    return WorkItemOut.of(item)
