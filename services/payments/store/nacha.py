"""Finds the payments that the entries of a return file may mean, and keeps the files' reports."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from services.payments.domain.nacha.reader import Entry
from services.payments.domain.nacha.returns import Candidate
from services.payments.tables.payments import NACHA_ENTRY, NACHA_FILE
from shared.db.sets import insert_rows, load_rows, upsert_rows
from shared.db.transaction import Tx
from shared.ids import new_id

Row = Mapping[str, Any]

_CANDIDATES = """
SELECT p.payment_id, p.account_id, p.amount_minor, p.effective_on, p.ach_trace, p.source_ref,
       EXISTS (SELECT FROM payment c WHERE c.reallocation_of = p.payment_id) AS is_reallocated
FROM payment p
WHERE p.creditor_id = $1 AND p.channel = 'ach'
  AND ((p.ach_trace IS NOT NULL AND p.ach_trace = ANY($2::text[])) OR p.source_ref = ANY($3::text[]))
"""


async def load_candidates(tx: Tx, creditor_id: UUID, entries: Iterable[Entry]) -> list[Candidate]:
    """The ACH payments of the creditor with the trace or the reference of any of the entries."""
    wanted = list(entries)
    traces = list({entry.original_trace for entry in wanted if entry.original_trace})
    references = list({entry.individual_id for entry in wanted if entry.individual_id})
    rows = await tx.fetch(_CANDIDATES, creditor_id, traces, references)
    return [Candidate(**dict(row)) for row in rows]


async def file_id_of(tx: Tx, creditor_id: UUID, content: bytes, taken_by: str) -> UUID:
    """The id of a file by its content: the same file again is the same file."""
    row = {
        "file_id": new_id(),
        "creditor_id": creditor_id,
        "content_hash": sha256(content).digest(),
        "counts": "{}",
        "taken_at": tx.clock.now(),
        "taken_by": taken_by,
    }
    if await insert_rows(tx, NACHA_FILE, [row], on_conflict="nothing", returning=["file_id"]):
        return UUID(str(row["file_id"]))
    found = await tx.fetchval(
        "SELECT file_id FROM nacha_file WHERE creditor_id = $1 AND content_hash = $2", creditor_id, row["content_hash"]
    )
    return UUID(str(found))


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
    await tx.execute("UPDATE nacha_file SET counts = $2 WHERE file_id = $1", file_id, json.dumps(counts))


async def load_report(tx: Tx, file_id: UUID) -> tuple[Row, list[Row]] | None:
    """A file and its entries in the order of the file, or None."""
    files = await load_rows(tx, NACHA_FILE, "file_id", [file_id])
    return (files[0], await _entries(tx, file_id)) if files else None


async def _entries(tx: Tx, file_id: UUID) -> list[Row]:
    return list(await load_rows(tx, NACHA_ENTRY, "file_id", [file_id], order_by=["line"]))
