"""Long work is recorded once, goes on where it was killed, and counts no chunk twice."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import SystemClock
from shared.db.transaction import Tx, open_transaction
from shared.ids import new_id
from shared.jobs import (
    MAX_ATTEMPTS,
    ChunkResult,
    Job,
    JobRunner,
    UnknownJobError,
    load_job,
    record_job,
    run_chunk,
)
from tests.conftest import KERNEL, GetDatabase
from tests.integration.db.counting_worker import CHUNKS, count

CLOCK = SystemClock()


async def _record(engine: AsyncEngine, kind: str = "count", **params: object) -> Job:
    async def record(tx: Tx) -> Job:
        return await record_job(tx, kind, creditor_id=uuid4(), params=params, dedupe_key=str(new_id()))

    return await run_chunk(engine, CLOCK, record)


async def _counted(engine: AsyncEngine, job_id: UUID) -> list[int]:
    async with open_transaction(engine, CLOCK) as tx:
        rows = await tx.fetch("SELECT value FROM pair WHERE creditor_id = $1 ORDER BY value", job_id)
    return [row["value"] for row in rows]


async def _read(engine: AsyncEngine, job_id: UUID) -> Job:
    async with open_transaction(engine, CLOCK) as tx:
        return await load_job(tx, job_id)


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - what changes is in the database
            await asyncio.sleep(0.02)


def _runner(engine: AsyncEngine, **chunks: Callable[[Tx, Job], Awaitable[ChunkResult]]) -> JobRunner:
    return JobRunner(engine, CLOCK, {"count": count, **chunks}, poll_s=0.05)


async def test_a_job_is_recorded_once_for_its_dedupe_key(kernel_engine: AsyncEngine) -> None:
    key, creditor = str(new_id()), uuid4()

    async def record(tx: Tx) -> Job:
        return await record_job(tx, "count", creditor_id=creditor, params={"n": 1}, dedupe_key=key)

    jobs = await asyncio.gather(*(run_chunk(kernel_engine, CLOCK, record) for _ in range(8)))
    assert len({job.job_id for job in jobs}) == 1
    assert (jobs[0].status, jobs[0].cursor, jobs[0].params, jobs[0].creditor_id) == ("queued", None, {"n": 1}, creditor)
    await _runner(kernel_engine).run_job(jobs[0].job_id)
    again = await run_chunk(kernel_engine, CLOCK, record)
    assert (again.job_id, again.status, again.progress) == (jobs[0].job_id, "done", {"chunks": CHUNKS})


async def test_a_job_runs_chunk_by_chunk_to_its_end_and_then_stays_finished(kernel_engine: AsyncEngine) -> None:
    job = await _record(kernel_engine)
    runner = _runner(kernel_engine)
    done = await runner.run_job(job.job_id)
    assert (done.status, done.cursor, done.progress) == ("done", None, {"chunks": CHUNKS})
    assert done.finished_at is not None
    assert await runner.run_job(job.job_id) == done
    assert await _counted(kernel_engine, job.job_id) == list(range(1, CHUNKS + 1))


async def test_a_job_killed_in_the_middle_goes_on_and_no_chunk_counts_twice(
    kernel_engine: AsyncEngine, service_database: GetDatabase
) -> None:
    url = (await service_database(KERNEL)).service_dsn
    job = await _record(kernel_engine, pause=0.2)
    reached = 0
    for _ in range(3):
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.integration.db.counting_worker",
            url,
            str(job.job_id),
            stdout=asyncio.subprocess.PIPE,
        )
        assert worker.stdout is not None
        first = int((await worker.stdout.readline()).split()[1])
        assert first in {reached, reached + 1}, "it begins at the chunk that was cut off, or at the next"
        for _ in range(2):
            reached = int((await worker.stdout.readline()).split()[1])
        worker.kill()
        unread, _ = await worker.communicate()
        reached += unread.count(b"\n")
    assert not (await _read(kernel_engine, job.job_id)).is_finished
    done = await _runner(kernel_engine).run_job(job.job_id)
    assert done.status == "done"
    assert await _counted(kernel_engine, job.job_id) == list(range(1, CHUNKS + 1))


async def test_whoever_comes_second_waits_and_both_get_the_result(kernel_engine: AsyncEngine) -> None:
    job = await _record(kernel_engine)
    results = await asyncio.gather(*(_runner(kernel_engine).run_job(job.job_id) for _ in range(5)))
    assert {result.status for result in results} == {"done"}
    assert await _counted(kernel_engine, job.job_id) == list(range(1, CHUNKS + 1))


async def test_a_driver_that_lost_its_session_lock_repeats_no_chunk(kernel_engine: AsyncEngine) -> None:
    """The cursor is locked with the job's row, so even two drivers at once count each chunk once."""
    job = await _record(kernel_engine, pause=0.005)
    one, two = _runner(kernel_engine), _runner(kernel_engine)

    async def drive(runner: JobRunner) -> None:
        while not (await runner._step(job.job_id, wait=True)).is_finished:
            pass

    await asyncio.gather(drive(one), drive(two))
    assert await _counted(kernel_engine, job.job_id) == list(range(1, CHUNKS + 1))


