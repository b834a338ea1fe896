"""Where accounts belong by the queue definitions, and what their rows say of it: one statement, whatever the batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.accounts.domain.membership import Placement
from services.accounts.store.predicates import Definitions, Sql, placement_sql, queue_scan_condition
from services.accounts.tables.accounts import ACCOUNT
from shared.db.sets import update_rows
from shared.db.transaction import Tx


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
