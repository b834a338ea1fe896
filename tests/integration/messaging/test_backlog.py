"""What waits in the tables of a service is seen in its metrics, and leaves them when it is done."""

import pytest
from prometheus_client import REGISTRY
from sqlalchemy.ext.asyncio import AsyncEngine

from services.accounts.store import backlog as accounts
from services.compliance.store import backlog as compliance
from services.contact.store import backlog as contact
from services.payments.store import backlog as payments
from services.skiptrace.store import backlog as skiptrace
from shared.clock import SystemClock
from shared.db.engine import engine_for
from shared.db.transaction import Tx, open_transaction
from shared.jobs import run_chunk
from shared.messaging.backlog import MESSAGING, Measure, measure
from tests.conftest import KERNEL, GetDatabase

CLOCK = SystemClock()
GIVEN_UP = "INSERT INTO job (job_id, kind, dedupe_key, status) VALUES (gen_random_uuid(), 'sour', $1, 'failed')"
UNFINISHED = """
INSERT INTO job (job_id, kind, dedupe_key, created_at)
VALUES (gen_random_uuid(), 'slow', 'slow', clock_timestamp() - interval '2 hours')
"""
PARKED = """
INSERT INTO dead_letter (dead_letter_id, topic, partition, "offset", produced_at, code, detail)
VALUES (gen_random_uuid(), 'payment.posted', 0, 7, now(), 'handler-failed', '')
"""
TAKEN_AGAIN = "UPDATE dead_letter SET replayed_at = now()"


def _value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def _run(engine: AsyncEngine, statement: str, *args: object) -> None:
    async def run(tx: Tx) -> None:
        await tx.execute(statement, *args)

    await run_chunk(engine, CLOCK, run)


async def test_jobs_and_dead_letters_are_counted_until_they_are_done(service_database: GetDatabase) -> None:
    engine = engine_for((await service_database(KERNEL)).service_dsn)
    try:
        await _run(engine, UNFINISHED)
        await _run(engine, GIVEN_UP, "first")
        await _run(engine, PARKED)
        await measure(engine, CLOCK, MESSAGING)
        assert _value("arrears_jobs_unfinished", kind="slow") == 1
        assert _value("arrears_job_oldest_unfinished_seconds", kind="slow") == pytest.approx(7200, abs=60)
        assert _value("arrears_jobs_failed", kind="sour") == 1
        assert _value("arrears_dead_letters_open", topic="payment.posted") == 1
        await _run(engine, "UPDATE job SET status = 'done'")
        await _run(engine, TAKEN_AGAIN)
        await measure(engine, CLOCK, MESSAGING)
        assert _value("arrears_jobs_unfinished", kind="slow") is None
        assert _value("arrears_jobs_failed", kind="sour") is None
        assert _value("arrears_dead_letters_open", topic="payment.posted") is None
    finally:
        await engine.dispose()


@pytest.mark.parametrize(
    ("service", "measures", "kinds"),
    [
        ("accounts", accounts.MEASURES, {"snapshot"}),
        ("contact", contact.MEASURES, {"message"}),
        ("payments", payments.MEASURES, {"payment", "reversal"}),
        ("skiptrace", skiptrace.MEASURES, {"search"}),
        ("compliance", compliance.MEASURES, {"permit"}),
    ],
)
async def test_a_service_measures_what_it_holds(
    service_database: GetDatabase, service: str, measures: tuple[Measure, ...], kinds: set[str]
) -> None:
    engine = engine_for((await service_database(service)).service_dsn)
    try:
        for item in measures:  # not `measure`, which hides what fails
            async with open_transaction(engine, CLOCK) as tx:
                item.show(await tx.fetch(item.sql))
        assert {kind for kind in kinds if _value("arrears_held", kind=kind) == 0} == kinds
        assert {kind for kind in kinds if _value("arrears_held_oldest_seconds", kind=kind) == 0} == kinds
    finally:
        await engine.dispose()


async def test_one_measure_that_fails_leaves_the_others(service_database: GetDatabase) -> None:
    engine = engine_for((await service_database(KERNEL)).service_dsn)
    before = _value("arrears_db_pool_wait_seconds_count") or 0
    try:
        await _run(engine, GIVEN_UP, "second")
        await measure(engine, CLOCK, [Measure("SELECT nonsense", ()), *MESSAGING])
        assert _value("arrears_jobs_failed", kind="sour") == 1
        assert (_value("arrears_db_pool_wait_seconds_count") or 0) > before
    finally:
        await engine.dispose()
