"""Keeps every account in the queue that its facts call for. Called at the end of every handler that touches accounts.

The caller holds the accounts' locks. The placement is found by one statement, with the same SQL as the nightly scan,
from the rows as they are stored or as they are about to be. Only what changed is written and published.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.accounts.domain.membership import Move, Placement, place
from services.accounts.domain.work_item import WorkItem
from services.accounts.store.predicates import Definitions
from services.accounts.store.queue_definitions import hold_definitions, load_definitions
from services.accounts.store.queues import load_placements, place_rows, set_account_queues
from services.accounts.store.work_items import close_items, insert_items, load_open_items, update_items
from shared.db.transaction import Tx
from shared.events.accounts import QueueItemChanged
from shared.events.envelope import EPOCH_BITS
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
    placements = await load_placements(tx, await _definitions(tx), ids, business_dates)
    await set_account_queues(tx, {each.account_id: each.queue for each, stored in placements if stored != each.queue})
    return await move_items(tx, [each for each, _ in placements], version_epoch=version_epoch)


async def find_queues(
    tx: Tx, rows: Sequence[Mapping[str, Any]], business_dates: Mapping[UUID, date]
) -> list[Placement]:
    """Finds the queues of accounts that are about to be saved, by their rows; `move_items` moves them there."""
    if not rows:
        return []
    return [placement for placement, _ in await place_rows(tx, await _definitions(tx), rows, business_dates)]


async def move_items(tx: Tx, placements: Sequence[Placement], *, version_epoch: int = 0) -> QueueChanges:
    """Closes, opens and brings up to date the work items of accounts whose rows name their queues already."""
    items = await load_open_items(tx, [each.account_id for each in placements], version_epoch=version_epoch)
    first_version = (version_epoch << EPOCH_BITS) + 1
    moves = [
        (
            place(items.get(each.account_id), each, new_item_id=new_id, first_version=first_version),
            each.business_date,
        )
        for each in placements
    ]
    await _save(tx, moves)
    _publish(tx, moves)
    return QueueChanges(
        changed=sum(1 for move, _ in moves if move.opened or move.closed),
        entered=sum(1 for move, _ in moves if move.opened),
        exited=sum(1 for move, _ in moves if move.closed),
        queues={each.account_id: each.queue for each in placements},
    )


async def _definitions(tx: Tx) -> Definitions:
    await hold_definitions(tx)
    return await load_definitions(tx)


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
