"""Keeps every account in the queue that its facts call for. Called at the end of every handler that touches accounts.

The caller holds the accounts' locks and has saved their rows: the placement is read from them by one statement, with
the same SQL as the nightly scan. Only what changed is written and published.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.accounts.domain.membership import Move, place
from services.accounts.domain.work_item import EPOCH_BITS, WorkItem
from services.accounts.store.queues import (
    close_items,
    hold_definitions,
    insert_items,
    load_definitions,
    load_open_items,
    load_placements,
    set_account_queues,
    update_items,
)
from shared.db.transaction import Tx
from shared.events.accounts import QueueItemChanged
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class QueueChanges:
    """What `refresh_queues` did: `changed` counts accounts that are now in another queue, or in none, or in one."""

    changed: int = 0
    entered: int = 0
    exited: int = 0
    queues: Mapping[UUID, str | None] = field(default_factory=dict)
    """The queue of every account looked at, after the change."""


def queue_event(item: WorkItem, *, exit_reason: str | None = None) -> QueueItemChanged:
    """The published state of a work item."""
    return QueueItemChanged(
        creditor_id=item.creditor_id,
        account_id=item.account_id,
        work_item_id=item.work_item_id,
        queue=item.queue,
        priority=item.priority,
        reasons=item.reasons,
        exit_reason=exit_reason,
        assigned_to=item.holder,
        leased_until=item.leased_until,
    )


async def refresh_queues(
    tx: Tx, account_ids: Iterable[UUID], business_dates: Mapping[UUID, date], *, version_epoch: int = 0
) -> QueueChanges:
    """Moves the accounts to their queues at their creditors' business dates (by creditor id).

    Accounts of a creditor without a date are left alone. Emits `queue.item_exited` and `queue.item_entered` for those
    that move. `version_epoch` is the service's: the high bits of the items' versions.
    """
    ids = sorted(set(account_ids))
    if not ids or not business_dates:
        return QueueChanges()
    await hold_definitions(tx)
    definitions = await load_definitions(tx)
    placements = await load_placements(tx, definitions, ids, business_dates)
    items = await load_open_items(tx, ids, version_epoch=version_epoch)
    moves: list[tuple[Move, date]] = []
    stale: dict[UUID, str | None] = {}
    for placement, stored_queue in placements:
        move = place(
            items.get(placement.account_id),
            placement,
            new_item_id=new_id,
            first_version=(version_epoch << EPOCH_BITS) + 1,
        )
        moves.append((move, placement.business_date))
        if stored_queue != placement.queue:
            stale[placement.account_id] = placement.queue
    await _save(tx, moves)
    await set_account_queues(tx, stale)
    _publish(tx, moves)
    return QueueChanges(
        changed=sum(1 for move, _ in moves if move.opened or move.closed),
        entered=sum(1 for move, _ in moves if move.opened),
        exited=sum(1 for move, _ in moves if move.closed),
        queues={placement.account_id: placement.queue for placement, _ in placements},
    )


async def _save(tx: Tx, moves: list[tuple[Move, date]]) -> None:
    now = tx.clock.now()
    # close before opening: an account has one open item at most, and the database says so
    closed = [(move.closed, move.exit_reason, on) for move, on in moves if move.closed and move.exit_reason]
    await close_items(tx, closed, closed_at=now)
    await insert_items(tx, [(move.opened, on) for move, on in moves if move.opened], entered_at=now)
    await update_items(tx, [move.changed for move, _ in moves if move.changed])


def _publish(tx: Tx, moves: list[tuple[Move, date]]) -> None:
    for move, _ in moves:
        if move.closed:
            event = queue_event(move.closed, exit_reason=move.exit_reason)
            tx.emit("queue.item_exited", event, version=move.closed.version)
        if move.opened:
            tx.emit("queue.item_entered", queue_event(move.opened), version=move.opened.version)
