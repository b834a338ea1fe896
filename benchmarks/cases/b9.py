"""B9: the next item of a long queue, against the next of a queue of 1,000. Both are leased for good, one by one."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK, import_book, multiply_book, open_book
from benchmarks.place import Place
from benchmarks.plain.next_item import next_plainly
from benchmarks.rounds import Case, Measurement, Side, interleaved, measurement
from services.accounts.domain.actor import Actor
from services.accounts.handlers.next_item import next_item
from services.accounts.schemas.work_items import WorkItemOut
from shared.clock import FixedClock
from shared.db.transaction import Tx
from shared.jobs import run_chunk

FULL = 1_000_000
SHORT = 1_000
QUEUE = "early_stage"
SEED = 3_000
"""Accounts that are imported; a sixth of them are in the queue, and each of these is multiplied."""
NOON = FixedClock(datetime(2026, 3, 11, 18, 30, tzinfo=UTC))
"""Daytime from New York to Honolulu: every calling group of the book is open, whenever it is measured."""
GROUPS = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Phoenix",
    "Pacific/Honolulu",
    "America/Chicago America/New_York",
    "America/Denver America/Los_Angeles",
)
CALLS = 100
PLAIN_CALLS = 10
Next = Callable[[AsyncEngine], Awaitable[str]]
_CUT = """
DELETE FROM work_item WHERE work_item_id IN (
  SELECT work_item_id FROM work_item WHERE queue = $1 ORDER BY work_item_id OFFSET $2)
"""
_SPREAD = """
WITH spread AS (
  UPDATE work_item
  SET calling_group = ($1::varchar[])[1 + (hashtext(work_item_id::text) & 1023) % cardinality($1::varchar[])]
  RETURNING account_id, calling_group
)
UPDATE account SET calling_group = spread.calling_group FROM spread WHERE account.account_id = spread.account_id
"""


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with 1,000,000 x `scale` items in the queue."""
    n = max(2 * SHORT, int(FULL * scale))
    long_book, short_book = await prepared_queue(place, n), await prepared_queue(place, SHORT)
    async with place.engine("accounts", long_book) as long, place.engine("accounts", short_book) as short:
        leased: set[str] = set()

        async def of(engine: AsyncEngine, following: Next, calls: int) -> float:
            return calls * await median_call(engine, leased, following, calls)

        # The short queue loses what is leased: it stays above 400 of its 1,000 items at five rounds.
        seconds = await interleaved(
            "B9",
            rounds,
            Side("Arrears", lambda: of(long, next_of, CALLS), CALLS),
            Side("limit", lambda: of(short, next_of, CALLS), CALLS),
            Side("plain", lambda: of(long, _plain_next, PLAIN_CALLS), PLAIN_CALLS),
        )
    case = Case(
        code="B9",
        title=f"next of a queue of {n:,} items in {len(GROUPS)} calling groups: heads, lock, check again, lease, "
        "event, commit",
        limit=f"the same with {SHORT:,} items",
        plain="ORDER BY priority LIMIT 1 FOR UPDATE SKIP LOCKED over the long queue, through the session, on the same "
        "indexes",
        unit="calls",
        verified="the queues counted before, every call leased an item, none twice, on all sides",
        is_time=True,
        notes=("A round is the median of its calls.",),
    )
    return [measurement(case, seconds, n=CALLS, plain_n=PLAIN_CALLS)]


async def median_call(engine: AsyncEngine, leased: set[str], following: Next, calls: int) -> float:
    """Return the median seconds of a call; every one must lease an item that none of `leased` is."""
    times: list[float] = []
    for _ in range(calls):
        began = perf_counter()
        item = await following(engine)
        times.append(perf_counter() - began)
        if item in leased:
            raise AssertionError(f"leased twice: {item}")
        leased.add(item)
    return median(times)


async def next_of(engine: AsyncEngine) -> str:
    """Lease the next item as the API does, in one transaction; return its id."""
    item = await run_chunk(engine, NOON, lambda tx: next_item(tx, QUEUE, Actor("collector")))
    if not isinstance(item, WorkItemOut):
        raise AssertionError(f"no item: {item}")  # noqa: TRY004 - what was measured did not happen
    return str(item.work_item_id)


async def _plain_next(engine: AsyncEngine) -> str:
    return await next_plainly(engine, QUEUE, "collector", NOON.now())


async def prepared_queue(place: Place, items: int) -> str:
    """Make a book whose queue holds exactly so many items."""

    async def fill(engine: AsyncEngine) -> None:
        await open_book(engine)
        await import_book(engine, SEED)

        async def queued(tx: Tx) -> int:
            found: int = await tx.fetchval("SELECT count(*) FROM account WHERE queue = $1", QUEUE)
            return found

        await multiply_book(engine, -(-items // await run_chunk(engine, CLOCK, queued)), queue=QUEUE)

        async def cut(tx: Tx) -> int:
            await tx.execute(_CUT, QUEUE, items)
            await tx.execute(_SPREAD, list(GROUPS))
            found: int = await tx.fetchval("SELECT count(*) FROM work_item WHERE queue = $1", QUEUE)
            return found

        found = await run_chunk(engine, CLOCK, cut)
        if found != items:
            raise AssertionError(f"{found} items in the queue, not {items}")

    return await place.prepared("accounts", fill)
