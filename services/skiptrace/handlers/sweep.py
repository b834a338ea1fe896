"""Looks for parties that were tried and not reached for some days: each night of a creditor, in chunks."""

from datetime import date
from uuid import UUID

from services.skiptrace.handlers.reassess import Policy, reassess
from shared.db.jobs import Job, record_job
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.jobs import ChunkResult

SWEEP = "sweep"
CHUNK_PARTIES = 500

_UNREACHED = """
SELECT t.party_id FROM contact_try t
WHERE t.creditor_id = $1 AND NOT t.is_right_party AND t.at <= $2 AND ($3::uuid IS NULL OR t.party_id > $3)
  AND NOT EXISTS (
    SELECT FROM contact_try r WHERE r.party_id = t.party_id AND r.is_right_party AND r.at > t.at
  )
  AND NOT EXISTS (
    SELECT FROM skip_trace s WHERE s.party_id = t.party_id AND (s.resolved_at IS NULL
      OR (s.resolved_at > t.at AND s.reason NOT IN ('account_settled', 'restricted')))
  )
GROUP BY t.party_id ORDER BY t.party_id LIMIT $4
"""
"""Parties with a try so old and nothing since that would cover it: the judgement decides."""


async def request_sweep(tx: Tx, creditor_id: UUID, day: date) -> None:
    """Record the sweep of a creditor's night; once for each day."""
    await record_job(tx, SWEEP, creditor_id=creditor_id, params={}, dedupe_key=f"{SWEEP}:{creditor_id}:{day}")


class Sweep:
    """One chunk of a sweep."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def __call__(self, tx: Tx, job: Job) -> ChunkResult:
        """Judge the next parties of the creditor."""
        if job.creditor_id is None:
            raise LookupError("a sweep names its creditor")
        after = (job.cursor or {}).get("after")
        latest = tx.clock.now() - self._policy.no_contact_after
        rows = await tx.fetch(_UNREACHED, job.creditor_id, latest, UUID(after) if after else None, CHUNK_PARTIES)
        parties = [row["party_id"] for row in rows]
        await lock(tx, creditors=[job.creditor_id], accounts=parties)
        await reassess(tx, parties, self._policy)
        progress = {"looked_at": job.progress.get("looked_at", 0) + len(parties)}
        return ChunkResult({"after": str(parties[-1])} if len(parties) == CHUNK_PARTIES else None, progress)
