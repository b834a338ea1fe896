"""`complete`: the item was worked. It is withheld to its follow-up; a change of queue offers the account at once."""

from datetime import date
from uuid import UUID

from services.accounts.domain.actor import Actor
from services.accounts.domain.work_item import Action, withhold
from services.accounts.handlers.held_item import hold_item, save_withheld
from services.accounts.handlers.queue_membership import refresh_queues
from services.accounts.schemas.work_items import WorkItemOut
from services.accounts.store.queues import set_escalation
from services.accounts.store.work_items import load_item
from shared.db.transaction import Tx
from shared.errors import Refusal


async def complete(
    tx: Tx,
    work_item_id: UUID,
    actor: Actor,
    *,
    follow_up_on: date | None = None,
    resolve_escalation: bool = False,
    version_epoch: int = 0,
) -> WorkItemOut | Refusal:
    """Completes a leased item.

    Refuses as `domain.work_item.withhold` does; `forbidden` to who may not resolve an escalation.
    """
    held = await hold_item(tx, work_item_id, actor, version_epoch=version_epoch)
    if isinstance(held, Refusal):
        return held
    if resolve_escalation and not actor.is_supervisor:
        return Refusal("forbidden", "an escalation is resolved by who may edit queues", "resolve_escalation")
    item = withhold(held.item, Action.COMPLETE, sub=actor.sub, business_date=held.business_date, until=follow_up_on)
    if isinstance(item, Refusal):
        return item
    await save_withheld(tx, held, item, actor, "work_item.completed", resolved_escalation=resolve_escalation)
    if resolve_escalation:
        await set_escalation(tx, item.account_id, None)
        await refresh_queues(tx, [item.account_id], {item.creditor_id: held.business_date}, version_epoch=version_epoch)
        item = await load_item(tx, work_item_id) or item  # it is superseded, as a rule
    return WorkItemOut.of(item)
