"""Import files: their counts, the lines that were refused or doubted, and which accounts a running file has held."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from uuid import UUID

from services.accounts.tables.imports import IMPORT_FILE, IMPORT_ISSUE, IMPORT_ROW
from shared.db.sets import insert_rows, update_rows
from shared.db.transaction import Tx

_SEEN = "SELECT account_id, is_taken FROM import_row WHERE import_id = $1 AND account_id = ANY($2::uuid[])"
_IS_TAKEN = """
SELECT EXISTS (SELECT FROM import_row WHERE import_id = $1 AND line = $2 AND account_id = $3)
    OR EXISTS (SELECT FROM import_issue WHERE import_id = $1 AND line = $2 AND is_error)
"""
_COUNTS = "rows, opened, updated, unchanged, rejected, absent, warnings"
_FINISH = f"""
UPDATE import_file SET status = $2, finished_at = $3, absent = $4 WHERE import_id = $1 RETURNING {_COUNTS}
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
    """Records that a file is being read; done again, it changes nothing."""
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
    await insert_rows(tx, IMPORT_FILE, [row], on_conflict="nothing")


async def is_taken(tx: Tx, import_id: UUID, line: int, account_id: UUID | None) -> bool:
    """Whether the chunk that a line begins is committed: each line leaves the mark of its account, or an issue."""
    return bool(await tx.fetchval(_IS_TAKEN, import_id, line, account_id))


async def claim_accounts(tx: Tx, import_id: UUID, good: Mapping[UUID, int], refused: Mapping[UUID, int]) -> set[UUID]:
    """Marks the accounts that good lines state, and those that stand on refused ones: these are not absent.

    Args:
        tx: The transaction; nobody else writes to this file.
        import_id: The file.
        good: The line of each account that is to be taken.
        refused: The line of each account that cannot be. It does not stand in the way of a good one.

    Returns:
        The accounts of `good` that an earlier line had taken.
    """
    seen = {row["account_id"]: row["is_taken"] for row in await tx.fetch(_SEEN, import_id, [*good, *refused])}
    marks = [
        {"import_id": import_id, "account_id": account, "line": line, "is_taken": account in good}
        for account, line in {**refused, **good}.items()
        if not seen.get(account)
    ]
    await insert_rows(tx, IMPORT_ROW, [mark for mark in marks if mark["account_id"] not in seen])
    taken_now = [mark for mark in marks if mark["account_id"] in seen and mark["is_taken"]]
    await update_rows(tx, IMPORT_ROW, taken_now, key=["import_id", "account_id"])
    return {account for account in good if seen.get(account)}


async def save_issues(tx: Tx, import_id: UUID, issues: Iterable[LineIssue]) -> int:
    """Keeps rejects and warnings for the integrator to page through; returns how many are new."""
    rows = [{"import_id": import_id, **asdict(issue)} for issue in issues]
    return len(await insert_rows(tx, IMPORT_ISSUE, rows, on_conflict="nothing", returning=["line"]))


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


async def finish_import(tx: Tx, import_id: UUID, status: str, *, absent: int = 0) -> Counts:
    """Closes a file, forgets which accounts it held, and returns what became of its rows."""
    counts = await tx.fetchrow(_FINISH, import_id, status, tx.clock.now(), absent)
    await tx.execute("DELETE FROM import_row WHERE import_id = $1", import_id)
    return Counts(**counts)
