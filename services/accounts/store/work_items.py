"""Loads and saves work items: one set-based statement, whatever the batch's size."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.accounts.domain.membership import ExitReason
from services.accounts.domain.work_item import Status, WorkItem
from services.accounts.tables.queues import WORK_ITEM
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx
from shared.events.envelope import EPOCH_BITS

_OPEN_ITEMS = """
SELECT work_item_id, account_id, creditor_id, queue, priority, reasons, is_offerable, calling_group, status, holder,
       leased_until, withheld_until, version
FROM work_item WHERE account_id = ANY($1::uuid[]) AND closed_at IS NULL
"""


async def load_open_items(tx: Tx, account_ids: Sequence[UUID], *, version_epoch: int = 0) -> dict[UUID, WorkItem]:
    """The open work item of each account that has one. `version_epoch`: see `load_item`."""
    rows = await tx.fetch(_OPEN_ITEMS, list(account_ids))
    return {row["account_id"]: to_work_item(row, version_epoch=version_epoch) for row in rows}


async def load_item(tx: Tx, work_item_id: UUID, *, version_epoch: int = 0) -> WorkItem | None:
    """One work item, open or closed.

    `version_epoch` is the service's: what is published of an item after a restore counts as newer than before it.
    """
    rows = await load_rows(tx, WORK_ITEM, "work_item_id", [work_item_id])
    return to_work_item(rows[0], version_epoch=version_epoch) if rows else None


def to_work_item(row: Mapping[str, Any], *, version_epoch: int = 0) -> WorkItem:
    """The work item of a stored row, at a version of the epoch."""
    return WorkItem(
        work_item_id=row["work_item_id"],
        account_id=row["account_id"],
        creditor_id=row["creditor_id"],
        queue=row["queue"],
        priority=row["priority"],
        reasons=tuple(row["reasons"]),
        is_offerable=row["is_offerable"],
        calling_group=row["calling_group"],
        status=Status(row["status"]),
        holder=row["holder"],
        leased_until=row["leased_until"],
        withheld_until=row["withheld_until"],
        version=max(row["version"], version_epoch << EPOCH_BITS),
    )


def _columns(item: WorkItem) -> dict[str, Any]:
    return {
        "work_item_id": item.work_item_id,
        "priority": item.priority,
        "reasons": list(item.reasons),
        "is_offerable": item.is_offerable,
        "calling_group": item.calling_group,
        "status": item.status.value,
        "holder": item.holder,
        "leased_until": item.leased_until,
        "withheld_until": item.withheld_until,
        "version": item.version,
    }


async def insert_items(tx: Tx, items: Sequence[tuple[WorkItem, date]], *, entered_at: datetime) -> None:
    """New items, each with the business date on which it entered."""
    rows = [
        {
            **_columns(item),
            "account_id": item.account_id,
            "creditor_id": item.creditor_id,
            "queue": item.queue,
            "entered_on": entered_on,
            "entered_at": entered_at,
            "closed_at": None,
            "exited_on": None,
            "exit_reason": None,
        }
        for item, entered_on in items
    ]
    if rows:
        await insert_rows(tx, WORK_ITEM, rows)


async def update_items(tx: Tx, items: Sequence[WorkItem]) -> None:
    """Items that stay open."""
    if items:
        await update_rows(tx, WORK_ITEM, [_columns(item) for item in items], key=["work_item_id"])


async def close_items(tx: Tx, items: Sequence[tuple[WorkItem, ExitReason, date]], *, closed_at: datetime) -> None:
    """Items whose accounts have left, each with why and on which business date. The last holder stays on record."""
    rows = [
        {
            "work_item_id": item.work_item_id,
            "status": item.status.value,
            "version": item.version,
            "closed_at": closed_at,
            "exited_on": exited_on,
            "exit_reason": reason,
        }
        for item, reason, exited_on in items
    ]
    if rows:
        await update_rows(tx, WORK_ITEM, rows, key=["work_item_id"])
