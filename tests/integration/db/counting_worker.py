"""A process that drives a job and is killed in the middle: it says which chunk it is in, and never gets far."""

import asyncio
import sys
from uuid import UUID

from shared.clock import SystemClock
from shared.db.engine import engine_for
from shared.db.transaction import Tx
from shared.jobs import ChunkResult, Job, JobRunner

CHUNKS = 12


async def count(tx: Tx, job: Job) -> ChunkResult:
    """Write one row for this chunk. Nothing makes the row unique: a chunk that ran twice would show."""
    number = 1 if job.cursor is None else job.cursor["next"]
    await tx.execute(
        'INSERT INTO pair (creditor_id, "order", value) VALUES ($1, gen_random_uuid()::text, $2)', job.job_id, number
    )
    print("inside", number, flush=True)  # noqa: T201 - the test reads it
    if "pause" in job.params:
        await asyncio.sleep(job.params["pause"])
    return ChunkResult(None if number == CHUNKS else {"next": number + 1}, {"chunks": number})


async def _main(url: str, job_id: str) -> None:
    engine = engine_for(url, application_name="counting worker")
    await JobRunner(engine, SystemClock(), {"count": count}, poll_s=0.05).run_job(UUID(job_id))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2]))
