"""What is older than it is kept goes, in batches, with the rights of the service; what somebody still needs stays."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import FixedClock
from shared.db.maintenance import DEAD_LETTERS_KEPT, JOBS_KEPT, Cleared, clear_old_rows
from shared.db.sets import insert_rows
from shared.ids import new_id
from shared.jobs import load_job, record_job, run_chunk
from tests.integration.db.specimen import MESSAGING

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
CLOCK = FixedClock(NOW)


async def _clear(engine: AsyncEngine, clock: FixedClock = CLOCK, *, batch: int = 5_000) -> list[Cleared]:
    """What each transaction of one maintenance did."""
    done: list[Cleared] = []
    while not done or done[-1].has_more:
        done.append(await run_chunk(engine, clock, lambda tx: clear_old_rows(tx, batch=batch)))
    return done


async def _job(
    engine: AsyncEngine, creditor: UUID | None, *, age: timedelta, status: str = "done", kind: str = "aging"
) -> UUID:
    job_id, at = new_id(), NOW - age
    row = {
        "job_id": job_id,
        "kind": kind,
        "creditor_id": creditor,
        "status": status,
        "dedupe_key": str(job_id),
        "created_at": at,
        "updated_at": at,
        "finished_at": at if status in {"done", "failed"} else None,
    }
    await run_chunk(engine, CLOCK, lambda tx: insert_rows(tx, MESSAGING.job, [row]))
    return job_id


async def _ids(engine: AsyncEngine, sql: str, *args: Any) -> set[UUID]:
    async def read(tx: Any) -> set[UUID]:
        return {row[0] for row in await tx.fetch(sql, *args)}

    return await run_chunk(engine, CLOCK, read)


async def test_done_jobs_go_after_90_days_and_the_last_of_each_kind_and_creditor_stays(
    kernel_engine: AsyncEngine,
) -> None:
    creditor, old, young = uuid4(), JOBS_KEPT + timedelta(seconds=1), JOBS_KEPT - timedelta(seconds=1)
    gone = {await _job(kernel_engine, creditor, age=old), await _job(kernel_engine, None, age=old + timedelta(days=1))}
    kept = {
        await _job(kernel_engine, creditor, age=young),
        await _job(kernel_engine, None, age=old),  # the last of those of no creditor
        await _job(kernel_engine, uuid4(), age=old),  # the last of its creditor
        await _job(kernel_engine, creditor, age=old, kind="evaluate"),  # the last of its kind
        await _job(kernel_engine, creditor, age=old, status="failed"),
        await _job(kernel_engine, creditor, age=old, status="queued"),
        await _job(kernel_engine, creditor, age=old, status="running"),
    }
    (done,) = await _clear(kernel_engine)
    assert done.jobs == 2
    assert await _ids(kernel_engine, "SELECT job_id FROM job WHERE job_id = ANY($1)", [*gone, *kept]) == kept


async def test_a_run_that_is_asked_for_again_after_a_year_finds_its_job(kernel_engine: AsyncEngine) -> None:
    creditor = uuid4()
    job_id = await _job(kernel_engine, creditor, age=timedelta(days=365))
    await _clear(kernel_engine)
    found = await run_chunk(
        kernel_engine,
        CLOCK,
        lambda tx: record_job(tx, "aging", creditor_id=creditor, params={}, dedupe_key=str(job_id)),
    )
    assert (found.job_id, found.status) == (job_id, "done")
    assert (await run_chunk(kernel_engine, CLOCK, lambda tx: load_job(tx, job_id))).is_finished


def _dead_letter(replayed_at: datetime | None) -> dict[str, Any]:
    return {
        "dead_letter_id": new_id(),
        "topic": "t",
        "partition": 0,
        "offset": uuid4().int % 2**40,
        "produced_at": NOW,
        "code": "handler-failed",
        "detail": "",
        "created_at": NOW - timedelta(days=900),
        "replayed_at": replayed_at,
    }


async def test_dead_letters_go_90_days_after_they_were_taken_again_and_open_ones_stay(
    kernel_engine: AsyncEngine,
) -> None:
    ages = [None, DEAD_LETTERS_KEPT - timedelta(seconds=1), DEAD_LETTERS_KEPT + timedelta(seconds=1)]
    rows = [_dead_letter(None if age is None else NOW - age) for age in ages]
    await run_chunk(kernel_engine, CLOCK, lambda tx: insert_rows(tx, MESSAGING.dead_letter, rows))
    (done,) = await _clear(kernel_engine)
    assert done.dead_letters == 1
    ids = [row["dead_letter_id"] for row in rows]
    assert await _ids(kernel_engine, "SELECT dead_letter_id FROM dead_letter") >= set(ids[:2])
    assert ids[2] not in await _ids(kernel_engine, "SELECT dead_letter_id FROM dead_letter")


@pytest.mark.parametrize("count", [9, 10])
async def test_many_rows_go_in_several_transactions_and_the_partitions_come_last(
    kernel_engine: AsyncEngine, count: int
) -> None:
    old = [
        {"subject": "s", "route": "r", "key": str(n), "fingerprint": "f", "created_at": NOW - timedelta(days=31)}
        for n in range(count)
    ]
    strangers = [{"event_id": uuid4(), "source": "core", "received_at": NOW - timedelta(days=32)} for _ in range(count)]

    async def fill(tx: Any) -> None:
        await insert_rows(tx, MESSAGING.idempotency, old)
        await insert_rows(tx, MESSAGING.inbox, strangers)

    await run_chunk(kernel_engine, CLOCK, fill)
    done = await _clear(kernel_engine, batch=5)
    assert [each.answers for each in done] == ([5, 4] if count == 9 else [5, 5, 0])
    assert not any(each.partitions_made for each in done[:-1])
    ids = [row["event_id"] for row in strangers]
    assert await _ids(kernel_engine, "SELECT event_id FROM inbox WHERE event_id = ANY($1)", ids) == set()
