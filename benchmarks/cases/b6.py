"""B6: aging a book of which 3 % roll, with events, in chunks that resume; against one bare update of the same rows."""

from datetime import date, timedelta
from time import perf_counter
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK, CREDITOR, DAY, INSTALLMENT_MINOR, import_book, multiply_book, open_book, rolling
from benchmarks.place import Place
from benchmarks.plain.aging import age as age_plainly
from benchmarks.rounds import Case, Measurement, Side, interleaved, measurement
from benchmarks.settings import accounts_settings
from services.accounts.consumers import chunks
from services.accounts.domain.default_queues import DEFAULT_QUEUES
from services.accounts.handlers.run_aging import OpenBusinessDate, open_business_date
from services.accounts.store.predicates import queue_scan_condition
from shared.errors import Refusal
from shared.jobs import JobRunner, run_chunk

FULL = 1_000_000
SEED = 1_000
"""Accounts that are imported; the rest are their copies."""
PLAIN_ACCOUNTS = 300
NEXT_DAY = DAY + timedelta(days=1)
_ROLL = 3
_FOUND = """
SELECT bucket, stage, coalesce(queue, '') AS queue, count(*) AS accounts, sum(past_due_minor)::bigint AS past_due_minor
FROM account GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_EVENTS = "SELECT topic, count(*) AS events FROM outbox WHERE topic ~ '^(account|queue)' GROUP BY topic ORDER BY topic"
# What the night changes, as one statement: the due that has passed, the bucket, the stage and the queue.
_UPDATE = """
UPDATE account a SET
  past_due_minor = a.past_due_minor + CASE WHEN a.next_due_on < $2 THEN {installment} ELSE 0 END,
  oldest_unpaid_due_on = d.oldest,
  next_due_on = CASE WHEN a.next_due_on < $2 THEN (a.next_due_on + interval '1 month')::date ELSE a.next_due_on END,
  bucket = (ARRAY['current', 'b1_29', 'b30_59', 'b60_89'])[1 + width_bucket($2 - d.oldest, ARRAY[1, 30, 60])],
  stage = (ARRAY['current', 'early', 'mid', 'late'])[1 + width_bucket($2 - d.oldest, ARRAY[1, 30, 60])],
  queue = (ARRAY[NULL, 'early_stage', 'mid', 'late'])[1 + width_bucket($2 - d.oldest, ARRAY[1, 30, 60])],
  next_aging_on = $2 + 29,
  version = a.version + 1
FROM (SELECT account_id, coalesce(oldest_unpaid_due_on, next_due_on) AS oldest FROM account) AS d
WHERE d.account_id = a.account_id AND a.creditor_id = $1 AND (a.next_aging_on <= $2 OR {stale})
"""


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with a book of 1,000,000 x `scale` accounts."""
    times = max(2, round(FULL * scale / SEED))
    n = times * SEED
    book, small_book = await _prepared(place, SEED, times), await _prepared(place, PLAIN_ACCOUNTS, 1)
    expected: dict[str, list[Any]] = {}

    async def ours(prepared: str) -> float:
        async with place.copy("accounts", prepared) as engine:
            began = perf_counter()
            progress = await age(engine, NEXT_DAY)
            seconds = perf_counter() - began
            async with place.admin(str(engine.url.database)) as admin:
                accounts = await admin.fetchval("SELECT count(*) FROM account")
                expected[prepared] = await _state(admin)
            rolled = accounts * _ROLL // 100
            if (progress["scanned"], progress["aged"], progress["queues_changed"]) != (accounts, rolled, rolled):
                raise AssertionError(f"of {accounts} accounts {rolled} should roll: {progress}")
            return seconds

    async def limit() -> float:
        stale = queue_scan_condition(DEFAULT_QUEUES, first_parameter=3, business_date="$2::date")
        sql = _UPDATE.format(stale=stale.text, installment=INSTALLMENT_MINOR)
        async with (
            place.copy("accounts", book) as engine,
            place.admin(str(engine.url.database)) as admin,
        ):
            began = perf_counter()
            await admin.execute(sql, CREDITOR, NEXT_DAY, *stale.args)
            seconds = perf_counter() - began
            _same(expected[book][:1], (await _state(admin))[:1])
            return seconds

    async def plain() -> float:
        async with place.copy("accounts", small_book) as engine:
            began = perf_counter()
            await age_plainly(engine, CREDITOR, NEXT_DAY)
            seconds = perf_counter() - began
            async with place.admin(str(engine.url.database)) as admin:
                _same(expected[small_book], await _state(admin))
            return seconds

    await ours(small_book)  # what the plain way has to come to
    seconds = await interleaved(
        "B6",
        rounds,
        Side("Arrears", lambda: ours(book), n),
        Side("limit", limit, n),
        Side("plain", plain, PLAIN_ACCOUNTS),
    )
    case = Case(
        code="B6",
        title=f"aging run of a book of {n:,} accounts, {_ROLL} % of which roll: scan, chunks of 500 under their locks, "
        "accounts, queues, history, events, a cursor in each commit",
        limit="one UPDATE of the account rows with the same predicate, without queues' items, history and events",
        plain="every account of the book loaded, judged and committed by itself",
        unit="accounts",
        verified="accounts and past-due sums by bucket, stage and queue are the same on all sides, those of the plain "
        "way on a smaller book, where its events are too; the run counted exactly those that roll",
        is_time=True,
    )
    return [measurement(case, seconds, n=n, plain_n=PLAIN_ACCOUNTS)]


async def age(engine: AsyncEngine, day: date) -> dict[str, Any]:
    """Open a business date and age the book for it, as the API does; return what the run counted."""
    job = await run_chunk(engine, CLOCK, lambda tx: open_business_date(tx, OpenBusinessDate(CREDITOR, day)))
    if isinstance(job, Refusal):
        raise TypeError(job.detail)
    # No relay runs here, whose work is a case of its own: the run must not wait for it.
    runner = JobRunner(engine, CLOCK, chunks(accounts_settings()), max_outbox_rows=10**9)
    return dict((await runner.run_job(job.job_id)).progress)


async def _state(admin: asyncpg.Connection) -> list[Any]:
    accounts = [tuple(row) for row in await admin.fetch(_FOUND)]
    items = [
        tuple(row)
        for row in await admin.fetch("SELECT queue, status, count(*) FROM work_item GROUP BY 1, 2 ORDER BY 1, 2")
    ]
    return [accounts, items, [tuple(row) for row in await admin.fetch(_EVENTS)]]


def _same(expected: list[Any], found: list[Any]) -> None:
    if expected != found:
        raise AssertionError(f"{found} is not {expected}")


async def _prepared(place: Place, seed: int, times: int) -> str:
    async def fill(engine: AsyncEngine) -> None:
        await open_book(engine)
        await import_book(engine, seed, rolling)
        if times > 1:
            await multiply_book(engine, times)

    return await place.prepared("accounts", fill)
