"""`escalate`: a collector asks for a supervisor's eyes. The account is marked; the mark is what moves it.

A past-due account goes to `escalated` at once, save one that a higher-ranking queue has. The mark stays until a
supervisor completes the item and says that it is resolved.
"""

from uuid import UUID

from services.accounts.domain.actor import Actor
from services.accounts.domain.work_item import Action, give_back
from services.accounts.handlers.held_item import hold_item, save_item
from services.accounts.handlers.queue_membership import refresh_queues
from services.accounts.schemas.work_items import WorkItemOut
from services.accounts.store.history import HistoryFact, record_history
from services.accounts.store.queues import set_escalation
from services.accounts.store.work_items import load_item
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.accounts import WorkItemEscalated


async def escalate(
    tx: Tx, work_item_id: UUID, actor: Actor, *, reason: str, version_epoch: int = 0
) -> WorkItemOut | Refusal:
    """Escalates a leased item and answers with it as it is afterwards: as a rule `superseded`."""
    held = await hold_item(tx, work_item_id, actor, version_epoch=version_epoch)
    if isinstance(held, Refusal):
        return held
    item = give_back(held.item, Action.ESCALATE, sub=actor.sub)
    if isinstance(item, Refusal):
        return item
    await save_item(tx, item)
    tx.emit(
        "work_item.escalated",
        WorkItemEscalated(
            creditor_id=item.creditor_id,
            account_id=item.account_id,
            work_item_id=item.work_item_id,
            queue=item.queue,
            escalated_by=actor.sub,
            reason="",  # what a person typed may name anybody: it stays on the account's timeline
        ),
    )
    detail = {"queue": item.queue, "work_item_id": str(item.work_item_id), "by": actor.sub, "reason": reason}
    fact = HistoryFact(item.account_id, item.creditor_id, held.business_date, "work_item.escalated", detail)
    await record_history(tx, [fact])
    await set_escalation(tx, item.account_id, tx.clock.now())
    await refresh_queues(tx, [item.account_id], {item.creditor_id: held.business_date}, version_epoch=version_epoch)
    after = await load_item(tx, work_item_id)
    return WorkItemOut.of(after or item)
