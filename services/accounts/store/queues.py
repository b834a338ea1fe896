"""Loads and saves queue definitions and work items: one set-based statement per table, whatever the batch's size.

Definitions are parsed once and cached under the revisions that the database holds now, so a change is seen by the
next transaction of every process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.accounts.domain.membership import ExitReason, Placement
from services.accounts.domain.queues import QueueDefinition, definition_json, parse_definition, rank_order
from services.accounts.domain.work_item import Status, WorkItem
from services.accounts.store.predicates import Definitions, Sql, placement_sql, queue_scan_condition
from services.accounts.tables.accounts import ACCOUNT
from services.accounts.tables.queues import QUEUE_DEFINITION, WORK_ITEM
from shared.db.sets import insert_rows, load_rows, update_rows, upsert_rows
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.envelope import EPOCH_BITS

# Two integers are a key space of their own, apart from the locks of creditors and accounts.
_DEFINITIONS_LOCK = "(1095910985, 1)"
_CACHED_SETS = 16
_OPEN_ITEMS = """
SELECT work_item_id, account_id, creditor_id, queue, priority, reasons, is_offerable, calling_group, status, holder,
       leased_until, withheld_until, version
FROM work_item WHERE account_id = ANY($1::uuid[]) AND closed_at IS NULL
"""
_parsed: dict[tuple[UUID, ...], Definitions] = {}


async def hold_definitions(tx: Tx) -> None:
    """Keeps the definitions as they are until this transaction ends, for those who place accounts by them.

    Without it a batch that read the old definitions could commit after the re-evaluation of a changed one has passed.
    """
    await tx.execute(f"SELECT pg_advisory_xact_lock_shared{_DEFINITIONS_LOCK}")


async def lock_definitions(tx: Tx) -> None:
    """Waits until nobody places accounts by the definitions, and keeps others from it while they change."""
    await tx.execute(f"SELECT pg_advisory_xact_lock{_DEFINITIONS_LOCK}")


async def load_definitions(tx: Tx) -> Definitions:
    """All definitions in rank order."""
    revisions = await tx.fetch("SELECT revision FROM queue_definition ORDER BY rank, code")
    key = tuple(row["revision"] for row in revisions)
    if key in _parsed:
        return _parsed[key]
    # one snapshot for content and key: a change between the two statements must not be cached under the old key
    rows = await tx.fetch("SELECT code, creditor_id, body, revision FROM queue_definition ORDER BY rank, code")
    definitions = tuple(sorted((to_definition(row) for row in rows), key=rank_order))
    if len(_parsed) >= _CACHED_SETS:
        _parsed.clear()
    _parsed[tuple(row["revision"] for row in rows)] = definitions
    return definitions


def to_definition(row: Mapping[str, Any]) -> QueueDefinition:
    """The definition of a stored row. It was validated when it was stored, so a refusal is a fault of ours."""
    definition = parse_definition(row["code"], row["body"], creditor_id=row["creditor_id"])
    if isinstance(definition, Refusal):
        msg = f"stored queue definition {row['code']}: {definition.detail}"
        raise TypeError(msg)
    return definition


async def load_definition(tx: Tx, code: str) -> tuple[QueueDefinition, int] | None:
    """One definition and its version."""
    row = await tx.fetchrow("SELECT code, creditor_id, body, version FROM queue_definition WHERE code = $1", code)
    return None if row is None else (to_definition(row), row["version"])


async def save_definition(
    tx: Tx, definition: QueueDefinition, *, version: int, revision: UUID, updated_by: str
) -> None:
    """Inserts or replaces one definition under a new revision."""
    row = {
        "code": definition.code,
        "creditor_id": definition.creditor_id,
        "rank": definition.rank,
        "body": definition_json(definition),
        "version": version,
        "revision": revision,
        "updated_at": tx.clock.now(),
        "updated_by": updated_by,
    }
    await upsert_rows(tx, QUEUE_DEFINITION, [row], key=["code"])


async def load_placements(
    tx: Tx, definitions: Definitions, account_ids: Sequence[UUID], business_dates: Mapping[UUID, date]
) -> list[tuple[Placement, str | None]]:
    """Where the accounts belong now, each with the queue that its row still names."""
    return await _place(tx, placement_sql(definitions), list(account_ids), business_dates)


async def place_rows(
    tx: Tx, definitions: Definitions, rows: Sequence[Mapping[str, Any]], business_dates: Mapping[UUID, date]
) -> list[tuple[Placement, str | None]]:
    """Where accounts belong whose rows (the columns `PLACED_BY`) are about to be saved, so that they are saved once."""
    return await _place(tx, placement_sql(definitions, is_given=True), rows, business_dates)


async def _place(
    tx: Tx, sql: Sql, accounts: Sequence[Any], business_dates: Mapping[UUID, date]
) -> list[tuple[Placement, str | None]]:
    rows = await tx.fetch(sql.text, accounts, list(business_dates.keys()), list(business_dates.values()), *sql.args)
    return [
        (
            Placement(
                account_id=row["account_id"],
                creditor_id=row["creditor_id"],
                business_date=row["business_date"],
                queue=row["queue"],
                priority=row["priority"],
                reasons=tuple(row["reasons"]),
                is_offerable=row["is_offerable"],
                calling_group=row["calling_group"],
            ),
            row["stored_queue"],
        )
        for row in rows
    ]


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


async def set_account_queues(tx: Tx, queues: Mapping[UUID, str | None]) -> None:
    """Writes the queue that each account's row names."""
    if queues:
        rows = [{"account_id": account_id, "queue": queue} for account_id, queue in queues.items()]
        await update_rows(tx, ACCOUNT, rows, key=["account_id"])


async def set_escalation(tx: Tx, account_id: UUID, at: datetime | None) -> None:
    """Marks an account as escalated, or takes the mark off."""
    await tx.execute("UPDATE account SET escalated_at = $2 WHERE account_id = $1", account_id, at)


@dataclass(frozen=True, slots=True)
class StaleAccount:
    """An account whose queue the definitions do not confirm."""

    account_id: UUID
    creditor_id: UUID


async def stale_accounts(
    tx: Tx, definitions: Definitions, *, restated: str | None = None, after: UUID | None, limit: int
) -> list[StaleAccount]:
    """The next accounts after `after`, by id, that `refresh_queues` would change at their creditors' dates.

    `restated` names the queue whose definition was changed.
    """
    condition = queue_scan_condition(definitions, first_parameter=3, business_date="c.business_date", restated=restated)
    rows = await tx.fetch(
        f"""
        SELECT a.account_id, a.creditor_id
        FROM account a JOIN creditor c ON c.creditor_id = a.creditor_id
        WHERE c.business_date IS NOT NULL AND ($1::uuid IS NULL OR a.account_id > $1::uuid) AND {condition.text}
        ORDER BY a.account_id LIMIT $2::int
        """,
        after,
        limit,
        *condition.args,
    )
    return [StaleAccount(row["account_id"], row["creditor_id"]) for row in rows]
