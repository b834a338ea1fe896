"""What a service's worker clears away: old inbox days, answers, stream entries, done jobs, replayed dead letters.

Run `clear_old_rows` through `shared.jobs.run_chunk` until it has no more to do, at the start of a worker and every
hour; running it twice, or from two workers at once, does no harm. Each transaction deletes a bounded number of rows.
"""

from dataclasses import dataclass
from datetime import timedelta

from shared.db.transaction import Tx

INBOX_DAYS = 30
INBOX_DAYS_AHEAD = 7
IDEMPOTENCY_KEPT = timedelta(days=30)
STREAM_KEPT = timedelta(hours=48)
JOBS_KEPT = timedelta(days=90)
"""From the end of a job that is done. One that failed is kept until it has been done: somebody is to look at it."""
DEAD_LETTERS_KEPT = timedelta(days=90)
"""From the moment at which one was taken again. One that is open is kept."""
BATCH = 5_000

_MAINTENANCE_LOCK = 0x0A44_EA46

_DELETE = "DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} AS old WHERE {is_old} LIMIT $2))"
# The last job of a kind and a creditor answers who asks for it again: the aging run of the date that is still open.
_IS_NOT_LAST = """EXISTS (
  SELECT FROM job AS later WHERE later.kind = old.kind AND later.creditor_id IS NOT DISTINCT FROM old.creditor_id
    AND (later.created_at, later.job_id) > (old.created_at, old.job_id)
)"""
_ANSWERS = _DELETE.format(table="idempotency", is_old="created_at < $1")
_STREAM = _DELETE.format(table="stream_log", is_old="at < $1")
_JOBS = _DELETE.format(table="job", is_old=f"status = 'done' AND finished_at < $1 AND {_IS_NOT_LAST}")
_DEAD_LETTERS = _DELETE.format(table="dead_letter", is_old="replayed_at < $1")
_STRANGERS = _DELETE.format(table="inbox_default", is_old="received_at < $1")


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was done. All zero also when another worker is at it. `has_more`: run it again, the partitions come last."""

    partitions_made: int = 0
    partitions_dropped: int = 0
    answers: int = 0
    stream_entries: int = 0
    jobs: int = 0
    dead_letters: int = 0
    has_more: bool = False


async def clear_old_rows(tx: Tx, *, batch: int = BATCH) -> Cleared:
    """Delete what is older than it is kept, then make the inbox partitions of the coming week and drop old ones.

    Waits at most 2 s for the inbox; then it fails as a transient error (55P03), and the next run does it.
    """
    if not await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", _MAINTENANCE_LOCK):
        return Cleared()
    now = tx.clock.now()
    answers = await tx.execute(_ANSWERS, now - IDEMPOTENCY_KEPT, batch)
    stream_entries = await tx.execute(_STREAM, now - STREAM_KEPT, batch)
    jobs = await tx.execute(_JOBS, now - JOBS_KEPT, batch)
    dead_letters = await tx.execute(_DEAD_LETTERS, now - DEAD_LETTERS_KEPT, batch)
    strangers = await tx.execute(_STRANGERS, now - timedelta(days=INBOX_DAYS + 1), batch)
    if batch in {answers, stream_entries, jobs, dead_letters, strangers}:
        return Cleared(0, 0, answers, stream_entries, jobs, dead_letters, has_more=True)
    # Last, and only when all else is done: dropping a partition locks the inbox until this transaction ends.
    inbox = await tx.fetchrow(
        "SELECT made, dropped FROM maintain_inbox($1, $2, $3)", now.date(), INBOX_DAYS, INBOX_DAYS_AHEAD
    )
    return Cleared(inbox["made"], inbox["dropped"], answers, stream_entries, jobs, dead_letters)
