"""Long work in chunks: each chunk is one transaction that stores the job's cursor with its effects.

A job that was killed goes on at its cursor, so no chunk counts twice. One process at a time drives a job (a session
advisory lock on a connection of its own), and all of them pause while the outbox is full.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.db.engine import connect_directly, speak_until_done
from shared.db.failures import is_transient
from shared.db.jobs import (
    Job,
    JobStatus,
    UnknownJobError,
    claim_cursor,
    is_waiting,
    load_job,
    outbox_rows,
    ready_jobs,
    record_failure,
    record_job,
    save_chunk,
)
from shared.db.transaction import AfterCommit, Context, Tx, open_transaction
from shared.ids import lock_key
from shared.telemetry.failures import failure_text

__all__ = [
    "Chunk",
    "ChunkResult",
    "Job",
    "JobRunner",
    "JobStatus",
    "PreparedChunk",
    "UnknownJobError",
    "load_job",
    "record_job",
    "run_chunk",
]

T = TypeVar("T")

MAX_OUTBOX_ROWS = 20_000
"""Jobs pause while the outbox holds more: live payments must not wait behind a bulk of events."""
MAX_ATTEMPTS = 5
"""Failures in a row of one chunk, other than transient ones, after which its job is `failed`."""
LEASE_S = 30.0
"""A driver that says nothing to the database for so long hangs, or its host is gone: another may drive its job."""

_MAX_TRANSIENT = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What a chunk did. `cursor` None ends the job; `progress` is merged into the job's, key by key.

    `retry_after_s`: the chunk could not begin yet (it waits for something); it is called again after that time.
    """

    cursor: dict[str, Any] | None
    progress: dict[str, Any] = field(default_factory=dict)
    retry_after_s: float | None = None


Chunk = Callable[[Tx, Job], Awaitable[ChunkResult]]


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """A chunk that needs something from other services: it is fetched while no transaction is open.

    `prepare` fetches it for the job as it stands; `apply` does the chunk with it. Where the job has moved on meanwhile,
    what was prepared is thrown away.
    """

    prepare: Callable[[Job], Awaitable[Any]]
    apply: Callable[[Tx, Job, Any], Awaitable[ChunkResult]]


async def run_chunk(
    engine: AsyncEngine,
    clock: Clock,
    fn: Callable[[Tx], Awaitable[T]],
    *,
    context: Context | None = None,
    after_commit: Sequence[AfterCommit] = (),
) -> T:
    """Run `fn` in one transaction and commit it: one chunk of a streamed import."""
    async with open_transaction(engine, clock, context=context) as tx:
        result = await fn(tx)
        for hook in after_commit:
            tx.after_commit(hook)
        await tx.commit()
    return result


