"""B7: importing a file into an empty book, against COPY to staging and one merge per table of the same rows."""

from time import perf_counter
from typing import Any

import asyncpg

from benchmarks.book import BALANCE_MINOR, CREDITOR, DAY, extract, import_book, open_book
from benchmarks.place import Place
from benchmarks.plain.importing import import_plainly
from benchmarks.rounds import Case, Measurement, Side, interleaved, measurement
from benchmarks.written import Write, changes, copy_and_merge, count, state_of

FULL = 1_000_000
PLAIN_SHARE = 100
_TABLES = ("account", "account_snapshot", "party", "account_party", "contact_point", "work_item", "account_history")
_EVENTS = "SELECT topic, count(*) AS events FROM outbox WHERE topic ~ '^(account|party|queue)' GROUP BY 1 ORDER BY 1"


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with 1,000,000 x `scale` rows a round."""
    n = max(1000, int(FULL * scale))
    few = max(100, n // PLAIN_SHARE)
    prepared = await place.prepared("accounts", open_book)
    writes: list[Write] = []
    expected: dict[int, list[Any]] = {}

    async def arrears(rows: int) -> float:
        async with place.copy("accounts", prepared) as engine:
            name = str(engine.url.database)
            is_first = rows == n and not writes
            if is_first:
                async with place.admin(name) as admin:
                    before = await state_of(admin)
            began = perf_counter()
            counts = await import_book(engine, rows)
            seconds = perf_counter() - began
            if (counts.opened, counts.rejected) != (rows, 0):
                raise AssertionError(f"the import says {counts}")
            async with place.admin(name) as admin:
                expected[rows] = await _book(admin, rows)
                if is_first:
                    writes.extend(changes(before, await state_of(admin)))
            return seconds

    async def limit() -> float:
        async with (
            place.copy("accounts", prepared) as engine,
            place.admin(str(engine.url.database)) as admin,
        ):
            seconds = await copy_and_merge(admin, writes)
            _same(expected[n], await _book(admin, n))
            return seconds

    async def plain() -> float:
        async with place.copy("accounts", prepared) as engine:
            began = perf_counter()
            await import_plainly(engine, extract(few), CREDITOR, DAY)
            seconds = perf_counter() - began
            async with place.admin(str(engine.url.database)) as admin:
                _same(expected[few], await _book(admin, few))
            return seconds

    await arrears(few)  # what the plain way has to come to
    seconds = await interleaved(
        "B7", rounds, Side("Arrears", lambda: arrears(n), n), Side("limit", limit, n), Side("plain", plain, few)
    )
    case = Case(
        code="B7",
        title="import of a snapshot file (CSV): validate, snapshots, accounts, parties, contact points, queues, events",
        limit=f"COPY to staging and one merge per table of the same {count(writes):,} rows, ready made",
        plain="row by row, every object looked up and added by itself, a commit each",
        unit="rows",
        verified="balances summed, rows of every table and events of every topic counted, alike on all sides",
    )
    return [measurement(case, seconds, n=n, plain_n=few)]


async def _book(admin: asyncpg.Connection, rows: int) -> list[Any]:
    found = await admin.fetchrow("SELECT count(*) AS n, sum(balance_minor) AS total FROM account")
    if (found["n"], found["total"]) != (rows, rows * BALANCE_MINOR):
        raise AssertionError(f"the book is not the file: {found}")
    counts = [await admin.fetchval(f"SELECT count(*) FROM {table}") for table in _TABLES]
    return [counts, [tuple(row) for row in await admin.fetch(_EVENTS)]]


def _same(expected: list[Any], found: list[Any]) -> None:
    if found != expected:
        raise AssertionError(f"{found} is not {expected}")
