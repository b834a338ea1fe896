"""Import files: their counts, the lines that were refused or doubted, and which accounts a running file has held."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from uuid import UUID

from services.accounts.tables.imports import IMPORT_FILE, IMPORT_ISSUE
from shared.db.sets import insert_rows
from shared.db.transaction import Tx
from shared.ids import new_id

# A line that was refused before does not stand in the way of a good one.
_CLAIM = """
INSERT INTO import_row AS t (import_id, account_id, line, is_taken)
SELECT $1, account_id, line, TRUE FROM unnest($2::uuid[], $3::bigint[]) AS v(account_id, line)
ON CONFLICT (import_id, account_id) DO UPDATE SET is_taken = TRUE, line = excluded.line WHERE NOT t.is_taken
RETURNING account_id
"""
_PRESENT = """
INSERT INTO import_row (import_id, account_id, line, is_taken)
SELECT DISTINCT ON (account_id) $1::uuid, account_id, line, FALSE
FROM unnest($2::uuid[], $3::bigint[]) AS v(account_id, line)
ON CONFLICT DO NOTHING
"""
_ABANDONED = """
SELECT import_id FROM import_file
WHERE creditor_id = $1 AND status = 'running' AND started_at < $2 FOR UPDATE SKIP LOCKED
"""
_ABANDONED_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Import:
    """A file that is being read."""

    import_id: UUID
    creditor_id: UUID
    currency: str
    business_date: date
    is_complete: bool
    delinquent_before: int


@dataclass(slots=True)
class Counts:
    """What became of the rows of a file, or of a part of it."""

    rows: int = 0
    opened: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    absent: int = 0
    warnings: int = 0

    def add(self, other: "Counts") -> None:
        """Adds the counts of another part."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(frozen=True, slots=True)
class LineIssue:
    """Why a line was rejected, or what is doubtful about it. Line 0 is the file as a whole."""

    line: int
    field: str | None
    code: str
    message: str
    is_error: bool = False
    nth: int = 0


async def insert_import(tx: Tx, started: Import, *, file_format: str, imported_by: str) -> None:
    """Records that a file is being read."""
    row = {
        "import_id": started.import_id,
        "creditor_id": started.creditor_id,
        "business_date": started.business_date,
        "is_complete": started.is_complete,
        "format": file_format,
        "status": "running",
        **asdict(Counts()),
        "imported_by": imported_by,
        "started_at": tx.clock.now(),
    }
    await insert_rows(tx, IMPORT_FILE, [row])


def new_import(
    creditor_id: UUID, currency: str, business_date: date, delinquent_before: int, *, is_complete: bool
) -> Import:
    """A file that begins now."""
    return Import(new_id(), creditor_id, currency, business_date, is_complete, delinquent_before)


async def claim_accounts(tx: Tx, import_id: UUID, lines: Sequence[tuple[UUID, int]]) -> set[UUID]:
    """Marks accounts as taken by their lines, and returns those that no earlier line had taken."""
    rows = await tx.fetch(_CLAIM, import_id, [account for account, _ in lines], [line for _, line in lines])
    return {row["account_id"] for row in rows}


async def mark_present(tx: Tx, import_id: UUID, lines: Sequence[tuple[UUID, int]]) -> None:
    """Marks accounts that stand in the file on lines that were refused: they are not absent."""
    if lines:
        await tx.execute(_PRESENT, import_id, [account for account, _ in lines], [line for _, line in lines])


async def save_issues(tx: Tx, import_id: UUID, issues: Iterable[LineIssue]) -> None:
    """Keeps rejects and warnings for the integrator to page through."""
    await insert_rows(tx, IMPORT_ISSUE, [{"import_id": import_id, **asdict(issue)} for issue in issues])


async def add_counts(tx: Tx, import_id: UUID, counts: Counts) -> None:
    """Adds what one chunk did, so that a running import shows how far it is."""
    values = asdict(counts)
    changed = ", ".join(f"{name} = {name} + ${n}" for n, name in enumerate(values, start=2))
    await tx.execute(f"UPDATE import_file SET {changed} WHERE import_id = $1", import_id, *values.values())


async def close_abandoned(tx: Tx, creditor_id: UUID) -> None:
    """Closes files of a creditor whose process ended while it read them, and forgets which accounts they held."""
    begun_before = tx.clock.now() - _ABANDONED_AFTER
    for row in await tx.fetch(_ABANDONED, creditor_id, begun_before):
        await finish_import(tx, row["import_id"], "failed")


async def finish_import(tx: Tx, import_id: UUID, status: str) -> None:
    """Closes a file and forgets which accounts it held."""
    await tx.execute(
        "UPDATE import_file SET status = $2, finished_at = $3 WHERE import_id = $1", import_id, status, tx.clock.now()
    )
    await tx.execute("DELETE FROM import_row WHERE import_id = $1", import_id)