class JobRunner:
    """Drives jobs: one to its end for a caller that waits, or all that are unfinished, for ever, in a worker.

    `chunks` maps a kind to what does one chunk of it. `after_commit` runs after every chunk (waking the relay).
    """

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        chunks: Mapping[str, Chunk | PreparedChunk],
        *,
        after_commit: Sequence[AfterCommit] = (),
        concurrency: int = 2,
        poll_s: float = 0.5,
        max_outbox_rows: int = MAX_OUTBOX_ROWS,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._chunks = dict(chunks)
        self._after_commit = tuple(after_commit)
        self._concurrency = concurrency
        self._poll_s = poll_s
        self._max_outbox_rows = max_outbox_rows
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for new jobs at once; register it as an after-commit hook where a job is recorded."""
        self._woken.set()

    async def run_job(self, job_id: UUID, *, patience_s: float | None = None) -> Job:
        """Drive a job until it is finished and return it. Waits while another process drives it.

        Nothing moves while the outbox is full, or another driver is stuck: after `patience_s` of that, the job is
        returned as it stands, unfinished, for a worker to end. Without it the wait has no bound.

        Raises:
            UnknownJobError: there is no such job, or nothing here knows its kind.
            Exception: the database kept failing; the job stays unfinished, and any runner can resume it.
        """
        job = await self._read(job_id)
        if job.is_finished:
            return job
        if job.kind not in self._chunks:
            raise UnknownJobError(f"nothing here runs jobs of kind {job.kind!r}")
        session = await connect_directly(self._engine, application_name="arrears job", silence_s=LEASE_S)
        try:
            moved_at = _monotonic()
            while not await _try_session_lock(session, job_id):
                await asyncio.sleep(self._poll_s)
                before, job = job, await self._read(job_id)
                if (before.cursor, before.progress) != (job.cursor, job.progress):
                    moved_at = _monotonic()
                if job.is_finished or _is_over(moved_at, patience_s):
                    return job
            while not job.is_finished:
                if not await speak_until_done(session, self._wait_for_outbox(patience_s), LEASE_S):
                    return await self._read(job_id)
                job = await speak_until_done(session, self._step(job_id, wait=True), LEASE_S)
            return job
        finally:
            await _close(session)

    async def run_forever(self) -> None:
        """Pick up unfinished jobs, oldest first, `concurrency` at a time, until the task is cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            try:
                session = await connect_directly(self._engine, application_name="arrears job worker", silence_s=LEASE_S)
                try:
                    while True:
                        if not await self._run_next(session):
                            await self._pause()
                finally:
                    await _close(session)
            except Exception:  # noqa: BLE001 - a worker outlives whatever happens to its database
                _log.exception("the job worker starts again")
                await asyncio.sleep(self._poll_s)

    async def _run_next(self, session: Any) -> bool:
        """Drive the oldest job that is ready and nobody drives; say whether there was one."""
        for job_id in await ready_jobs(session, list(self._chunks)):
            if not await _try_session_lock(session, job_id):
                continue
            try:
                while True:
                    await speak_until_done(session, self._wait_for_outbox(), LEASE_S)
                    job = await speak_until_done(session, self._step(job_id, wait=False), LEASE_S)
                    if job.is_finished or await is_waiting(session, job_id):
                        break
                _log.info("job left", extra={"job_id": str(job_id), "kind": job.kind, "status": job.status})
            finally:
                await session.execute("SELECT pg_advisory_unlock($1)", lock_key(job_id))
            return True
        return False

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), self._poll_s)
        self._woken.clear()

    async def _step(self, job_id: UUID, *, wait: bool) -> Job:
        """Run one chunk, trying again what failed: transient failures for long, others `MAX_ATTEMPTS` times."""
        for attempt in range(1, _MAX_TRANSIENT + 1):
            try:
                job, retry_after_s = await self._chunk(job_id)
            except UnknownJobError:
                raise
            except Exception as error:
                if is_transient(error):
                    if attempt == _MAX_TRANSIENT:
                        raise
                    _log.warning("a chunk failed and is tried again", extra={"job_id": str(job_id)}, exc_info=True)
                else:
                    _log.exception("a chunk failed", extra={"job_id": str(job_id)})
                    job = await self._record_failure(job_id, error)
                    if job.is_finished:
                        return job
                await asyncio.sleep(min(0.05 * 2**attempt, 5))
                continue
            if wait and retry_after_s:
                await asyncio.sleep(retry_after_s)
            return job
        return await self._read(job_id)

    async def _chunk(self, job_id: UUID) -> tuple[Job, float | None]:
        """One chunk in one transaction. The job's row is locked, so the cursor is used once, whatever else fails."""
        before, prepared = await self._prepared(job_id)
        async with open_transaction(self._engine, self._clock, context=Context(correlation_id=job_id)) as tx:
            job = await claim_cursor(tx, job_id)
            if job.is_finished:
                return job, None
            chunk = self._chunks[job.kind]
            if not isinstance(chunk, PreparedChunk):
                result = await chunk(tx, job)
            elif before is None or before.cursor != job.cursor:
                return job, None
            else:
                result = await chunk.apply(tx, job, prepared)
            saved = await save_chunk(
                tx, job_id, cursor=result.cursor, progress=result.progress, retry_after_s=result.retry_after_s
            )
            for hook in self._after_commit:
                tx.after_commit(hook)
            await tx.commit()
        return saved, result.retry_after_s

    async def _prepared(self, job_id: UUID) -> tuple[Job | None, Any]:
        """What a chunk needs from outside, with the job that it was fetched for."""
        if not any(isinstance(chunk, PreparedChunk) for chunk in self._chunks.values()):
            return None, None
        job = await self._read(job_id)
        chunk = self._chunks[job.kind]
        return (job, await chunk.prepare(job)) if isinstance(chunk, PreparedChunk) else (None, None)

    async def _record_failure(self, job_id: UUID, error: Exception) -> Job:
        message = failure_text(error)[:2000]

        async def record(tx: Tx) -> Job:
            return await record_failure(tx, job_id, message, max_attempts=MAX_ATTEMPTS)

        return await run_chunk(self._engine, self._clock, record)

    async def _read(self, job_id: UUID) -> Job:
        async with open_transaction(self._engine, self._clock) as tx:
            return await load_job(tx, job_id)

    async def _wait_for_outbox(self, patience_s: float | None = None) -> bool:
        """Wait until the outbox has room again; False when it has none within `patience_s`."""
        began_at = _monotonic()
        while True:
            async with open_transaction(self._engine, self._clock) as tx:
                waiting = await outbox_rows(tx, self._max_outbox_rows + 1)
            if waiting <= self._max_outbox_rows:
                return True
            if _is_over(began_at, patience_s):
                return False
            await asyncio.sleep(self._poll_s)


def _monotonic() -> float:
    return asyncio.get_running_loop().time()


def _is_over(since: float, patience_s: float | None) -> bool:
    return patience_s is not None and _monotonic() - since >= patience_s


async def _try_session_lock(session: Any, job_id: UUID) -> bool:
    return bool(await session.fetchval("SELECT pg_try_advisory_lock($1)", lock_key(job_id)))


async def _close(session: Any) -> None:
    """Close a direct connection, which releases its locks; never wait for a server that does not answer."""
    try:
        await asyncio.wait_for(session.close(), 5)
    except Exception:  # noqa: BLE001 - whatever it was, the connection goes
        session.terminate()
