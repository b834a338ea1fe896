"""Pauses as they are stored, and the days that those of an account cover, which stand on its row.

So every reader and publisher of an account has them without another query. The caller holds the account's lock.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from asyncpg import Range

from services.accounts.domain.pauses import Pause, merged
from services.accounts.tables.pauses import PAUSE
from shared.db.sets import insert_rows, load_rows
from shared.db.transaction import Tx


@dataclass(frozen=True, slots=True)
class StoredPause:
    """A pause of an account: who made it and when, and who cancelled it."""

    pause_id: UUID
    account_id: UUID
    creditor_id: UUID
    starts_on: date
    ends_on: date
    reason: str
    evidence: str | None
    made_on: date
    made_at: datetime
    made_by: str
    cancelled_on: date | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None


def paused(row: Mapping[str, Any]) -> tuple[Pause, ...]:
    """The pauses that an account's row states: merged, in order."""
    return tuple(Pause(days.lower, days.upper) for days in row["paused"])


async def load_pause(tx: Tx, pause_id: UUID) -> StoredPause | None:
    """One pause."""
    rows = await load_rows(tx, PAUSE, "pause_id", [pause_id])
    return StoredPause(**rows[0]) if rows else None


async def insert_pause(tx: Tx, pause: StoredPause) -> None:
    """A new pause. Its account's days are not touched: see `refresh_paused`."""
    await insert_rows(tx, PAUSE, [asdict(pause)])


async def cancel_pause(tx: Tx, pause: StoredPause, *, on: date, by: str) -> StoredPause:
    """Marks a pause as cancelled; its row stays."""
    cancelled = replace(pause, cancelled_on=on, cancelled_at=tx.clock.now(), cancelled_by=by)
    await tx.execute(
        "UPDATE pause SET cancelled_on = $2, cancelled_at = $3, cancelled_by = $4 WHERE pause_id = $1",
        cancelled.pause_id,
        cancelled.cancelled_on,
        cancelled.cancelled_at,
        cancelled.cancelled_by,
    )
    return cancelled


async def refresh_paused(tx: Tx, account_id: UUID) -> bool:
    """Writes the days that the account's pauses cover now to its row; says whether they are others than before."""
    rows = await tx.fetch(
        "SELECT starts_on, ends_on FROM pause WHERE account_id = $1 AND cancelled_at IS NULL", account_id
    )
    days = [Range(each.starts_on, each.ends_on) for each in merged(Pause(*row) for row in rows)]
    written = await tx.fetchval(
        "UPDATE account SET paused = $2 WHERE account_id = $1 AND paused <> $2 RETURNING TRUE", account_id, days
    )
    return bool(written)
