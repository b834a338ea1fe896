"""Judges parties whom no message names: the other debtors of an account, and by night those whose time has come.

These were tried and not reached for some days, or a restriction on them has ended. Both are jobs, for they take the
locks of parties that are found by what the tables say.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from services.skiptrace.domain.policy import Policy
from services.skiptrace.handlers.reassess import reassess
from services.skiptrace.store.days import load_days
from shared.db.jobs import Job, record_job
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.events.compliance import HOLD_THE_DEBT
from shared.ids import new_id
from shared.jobs import ChunkResult

SWEEP = "sweep"
JUDGEMENT = "co_debtors"
CHUNK_PARTIES = 500

_SWEPT = """
WITH ended AS (
  SELECT r.party_id, r.account_id, r.kind = ANY($6::text[]) AS holds_the_debt
  FROM restriction_view r JOIN account_view a USING (account_id)
  WHERE a.creditor_id = $1 AND r.ends_on < $5 AND r.status <> 'lifted'
), freed AS (
  SELECT party_id FROM ended
  UNION
  SELECT a.party_id FROM ended e JOIN account_view a USING (account_id) WHERE e.holds_the_debt
  UNION
  SELECT p.party_id FROM ended e JOIN party_view p ON p.owes <> '{}' AND p.owes && ARRAY[e.account_id]
  WHERE e.holds_the_debt
)
SELECT party_id FROM (
  SELECT t.party_id FROM contact_try t
  WHERE t.creditor_id = $1 AND NOT t.is_right_party AND t.at <= $2
    AND NOT EXISTS (
      SELECT FROM contact_try r WHERE r.party_id = t.party_id AND r.is_right_party AND r.at > t.at
    )
    AND NOT EXISTS (
      SELECT FROM skip_trace s WHERE s.party_id = t.party_id AND (s.resolved_at IS NULL
        OR (s.resolved_at > t.at AND s.reason NOT IN ('account_settled', 'restricted')))
    )
  UNION
  SELECT f.party_id FROM freed f JOIN skip_trace s USING (party_id)
  WHERE s.status IN ('requested', 'searching') AND s.search_at IS NULL
  UNION
  SELECT f.party_id FROM freed f JOIN trace_trigger t USING (party_id)
  WHERE NOT EXISTS (
    SELECT FROM skip_trace s WHERE s.party_id = t.party_id AND (s.resolved_at IS NULL
      OR (s.resolved_at >= t.at AND s.reason NOT IN ('account_settled', 'restricted')))
  )
) AS found
WHERE $3::uuid IS NULL OR party_id > $3
ORDER BY party_id LIMIT $4
"""
"""Parties with a try so old and nothing since that would cover it; and those of whom a restriction has ended that may
have kept a case waiting, or from being opened: the judgement decides."""


async def request_sweep(tx: Tx, creditor_id: UUID, day: date) -> None:
    """Record the sweep of a creditor's night; once for each day."""
    await record_job(tx, SWEEP, creditor_id=creditor_id, params={}, dedupe_key=f"{SWEEP}:{creditor_id}:{day}")


async def request_judgement(tx: Tx, parties: Iterable[tuple[UUID, UUID]]) -> None:
    """Record that parties, each with its creditor, are to be judged after this transaction."""
    by_creditor: dict[UUID, list[str]] = defaultdict(list)
    for creditor_id, party_id in parties:
        by_creditor[creditor_id].append(str(party_id))
    for creditor_id, party_ids in by_creditor.items():
        params = {"party_ids": party_ids}
        await record_job(tx, JUDGEMENT, creditor_id=creditor_id, params=params, dedupe_key=f"{JUDGEMENT}:{new_id()}")


class JudgeCoDebtors:
    """One chunk: all the parties of one job, those of the accounts of one polled batch."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def __call__(self, tx: Tx, job: Job) -> ChunkResult:
        """Judge the parties of the job."""
        if job.creditor_id is None:
            raise LookupError("a judgement names its creditor")
        parties = [UUID(each) for each in job.params["party_ids"]]
        await lock(tx, creditors=[job.creditor_id], accounts=parties)
        await reassess(tx, parties, self._policy)
        return ChunkResult(None, {"looked_at": len(parties)})


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
        today = (await load_days(tx, [job.creditor_id]))[job.creditor_id]
        where = (latest, UUID(after) if after else None, CHUNK_PARTIES, today, sorted(HOLD_THE_DEBT))
        rows = await tx.fetch(_SWEPT, job.creditor_id, *where)
        parties = [row["party_id"] for row in rows]
        await lock(tx, creditors=[job.creditor_id], accounts=parties)
        await reassess(tx, parties, self._policy)
        progress = {"looked_at": job.progress.get("looked_at", 0) + len(parties)}
        return ChunkResult({"after": str(parties[-1])} if len(parties) == CHUNK_PARTIES else None, progress)
