"""B9: the next item of a long queue, against the next of a queue of 1,000. Both are leased for good, one by one."""

from statistics import median
from time import perf_counter

from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK, import_book, open_book
from benchmarks.place import Place
from benchmarks.rounds import Measurement, Spread, interleaved
from services.accounts.domain.actor import Actor
from services.accounts.handlers.next_item import next_item
from services.accounts.schemas.work_items import WorkItemOut
from shared.db.transaction import Tx
from shared.jobs import run_chunk

FULL = 1_000_000
SHORT = 1_000
QUEUE = "early_stage"
SEED = 3_000
"""Accounts that are imported; a third of them are in the queue, and each of these is multiplied."""
CALLS = 100
_MULTIPLY = """
WITH clone AS MATERIALIZED (
  SELECT a.account_id AS old_id, gen_random_uuid() AS new_id, n
  FROM account a CROSS JOIN generate_series(2, $1::int) AS n WHERE a.queue = $2
), accounts AS (
  INSERT INTO account SELECT (jsonb_populate_record(a, jsonb_build_object(
    'account_id', c.new_id, 'core_account_number', a.core_account_number || '-' || c.n))).*
  FROM clone c JOIN account a ON a.account_id = c.old_id
)
INSERT INTO work_item SELECT (jsonb_populate_record(w, jsonb_build_object(
  'account_id', c.new_id, 'work_item_id', gen_random_uuid()))).*
FROM clone c JOIN work_item w ON w.account_id = c.old_id AND w.closed_at IS NULL
"""
_CUT = """
DELETE FROM work_item WHERE work_item_id IN (
  SELECT work_item_id FROM work_item WHERE queue = $1 ORDER BY work_item_id OFFSET $2)
"""


async def measure(place: Place, *, scale: float, rounds: int) -> Measurement:
    """Measure with 1,000,000 x `scale` items in the queue."""
    n = max(2 * SHORT, int(FULL * scale))
    long_book, short_book = await _prepared(place, n), await _prepared(place, SHORT)
    async with place.engine("accounts", long_book) as long, place.engine("accounts", short_book) as short:
        leased: set[str] = set()

        async def of(engine: AsyncEngine) -> float:
            return await _calls(engine, leased)

        # The short queue loses what is leased: it stays above 400 of its 1,000 items at five rounds.
        ours, theirs = await interleaved(lambda: of(long), lambda: of(short), rounds)
    return Measurement(
        case="B9",
        title=f"next of a queue of {n:,} items: read the head, lock, check again, lease, event, commit",
        limit=f"the same with {SHORT:,} items",
        n=CALLS,
        unit="calls",
        rounds=rounds,
        arrears=Spread.of([1000 * seconds for seconds in ours]),
        limit_rate=Spread.of([1000 * seconds for seconds in theirs]),
        ratio=Spread.of([ours_s / theirs_s for ours_s, theirs_s in zip(ours, theirs, strict=True)]),
        verified="the queues counted before, every call leased an item, none twice",
        is_time=True,
    )


async def _calls(engine: AsyncEngine, leased: set[str]) -> float:
    """Return the median seconds of a call."""
    actor = Actor("collector")
    times: list[float] = []
    for _ in range(CALLS):
        began = perf_counter()
        item = await run_chunk(engine, CLOCK, lambda tx: next_item(tx, QUEUE, actor))
        times.append(perf_counter() - began)
        if not isinstance(item, WorkItemOut) or str(item.work_item_id) in leased:
            raise AssertionError(f"no item of its own: {item}")
        leased.add(str(item.work_item_id))
    return median(times)


async def _prepared(place: Place, items: int) -> str:
    async def fill(engine: AsyncEngine) -> None:
        await open_book(engine)
        await import_book(engine, SEED)

        async def multiply(tx: Tx) -> int:
            queued = await tx.fetchval("SELECT count(*) FROM account WHERE queue = $1", QUEUE)
            await tx.execute(_MULTIPLY, -(-items // queued), QUEUE)
            await tx.execute(_CUT, QUEUE, items)
            found: int = await tx.fetchval("SELECT count(*) FROM work_item WHERE queue = $1", QUEUE)
            return found

        found = await run_chunk(engine, CLOCK, multiply)
        if found != items:
            raise AssertionError(f"{found} items in the queue, not {items}")

    return await place.prepared("accounts", fill)
