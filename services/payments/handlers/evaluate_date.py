"""Judge a creditor's promises and arrangements on a new business date: a job of chunks, resumable and idempotent.

First it waits, within a bound, until this service has posted every payment that the core had published by then: money
that is on its way in time must not break a promise in between. Then the date judged moves under the creditor's
exclusive lock, in a transaction of its own, and only then the accounts are read on which time changed a status, or
where money of the core waits for its day.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from services.payments.handlers.held_payments import post_held
from services.payments.handlers.reassess import note_completed, reassess
from services.payments.handlers.receive_reversals import retry_held
from services.payments.store.evaluation import accounts_for_review, advance_evaluation
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.jobs import ChunkResult, Job, record_job
from shared.messaging.kafka import KafkaUnavailableError

EVALUATE: Final = "evaluate"
CHUNK_ACCOUNTS: Final = 500
_RETRY_S: Final = 0.25

Offsets = Mapping[str, int]
"""End offsets of partitions, each under `topic/partition`."""


async def request_evaluation(tx: Tx, creditor_id: UUID, business_date: date) -> Job:
    """Record the job in the transaction that learned of the business date; once per creditor and date."""
    return await record_job(
        tx,
        EVALUATE,
        creditor_id=creditor_id,
        params={"business_date": business_date.isoformat()},
        dedupe_key=f"{EVALUATE}:{creditor_id}:{business_date}",
    )


@dataclass(frozen=True, slots=True)
class EvaluateDate:
    """One chunk of the job. `end_offsets` and `has_passed` speak of the core's payments and this service's group."""

    end_offsets: Callable[[], Awaitable[Offsets]]
    has_passed: Callable[[Offsets], Awaitable[bool]]
    wait: timedelta = timedelta(seconds=60)

    async def __call__(self, tx: Tx, job: Job) -> ChunkResult:
        """Do the next step: wait for the payments that were on their way, move the date, or judge the next accounts."""
        if job.creditor_id is None:
            raise ValueError(f"job {job.job_id} names no creditor")
        day = date.fromisoformat(job.params["business_date"])
        # The bound counts from the first try: a job that finds a backlog after an outage has to wait for it too.
        cursor = job.cursor or {"since": tx.clock.now().isoformat()}
        if "since" not in cursor:
            return await _judge(tx, job, job.creditor_id, day)
        is_late = tx.clock.now() - datetime.fromisoformat(cursor["since"]) > self.wait
        try:
            cursor = cursor if "offsets" in cursor else cursor | {"offsets": dict(await self.end_offsets())}
            has_passed = await self.has_passed(cursor["offsets"])
        except KafkaUnavailableError:
            has_passed = False
        if not has_passed and not is_late:
            return ChunkResult(cursor, retry_after_s=_RETRY_S)
        await lock(tx, exclusive_creditors=[job.creditor_id])
        await advance_evaluation(tx, job.creditor_id, day)
        return ChunkResult({"after": None}, {"evaluated": 0, "changed": 0, "waited_in_vain": not has_passed})


async def _judge(tx: Tx, job: Job, creditor_id: UUID, day: date) -> ChunkResult:
    after = (job.cursor or {})["after"]
    accounts = await accounts_for_review(
        tx, creditor_id, day=day, after=UUID(after) if after else None, limit=CHUNK_ACCOUNTS
    )
    await lock(tx, creditors=[creditor_id], accounts=accounts)
    posted = await post_held(tx, accounts)
    await retry_held(tx, accounts)
    done = await reassess(tx, accounts)
    await note_completed(tx, posted, done.completed)
    progress = {
        "evaluated": job.progress.get("evaluated", 0) + len(accounts),
        "changed": job.progress.get("changed", 0) + done.changed,
    }
    return ChunkResult({"after": str(accounts[-1])} if len(accounts) == CHUNK_ACCOUNTS else None, progress)
