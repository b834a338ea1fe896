"""Keeps snapshot rows as the core stated them, one of each account and day: the last received."""

from collections.abc import Collection, Mapping
from datetime import date
from operator import itemgetter
from typing import Any
from uuid import UUID

from services.accounts.tables.snapshots import ACCOUNT_SNAPSHOT
from shared.db.sets import insert_rows, update_rows
from shared.db.transaction import Tx

Row = Mapping[str, Any]

_OF_THEIR_DAY = """
SELECT s.* FROM unnest($1::uuid[], $2::date[]) AS r(account_id, business_date)
JOIN account_snapshot s ON s.account_id = r.account_id AND s.business_date = r.business_date
"""
# A row that arrives ends an absence that an earlier file of its day had marked.
_UNMARK = """
DELETE FROM account_snapshot s USING unnest($1::uuid[], $2::date[]) AS r(account_id, business_date)
WHERE s.account_id = r.account_id AND s.is_absent AND s.business_date = r.business_date
"""

_DROP_HELD = """
DELETE FROM held_snapshot h USING unnest($1::uuid[], $2::varchar[], $3::date[]) AS r(creditor_id, number, business_date)
WHERE h.creditor_id = r.creditor_id AND h.core_account_number = r.number AND h.business_date = r.business_date
"""


async def drop_held(tx: Tx, received: Collection[tuple[UUID, str, date]]) -> None:
    """Drops what is held of accounts (creditor, number) and days of which a row was received since: the last rules."""
    if received:
        await tx.execute(_DROP_HELD, *map(list, zip(*received, strict=True)))


async def keep_snapshots(tx: Tx, rows: Mapping[tuple[UUID, date], Row]) -> None:
    """Keeps rows by account and day. The caller holds the accounts' locks: nobody else writes these rows."""
    if not rows:
        return
    columns = tuple(next(iter(rows.values())))
    values = itemgetter(*columns)
    stored: dict[tuple[UUID, date], tuple[Any, ...]] = {}
    marked: list[tuple[UUID, date]] = []
    for row in await tx.fetch(_OF_THEIR_DAY, *map(list, zip(*rows, strict=True))):
        key = row["account_id"], row["business_date"]
        if row["is_absent"]:
            marked.append(key)
        else:
            stored[key] = values(row)
    await insert_rows(tx, ACCOUNT_SNAPSHOT, [row for key, row in rows.items() if key not in stored])
    changed = [row for key, row in rows.items() if key in stored and stored[key] != values(row)]
    await update_rows(tx, ACCOUNT_SNAPSHOT, changed, key=["account_id", "is_absent", "business_date"])
    if marked:
        await tx.execute(_UNMARK, *map(list, zip(*marked, strict=True)))
