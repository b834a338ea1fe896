"""Attempts, those that are being asked for, and blocks: loaded and saved as rows, a batch at a time."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contact.domain.attempt import Attempt
from services.contact.tables.attempts import ASKED_ATTEMPT, CONTACT_ATTEMPT, CONTACT_BLOCK
from shared.db.sets import given_rows, insert_rows, load_rows, update_rows
from shared.db.transaction import Tx

Row = Mapping[str, Any]

_LOCKED_BY = "SELECT attempt_id, creditor_id, contact_point_id FROM contact_attempt WHERE attempt_id = ANY($1::uuid[])"

_ASKED = tuple(column.name for column in ASKED_ATTEMPT.columns)
_NAMES = ", ".join(_ASKED)
_ASK = (
    f"INSERT INTO asked_attempt ({_NAMES}) SELECT {_NAMES} FROM {given_rows(ASKED_ATTEMPT, _ASKED)}"
    " ON CONFLICT (wish) DO UPDATE SET wish = excluded.wish RETURNING wish, attempt_id"
)
_TAKE_ASKED = "DELETE FROM asked_attempt WHERE attempt_id = ANY($1::uuid[]) RETURNING attempt_id"
_LOST = "SELECT * FROM asked_attempt WHERE asked_at <= $1 ORDER BY asked_at LIMIT $2 FOR UPDATE SKIP LOCKED"


async def ask_attempts(tx: Tx, rows: Sequence[Row]) -> dict[str, UUID]:
    """Keep attempts that are about to be asked for; return their ids by wish. A wish that is here keeps its attempt."""
    ordered = sorted({row["wish"]: row for row in rows}.values(), key=lambda row: row["wish"])
    return {row["wish"]: row["attempt_id"] for row in await tx.fetch(_ASK, ordered)} if ordered else {}


async def take_asked(tx: Tx, attempt_ids: Collection[UUID]) -> frozenset[UUID]:
    """End the asking for attempts; return those that were still asked for: whoever takes one says what it becomes."""
    rows = await tx.fetch(_TAKE_ASKED, sorted(attempt_ids)) if attempt_ids else ()
    return frozenset(row["attempt_id"] for row in rows)


async def load_lost(tx: Tx, asked_before: datetime, limit: int) -> list[Row]:
    """Lock attempts that were asked for so long ago that nobody waits for the answer."""
    return list(await tx.fetch(_LOST, asked_before, limit))


async def insert_attempts(tx: Tx, rows: Sequence[Row]) -> set[UUID]:
    """Save new attempts, and return their ids. One whose permit was used before is left out."""
    made = await insert_rows(tx, CONTACT_ATTEMPT, rows, on_conflict="nothing", returning=["attempt_id"])
    return {row["attempt_id"] for row in made}


async def insert_blocks(tx: Tx, rows: Sequence[Row]) -> None:
    """Save attempts that were not placed."""
    await insert_rows(tx, CONTACT_BLOCK, rows)


async def load_attempts(tx: Tx, attempt_ids: Collection[UUID]) -> dict[UUID, Row]:
    """Attempts by id, as rows."""
    return {row["attempt_id"]: row for row in await load_rows(tx, CONTACT_ATTEMPT, "attempt_id", list(attempt_ids))}


async def locks_of_attempts(tx: Tx, attempt_ids: Collection[UUID]) -> list[Row]:
    """What never changes of attempts and has to be locked before they are read: creditor and contact point."""
    return list(await tx.fetch(_LOCKED_BY, list(attempt_ids)))


async def update_attempts(tx: Tx, rows: Sequence[Row]) -> None:
    """Set the given columns of attempts."""
    await update_rows(tx, CONTACT_ATTEMPT, rows, key=["attempt_id"])


def to_attempt(row: Row) -> Attempt:
    """The attempt as the domain knows it."""
    return Attempt(
        attempt_id=row["attempt_id"],
        creditor_id=row["creditor_id"],
        party_id=row["party_id"],
        account_ids=tuple(row["account_ids"]),
        direction=row["direction"],
        channel=row["channel"],
        purpose=row["purpose"],
        contact_point_id=row["contact_point_id"],
        status=row["status"],
        placed_at=row["placed_at"],
    )
