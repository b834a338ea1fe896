"""`next`: leases the best item of a queue that nobody holds, to the token's subject, for 30 minutes.

Candidates are read without a lock, then taken one by one: an account that another transaction holds is passed over,
the rest are checked again under their lock. So any number of collectors ask at once and each gets another item. Of a
queue that keeps calling hours, only accounts whose party may be called at this moment are offered.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.accounts.domain.actor import Actor
from services.accounts.domain.calling_hours import is_open
from services.accounts.domain.queues import QueueDefinition
from services.accounts.domain.work_item import WorkItem, is_offered, lease
from services.accounts.handlers.held_item import save_item
from services.accounts.schemas.work_items import WorkItemOut
from services.accounts.store.offers import Candidate, calling_groups_of, queue_head
from services.accounts.store.predicates import Definitions
from services.accounts.store.queue_definitions import load_definitions
from services.accounts.store.queues import load_placements
from services.accounts.store.work_items import load_item
from shared.db.locks import try_lock
from shared.db.transaction import Tx
from shared.errors import Refusal

MAX_LOOKS = 5
# Bounds the walk through a queue whose items no longer belong there, while a changed definition is being applied.
MAX_TRIED = 400
PAUSE_SECONDS = 0.02


async def next_item(tx: Tx, queue: str, actor: Actor, *, version_epoch: int = 0) -> WorkItemOut | Refusal | None:
    """The item now leased to the actor, or None when nothing is on offer. Refuses with `queue-unknown`.

    Accounts that are being written at this moment are looked at again, up to `MAX_LOOKS` times.
    """
    definitions = await load_definitions(tx)
    definition = next((d for d in definitions if d.code == queue), None)
    if definition is None or not (definition.creditor_id is None or actor.may_see(definition.creditor_id)):
        return Refusal("queue-unknown", "no such queue")
    creditors = None if actor.creditors is None else sorted(actor.creditors)
    groups = [
        each for each in await calling_groups_of(tx, queue, creditors=creditors) if _may_offer(definition, each, tx)
    ]
    tried: set[UUID] = set()
    for _ in range(MAX_LOOKS):
        busy: set[UUID] = set()
        while len(tried) < MAX_TRIED and (
            head := await queue_head(tx, queue, creditors=creditors, groups=groups, exclude=sorted(tried))
        ):
            leased = await _lease_first(
                tx, head, _Asked(definition, definitions, actor), busy, version_epoch=version_epoch
            )
            if leased is not None:
                return WorkItemOut.of(leased)
            tried.update(candidate.work_item_id for candidate in head)
        if not busy:
            return None
        tried -= busy
        await asyncio.sleep(PAUSE_SECONDS)
    return None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of which queue, by which definitions, and who asks."""

    queue: QueueDefinition
    definitions: Definitions
    actor: Actor


async def _lease_first(
    tx: Tx, head: Sequence[Candidate], asked: _Asked, busy: set[UUID], *, version_epoch: int
) -> WorkItem | None:
    for candidate in head:
        if not await try_lock(tx, candidate.account_id):
            busy.add(candidate.work_item_id)
            continue
        item = await load_item(tx, candidate.work_item_id, version_epoch=version_epoch)
        if item is None or not is_offered(item, now=tx.clock.now(), business_date=candidate.business_date):
            continue
        if not await _still_wanted(tx, item, candidate, asked):
            continue
        leased = lease(item, holder=asked.actor.sub, now=tx.clock.now())
        await save_item(tx, leased)
        return leased
    return None


def _may_offer(queue: QueueDefinition, calling_group: str, tx: Tx) -> bool:
    return not queue.keeps_calling_hours or is_open(calling_group, tx.clock.now())


async def _still_wanted(tx: Tx, item: WorkItem, candidate: Candidate, asked: _Asked) -> bool:
    """Whether the queue still wants the account and offers it, where a night's run has not come by yet."""
    dates = {candidate.creditor_id: candidate.business_date}
    placements = await load_placements(tx, asked.definitions, [item.account_id], dates)
    return any(
        placement.queue == item.queue
        and placement.is_offerable
        and _may_offer(asked.queue, placement.calling_group, tx)
        for placement, _ in placements
    )
