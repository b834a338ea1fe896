"""Opens a business date and ages a creditor's book for it, in chunks that can be taken up where they stopped.

The date moves in one transaction that holds the creditor alone; then the accounts that the date changes are found by
SQL (bucket, stage, a due that has passed, another queue) and each chunk reads its accounts again under their locks.
So an account that a payment holds at that moment is judged at the new date by whoever comes last.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.accounts.handlers.recompute import recompute
from services.accounts.store.creditors import load_creditors, move_business_date
from services.accounts.store.predicates import queue_scan_condition
from services.accounts.store.queue_definitions import load_definitions
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.jobs import ChunkResult, Job, record_job

AGING = "aging"
CHUNK = 500
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class OpenBusinessDate:
    """The command of an aging run."""

    creditor_id: UUID
    business_date: date


async def open_business_date(tx: Tx, command: OpenBusinessDate) -> Job | Refusal:
    """Moves the date, or finds it open, and returns the job that ages the book for it: one per creditor and date.

    The caller holds the creditor's lock exclusively.
    """
    creditor = (await load_creditors(tx, [command.creditor_id])).get(command.creditor_id)
    if creditor is None:
        return Refusal("creditor-unknown", "there is no such creditor", "creditor_id")
    current, wanted = creditor.business_date, command.business_date
    if current is None:
        return Refusal("business-date-unset", "the first import sets the first business date")
    if wanted < current:
        return Refusal("business-date-in-past", f"the business date is {current} already", "business_date")
    today = tx.clock.today(creditor.time_zone)
    if wanted > today:
        detail = f"it is {today} in {creditor.time_zone}"
        return Refusal("business-date-in-future", detail, "business_date")
    if wanted > current:
        await move_business_date(tx, creditor, wanted)
    return await record_job(
        tx,
        AGING,
        creditor_id=creditor.creditor_id,
        params={"creditor_id": str(creditor.creditor_id), "business_date": wanted.isoformat()},
        dedupe_key=f"{AGING}:{creditor.creditor_id}:{wanted}",
    )


async def age_chunk(tx: Tx, job: Job, *, version_epoch: int = 0, chunk: int = CHUNK) -> ChunkResult:
    """Ages the next accounts of a book. The cursor is the last account looked at."""
    creditor_id, business_date = UUID(job.params["creditor_id"]), date.fromisoformat(job.params["business_date"])
    progress = {"scanned": 0, "aged": 0, "cured": 0, "queues_changed": 0, **job.progress}
    if job.cursor is None:
        progress["scanned"] = await tx.fetchval("SELECT count(*) FROM account WHERE creditor_id = $1", creditor_id)
    after = UUID(job.cursor["after"]) if job.cursor else _FIRST
    found = await _candidates(tx, creditor_id, business_date, after, chunk)
    if found:
        await lock(tx, creditors=[creditor_id], accounts=found)
        done = await recompute(tx, found, changed_from={}, version_epoch=version_epoch)
        progress["aged"] += done.count("aged")
        progress["cured"] += done.count("cured")
        progress["queues_changed"] += done.queues_changed
    return ChunkResult({"after": str(found[-1])} if len(found) == chunk else None, progress)


async def _candidates(tx: Tx, creditor_id: UUID, business_date: date, after: UUID, chunk: int) -> list[UUID]:
    """The next accounts that look different at the date than they are stored."""
    queue = queue_scan_condition(await load_definitions(tx), first_parameter=5, business_date="$2::date")
    rows: list[Any] = await tx.fetch(
        "SELECT a.account_id FROM account a WHERE a.creditor_id = $1 AND a.account_id > $3"
        f" AND (a.next_aging_on <= $2::date OR {queue.text}) ORDER BY a.account_id LIMIT $4",
        creditor_id,
        business_date,
        after,
        chunk,
        *queue.args,
    )
    return [row["account_id"] for row in rows]
