"""Finds the payments that the entries of a return file may mean, and keeps the files' reports."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.payments.domain.nacha.reader import Entry
from services.payments.domain.nacha.returns import Candidate
from services.payments.tables.payments import NACHA_ENTRY, NACHA_FILE
from shared.db.sets import insert_rows, load_rows, upsert_rows
from shared.db.transaction import Tx
from shared.ids import new_id

Row = Mapping[str, Any]

CURRENCY: Final = "USD"
"""Nacha files hold no currency: their amounts are US dollars."""

_CANDIDATES = """
WITH RECURSIVE named AS (
    SELECT p.* FROM unnest($2::text[]) AS wanted(trace) CROSS JOIN LATERAL (
        SELECT * FROM payment WHERE creditor_id = $1 AND ach_trace = trace OFFSET 0
    ) p WHERE p.channel = 'ach'
    UNION ALL
    SELECT p.* FROM unnest($3::text[]) AS wanted(reference) CROSS JOIN LATERAL (
        SELECT * FROM payment WHERE creditor_id = $1 AND source_ref = reference AND channel = 'ach' OFFSET 0
    ) p
), meant AS (
    SELECT payment_id, account_id, amount_minor, effective_on, ach_trace, source_ref FROM named WHERE currency = $4
    UNION
    SELECT c.payment_id, c.account_id, c.amount_minor, c.effective_on, m.ach_trace, m.source_ref
    FROM meant m CROSS JOIN LATERAL (SELECT * FROM payment WHERE reallocation_of = m.payment_id OFFSET 0) c
)
SELECT m.*, c.is_reallocated FROM meant m CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM payment WHERE reallocation_of = m.payment_id OFFSET 0) AS is_reallocated OFFSET 0
) c
"""
"""One look into an index for each name, whatever the statistics (`OFFSET 0` keeps the planner from scanning the book).
A payment that a reallocation made goes by the trace and the reference under which its money came."""


async def load_candidates(tx: Tx, creditor_id: UUID, entries: Iterable[Entry]) -> list[Candidate]:
    """The ACH payments of the creditor with the trace or the reference of any of the entries."""
    wanted = list(entries)
    traces = sorted({entry.original_trace for entry in wanted if entry.original_trace})
    references = sorted({entry.individual_id for entry in wanted if entry.individual_id})
    if not wanted:
        return []
    rows = await tx.fetch(_CANDIDATES, creditor_id, traces, references, CURRENCY)
    return [Candidate(**dict(row)) for row in rows]


async def is_creditor_here(tx: Tx, creditor_id: UUID) -> bool:
    """Say whether the creditor has been announced."""
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM creditor_view WHERE creditor_id = $1)", creditor_id))


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A file as it is kept: the same content again is the same file."""

    file_id: UUID
    taken_at: datetime
    is_new: bool


async def claim_file(tx: Tx, creditor_id: UUID, content_hash: bytes, taken_by: str) -> TakenFile:
    """Take the file, or find it as it was taken before."""
    file = TakenFile(new_id(), tx.clock.now(), is_new=True)
    row = {
        "file_id": file.file_id,
        "creditor_id": creditor_id,
        "content_hash": content_hash,
        "counts": {},
        "taken_at": file.taken_at,
        "taken_by": taken_by,
    }
    if await insert_rows(tx, NACHA_FILE, [row], on_conflict="nothing", returning=["file_id"]):
        return file
    found = await tx.fetchrow(
        "SELECT file_id, taken_at FROM nacha_file WHERE creditor_id = $1 AND content_hash = $2",
        creditor_id,
        content_hash,
    )
    return TakenFile(found["file_id"], found["taken_at"], is_new=False)


async def save_report(tx: Tx, file_id: UUID, entries: Sequence[Row]) -> None:
    """Keep what became of the entries. What an earlier run reversed stays reported as reversed."""
    before = {row["line"] for row in await _entries(tx, file_id) if row["result"] == "reversed"}
    await upsert_rows(
        tx,
        NACHA_ENTRY,
        [{"file_id": file_id, **row} for row in entries if row["line"] not in before],
        key=["file_id", "line"],
    )
    counts = Counter(row["result"] for row in await _entries(tx, file_id))
    await tx.execute("UPDATE nacha_file SET counts = $2 WHERE file_id = $1", file_id, dict(counts))


async def _entries(tx: Tx, file_id: UUID) -> list[Row]:
    return list(await load_rows(tx, NACHA_ENTRY, "file_id", [file_id], order_by=["line"]))
