"""What a service's worker clears away now and then: old inbox days, answers, stream entries.

Run `clear_old_rows` through `shared.jobs.run_chunk`, at the start of a worker and every hour; running it twice, or
from two workers at once, does no harm.
"""

from dataclasses import dataclass
from datetime import timedelta

from shared.db.transaction import Tx

INBOX_DAYS = 30
INBOX_DAYS_AHEAD = 7
IDEMPOTENCY_KEPT = timedelta(days=30)
STREAM_KEPT = timedelta(hours=48)

_MAINTENANCE_LOCK = 0x0A44_EA46


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was done. All zero also when another worker is at it."""

    partitions_made: int = 0
    partitions_dropped: int = 0
    answers: int = 0
    stream_entries: int = 0


async def clear_old_rows(tx: Tx) -> Cleared:
    """Make the inbox partitions of the coming week, and drop what is older than it is kept.

    Waits at most 2 s for the inbox; then it fails as a transient error (55P03), and the next run does it.
    """
    if not await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", _MAINTENANCE_LOCK):
        return Cleared()
    now = tx.clock.now()
    answers = await tx.execute("DELETE FROM idempotency WHERE created_at < $1", now - IDEMPOTENCY_KEPT)
    stream_entries = await tx.execute("DELETE FROM stream_log WHERE at < $1", now - STREAM_KEPT)
    inbox = await tx.fetchrow(
        "SELECT made, dropped FROM maintain_inbox($1, $2, $3)", now.date(), INBOX_DAYS, INBOX_DAYS_AHEAD
    )
    return Cleared(inbox["made"], inbox["dropped"], answers, stream_entries)
