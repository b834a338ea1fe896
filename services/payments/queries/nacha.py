"""Reads of Nacha return files: the report of one, whole or in pages of its entries."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.payments.schemas.nacha import NachaEntryView, NachaReport, NachaResult, counted
from services.payments.tables.payments import NACHA_ENTRY, NACHA_FILE
from shared.db.sets import load_rows
from shared.db.transaction import Tx

_ENTRIES = """
SELECT * FROM nacha_entry WHERE file_id = $1 AND line > $2::bigint AND ($3::text IS NULL OR result = $3)
ORDER BY line LIMIT $4
"""


async def get_report(tx: Tx, file_id: UUID) -> NachaReport | None:
    """The report of a file that was taken, its entries in the order of the file; or None."""
    files = await load_rows(tx, NACHA_FILE, "file_id", [file_id])
    if not files:
        return None
    rows = await load_rows(tx, NACHA_ENTRY, "file_id", [file_id], order_by=["line"])
    return NachaReport(
        file_id=file_id,
        creditor_id=files[0]["creditor_id"],
        taken_at=files[0]["taken_at"],
        counts=counted(row["result"] for row in rows),
        entries=tuple(_view(row) for row in rows),
    )


async def creditor_of(tx: Tx, file_id: UUID) -> UUID | None:
    """Whose file it is, or None if there is no such file."""
    found: UUID | None = await tx.fetchval("SELECT creditor_id FROM nacha_file WHERE file_id = $1", file_id)
    return found


async def list_entries(
    tx: Tx, file_id: UUID, *, result: NachaResult | None, after: int, limit: int
) -> list[NachaEntryView]:
    """The entries behind a line of the file, in its order; of one result if that is given."""
    return [_view(row) for row in await tx.fetch(_ENTRIES, file_id, after, result, limit)]


def _view(row: Mapping[str, Any]) -> NachaEntryView:
    return NachaEntryView(**{name: row[name] for name in NachaEntryView.model_fields})