async def test_a_worker_picks_up_what_is_unfinished_and_leaves_what_it_does_not_know(
    kernel_engine: AsyncEngine,
) -> None:
    stranger = await _record(kernel_engine, kind="somebody else's")
    jobs = [await _record(kernel_engine) for _ in range(4)]
    workers = [asyncio.create_task(_runner(kernel_engine).run_forever()) for _ in range(2)]

    async def all_done() -> bool:
        return all([(await _read(kernel_engine, job.job_id)).is_finished for job in jobs])

    try:
        await _until(all_done)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    for job in jobs:
        assert await _counted(kernel_engine, job.job_id) == list(range(1, CHUNKS + 1))
    assert (await _read(kernel_engine, stranger.job_id)).status == "queued"
    with pytest.raises(UnknownJobError):
        await _runner(kernel_engine).run_job(stranger.job_id)
    with pytest.raises(UnknownJobError):
        await _runner(kernel_engine).run_job(new_id())


async def test_a_chunk_that_keeps_failing_fails_its_job_and_changes_nothing(kernel_engine: AsyncEngine) -> None:
    tried = 0

    async def fail(tx: Tx, job: Job) -> ChunkResult:
        nonlocal tried
        tried += 1
        await count(tx, job)
        raise ValueError("Jane Doe cannot be done")

    job = await _record(kernel_engine, kind="fail")
    failed = await _runner(kernel_engine, fail=fail).run_job(job.job_id)
    assert (failed.status, failed.attempts, tried) == ("failed", MAX_ATTEMPTS, MAX_ATTEMPTS)
    assert failed.error is not None
    assert failed.error.startswith("ValueError at tests/integration/db/test_jobs.py")
    assert "Jane" not in failed.error
    assert await _counted(kernel_engine, job.job_id) == []

    async def ask_again(tx: Tx) -> Job:
        return await record_job(tx, "fail", creditor_id=None, params={}, dedupe_key=job.dedupe_key)

    again = await run_chunk(kernel_engine, CLOCK, ask_again)
    assert (again.job_id, again.status, again.attempts) == (job.job_id, "queued", 0)
    assert (await _runner(kernel_engine, fail=count).run_job(job.job_id)).status == "done"


async def test_a_chunk_that_fails_once_is_tried_again(kernel_engine: AsyncEngine) -> None:
    failures = [ConnectionResetError("the network"), ValueError("a defect that heals")]

    async def stumble(tx: Tx, job: Job) -> ChunkResult:
        result = await count(tx, job)
        if failures:
            raise failures.pop()
        return result

    job = await _record(kernel_engine, kind="stumble")
    done = await _runner(kernel_engine, stumble=stumble).run_job(job.job_id)
    assert (done.status, done.attempts, done.error) == ("done", 0, None)
    assert await _counted(kernel_engine, job.job_id) == list(range(1, CHUNKS + 1))


