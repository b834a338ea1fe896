"""Dial lists and their records: loaded, saved and paged through."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.contact.store.cases import FROM_POINTS, POINT_COLUMNS, to_point
from services.contact.tables.dialing import DIAL_LIST, DIAL_RECORD
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx

Row = Mapping[str, Any]

_PHONES = f"""
SELECT a.account_id, a.creditor_id AS account_creditor, a.party_id AS debtor, {POINT_COLUMNS}
FROM account_view a JOIN contact_point p ON p.party_id = a.party_id AND p.kind = 'phone'
{FROM_POINTS.strip().removeprefix("FROM contact_point p")}
WHERE a.account_id = ANY($1::uuid[])
"""
_PAGE = """
SELECT record_id, position, account_id, creditor_id, party_id, contact_point_id, status, not_before
FROM dial_record WHERE dial_list_id = $1 AND position > $2 AND status IN ('listed', 'blocked')
ORDER BY position LIMIT $3
"""
_FINISH = """
UPDATE dial_list SET status = $2, reason = $3,
  listed = (SELECT count(*) FROM dial_record r WHERE r.dial_list_id = $1 AND r.status <> 'excluded'),
  excluded = (SELECT count(*) FROM dial_record r WHERE r.dial_list_id = $1 AND r.status = 'excluded')
WHERE dial_list_id = $1
"""


async def insert_list(tx: Tx, row: Row) -> None:
    """Save a new dial list."""
    await insert_rows(tx, DIAL_LIST, [row])


async def load_list(tx: Tx, dial_list_id: UUID) -> Row | None:
    """One dial list."""
    rows = await load_rows(tx, DIAL_LIST, "dial_list_id", [dial_list_id])
    return rows[0] if rows else None


async def finish_list(tx: Tx, dial_list_id: UUID, status: str, reason: str | None) -> None:
    """Set what became of a list, with its counts."""
    await tx.execute(_FINISH, dial_list_id, status, reason)


async def insert_records(tx: Tx, rows: Sequence[Row]) -> None:
    """Save records; an account that is on the list stays where it is."""
    await insert_rows(tx, DIAL_RECORD, rows, on_conflict="nothing")


async def load_records(tx: Tx, record_ids: Collection[UUID]) -> dict[UUID, Row]:
    """Records by id."""
    return {row["record_id"]: row for row in await load_rows(tx, DIAL_RECORD, "record_id", list(record_ids))}


async def update_records(tx: Tx, rows: Sequence[Row]) -> None:
    """Set the given columns of records."""
    await update_rows(tx, DIAL_RECORD, rows, key=["record_id"])


async def page_of_records(tx: Tx, dial_list_id: UUID, after: int, limit: int) -> list[Row]:
    """The records that may still be dialled, after a position."""
    return list(await tx.fetch(_PAGE, dial_list_id, after, limit))


async def phones_of_accounts(tx: Tx, account_ids: Sequence[UUID]) -> list[tuple[Row, Any]]:
    """The phone numbers of the accounts' parties: (row, contact point)."""
    return [(row, to_point(row)) for row in await tx.fetch(_PHONES, list(account_ids))]
