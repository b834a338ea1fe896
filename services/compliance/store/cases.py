"""Loads and saves disputes, representations and complaints."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from services.compliance.tables.holds import COMPLAINT, DISPUTE, REPRESENTATION
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx

Row = dict[str, Any]
Case = Literal["dispute", "representation", "complaint"]

_TABLES = {"dispute": DISPUTE, "representation": REPRESENTATION, "complaint": COMPLAINT}


async def insert_cases(tx: Tx, case: Case, rows: Sequence[Row]) -> list[Row]:
    """Insert those that do not stand yet, and return them."""
    table, key = _TABLES[case], f"{case}_id"
    unique = {row[key]: {column.name: row.get(column.name) for column in table.columns} for row in rows}
    made = await insert_rows(
        tx, table, [unique[each] for each in sorted(unique)], on_conflict="nothing", returning=[key]
    )
    return [unique[row[key]] for row in made]


async def load_case(tx: Tx, case: Case, case_id: UUID) -> Row | None:
    """One of them, or None."""
    rows = await load_rows(tx, _TABLES[case], f"{case}_id", [case_id])
    return dict(rows[0]) if rows else None


async def update_case(tx: Tx, case: Case, row: Row) -> None:
    """Write what changes of one of them."""
    await update_rows(tx, _TABLES[case], [row], key=[f"{case}_id"])
