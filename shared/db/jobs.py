"""The job table: recording long work once, and where each piece of it stands.

A job is recorded in the transaction that asks for it; `shared.jobs` drives it. Times of `not_before` are the
database's own, so that runners on different machines agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from shared.db.transaction import Tx
from shared.errors import ArrearsError
from shared.ids import new_id

JobStatus = Literal["queued", "running", "done", "failed"]


class UnknownJobError(ArrearsError):
    """There is no such job, or nobody here knows its kind."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of long work. `cursor` is where its next chunk begins: None before the first."""

    job_id: UUID
    kind: str
    creditor_id: UUID | None
    params: dict[str, Any]
    cursor: dict[str, Any] | None
    progress: dict[str, Any]
    status: JobStatus
    dedupe_key: str
    created_at: datetime
    finished_at: datetime | None
    attempts: int = 0
    error: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.status in {"done", "failed"}


_COLUMNS = (
    "job_id, kind, creditor_id, params, cursor, progress, status, dedupe_key, created_at, finished_at, attempts, error"
)
_RECORD = f"""
INSERT INTO job (job_id, kind, creditor_id, params, dedupe_key, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
ON CONFLICT (dedupe_key) DO NOTHING
RETURNING {_COLUMNS}
"""
_ASK_AGAIN = f"""
UPDATE job SET status = 'queued', attempts = 0, finished_at = NULL, not_before = NULL
WHERE dedupe_key = $1 AND status = 'failed'
RETURNING {_COLUMNS}
"""
_SAVE = f"""
UPDATE job SET cursor = CASE WHEN $5::float8 IS NULL THEN $2::jsonb ELSE coalesce($2::jsonb, cursor) END,
  progress = progress || $3, status = $4, error = NULL, attempts = 0,
  not_before = clock_timestamp() + make_interval(secs => $5::float8),
  updated_at = $6, finished_at = CASE WHEN $4 = 'done' THEN $6::timestamptz END
WHERE job_id = $1
RETURNING {_COLUMNS}
"""
_FAIL = f"""
UPDATE job SET attempts = attempts + 1, error = $2, updated_at = $4,
  status = CASE WHEN attempts + 1 >= $3 THEN 'failed' ELSE status END,
  finished_at = CASE WHEN attempts + 1 >= $3 THEN $4::timestamptz END
WHERE job_id = $1
RETURNING {_COLUMNS}
"""
_READY = """
SELECT job_id FROM job
WHERE status IN ('queued', 'running') AND kind = ANY($1) AND (not_before IS NULL OR not_before <= clock_timestamp())
ORDER BY created_at
"""
_IS_WAITING = "SELECT coalesce(not_before > clock_timestamp(), false) FROM job WHERE job_id = $1"


async def record_job(tx: Tx, kind: str, *, creditor_id: UUID | None, params: Mapping[str, Any], dedupe_key: str) -> Job:
    """Record long work in the transaction that asks for it, or return the job that this `dedupe_key` recorded before.

    One that had failed is queued again, to go on at its cursor. Whatever drives it can start when the transaction has
    committed.
    """
    row = await tx.fetchrow(_RECORD, new_id(), kind, creditor_id, dict(params), dedupe_key, tx.clock.now())
    if row is None:
        row = await tx.fetchrow(_ASK_AGAIN, dedupe_key)
    if row is None:  # a statement of its own: it sees the row that made the insert give way
        row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM job WHERE dedupe_key = $1", dedupe_key)
    return _job(row)


async def load_job(tx: Tx, job_id: UUID) -> Job:
    """Return a job as it stands.

    Raises:
        UnknownJobError: there is none with this id.
    """
    row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM job WHERE job_id = $1", job_id)
    if row is None:
        raise UnknownJobError(f"there is no job {job_id}")
    return _job(row)


async def claim_cursor(tx: Tx, job_id: UUID) -> Job:
    """Return a job and lock its row until the transaction ends, so that its cursor is used once.

    Raises:
        UnknownJobError: there is none with this id.
    """
    row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM job WHERE job_id = $1 FOR UPDATE", job_id)
    if row is None:
        raise UnknownJobError(f"there is no job {job_id}")
    return _job(row)


async def save_chunk(
    tx: Tx, job_id: UUID, *, cursor: dict[str, Any] | None, progress: dict[str, Any], retry_after_s: float | None
) -> Job:
    """Store what a chunk did. No cursor and nothing to wait for: the job is done."""
    status = "done" if cursor is None and retry_after_s is None else "running"
    return _job(await tx.fetchrow(_SAVE, job_id, cursor, progress, status, retry_after_s, tx.clock.now()))


async def record_failure(tx: Tx, job_id: UUID, message: str, *, max_attempts: int) -> Job:
    """Count a failed chunk; the job is `failed` after `max_attempts` in a row."""
    return _job(await tx.fetchrow(_FAIL, job_id, message, max_attempts, tx.clock.now()))


async def ready_jobs(session: Any, kinds: list[str]) -> list[UUID]:
    """Return the unfinished jobs of these kinds that need not wait, oldest first."""
    return [row["job_id"] for row in await session.fetch(_READY, kinds)]


async def is_waiting(session: Any, job_id: UUID) -> bool:
    """Say whether the next chunk of a job has to wait still."""
    return bool(await session.fetchval(_IS_WAITING, job_id))


async def outbox_rows(tx: Tx, at_most: int) -> int:
    """Return how many events wait in the outbox, counted up to `at_most`."""
    return int(await tx.fetchval("SELECT count(*) FROM (SELECT FROM outbox LIMIT $1) AS head", at_most))


def _job(row: Any) -> Job:
    return Job(**dict(row))