async def test_a_chunk_that_has_to_wait_is_called_again_and_lets_other_jobs_pass(kernel_engine: AsyncEngine) -> None:
    is_open = asyncio.Event()
    asked = 0

    async def wait(tx: Tx, job: Job) -> ChunkResult:
        nonlocal asked
        asked += 1
        if not is_open.is_set():
            return ChunkResult(job.cursor, {"asked": asked}, retry_after_s=0.1)
        return await count(tx, job)

    first = await _record(kernel_engine, kind="wait")
    second = await _record(kernel_engine)
    runner = JobRunner(kernel_engine, CLOCK, {"count": count, "wait": wait}, poll_s=0.05, concurrency=1)
    worker = asyncio.create_task(runner.run_forever())

    async def is_done(job: Job) -> bool:
        return (await _read(kernel_engine, job.job_id)).is_finished

    try:
        await _until(lambda: is_done(second))
        assert not await is_done(first)
        assert asked < 20, "it waits rather than spins"
        is_open.set()
        await _until(lambda: is_done(first))
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    assert await _counted(kernel_engine, first.job_id) == list(range(1, CHUNKS + 1))


async def test_jobs_pause_while_the_outbox_is_full(kernel_engine: AsyncEngine) -> None:
    async def fill(tx: Tx) -> None:
        await tx.execute(
            "INSERT INTO outbox (event_id, topic, key, type, source, time, body) "
            "SELECT gen_random_uuid(), 't', 'full', 't.v1', '/s', now(), '{}' FROM generate_series(1, 31)"
        )

    async def drain(tx: Tx) -> None:
        await tx.execute("DELETE FROM outbox WHERE key = 'full'")

    await run_chunk(kernel_engine, CLOCK, fill)
    job = await _record(kernel_engine)
    runner = JobRunner(kernel_engine, CLOCK, {"count": count}, poll_s=0.02, max_outbox_rows=30)
    running = asyncio.create_task(runner.run_job(job.job_id))
    await asyncio.wait([running], timeout=0.3)
    assert await _counted(kernel_engine, job.job_id) == []
    impatient = JobRunner(kernel_engine, CLOCK, {"count": count}, poll_s=0.02, max_outbox_rows=30)
    assert (await impatient.run_job(job.job_id, patience_s=0.1)).status == "queued", "another driver does not move"
    await run_chunk(kernel_engine, CLOCK, drain)
    assert (await running).status == "done"


async def test_whoever_drives_a_job_with_patience_leaves_it_to_a_worker(kernel_engine: AsyncEngine) -> None:
    async def fill(tx: Tx) -> None:
        await tx.execute(
            "INSERT INTO outbox (event_id, topic, key, type, source, time, body) "
            "SELECT gen_random_uuid(), 't', 'over', 't.v1', '/s', now(), '{}' FROM generate_series(1, 2)"
        )

    async def drain(tx: Tx) -> None:
        await tx.execute("DELETE FROM outbox WHERE key = 'over'")

    job = await _record(kernel_engine)
    await run_chunk(kernel_engine, CLOCK, fill)
    try:
        runner = JobRunner(kernel_engine, CLOCK, {"count": count}, poll_s=0.02, max_outbox_rows=1)
        left = await runner.run_job(job.job_id, patience_s=0.1)
        assert (left.status, left.cursor) == ("queued", None)
    finally:
        await run_chunk(kernel_engine, CLOCK, drain)
    worker = asyncio.create_task(runner.run_forever())

    async def is_done() -> bool:
        return (await _read(kernel_engine, job.job_id)).is_finished

    try:
        await _until(is_done)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    assert await _counted(kernel_engine, job.job_id) == list(range(1, CHUNKS + 1))


async def test_hooks_run_after_each_chunk_and_a_chunk_that_raises_commits_nothing(kernel_engine: AsyncEngine) -> None:
    woken = 0

    def wake() -> None:
        nonlocal woken
        woken += 1

    job = await _record(kernel_engine)
    await JobRunner(kernel_engine, CLOCK, {"count": count}, after_commit=[wake]).run_job(job.job_id)
    assert woken == CHUNKS

    async def fail(tx: Tx) -> None:
        await tx.execute("UPDATE job SET kind = 'changed' WHERE job_id = $1", job.job_id)
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - our own
        await run_chunk(kernel_engine, CLOCK, fail, after_commit=[wake])
    assert (await _read(kernel_engine, job.job_id)).kind == "count"
    assert woken == CHUNKS
