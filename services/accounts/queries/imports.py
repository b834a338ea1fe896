"""Reads of imports: where a file stands, and its refused and doubted lines in the order of the file."""

from uuid import UUID

from services.accounts.schemas.imports import ImportStatusOut, LineIssueOut
from shared.db.transaction import Tx


async def get_import(tx: Tx, import_id: UUID) -> ImportStatusOut | None:
    """One file, running or read."""
    row = await tx.fetchrow("SELECT * FROM import_file WHERE import_id = $1", import_id)
    if row is None:
        return None
    return ImportStatusOut(**{name: row[name] for name in ImportStatusOut.model_fields})


async def list_issues(
    tx: Tx, import_id: UUID, *, is_error: bool, after: tuple[int, int], limit: int
) -> list[tuple[LineIssueOut, int]]:
    """Issues after a line and its nth issue, each with its place on the line."""
    rows = await tx.fetch(
        "SELECT line, nth, field, code, message FROM import_issue WHERE import_id = $1 AND is_error = $2"
        " AND (line, nth) > ($3::bigint, $4::bigint) ORDER BY line, nth LIMIT $5",
        import_id,
        is_error,
        *after,
        limit,
    )
    return [
        (LineIssueOut(line=row["line"], field=row["field"], code=row["code"], message=row["message"]), row["nth"])
        for row in rows
    ]
