"""B7: importing a file into an empty book, against COPY to staging and one merge per table of the same rows."""

from time import perf_counter

from benchmarks.book import BALANCE_MINOR, CREDITOR, import_book, open_book
from benchmarks.place import Place
from benchmarks.rounds import Measurement, interleaved, rates
from benchmarks.written import Write, changes, copy_and_merge, count, state_of

FULL = 1_000_000


async def measure(place: Place, *, scale: float, rounds: int) -> Measurement:
    """Measure with 1,000,000 x `scale` rows a round."""
    n = max(1000, int(FULL * scale))
    prepared = await place.prepared("accounts", open_book)
    writes: list[Write] = []

    async def check(name: str, expected_rows: int | None) -> None:
        async with place.admin(name) as admin:
            found = await admin.fetchrow(
                "SELECT count(*) AS n, sum(balance_minor) AS total FROM account WHERE creditor_id = $1", CREDITOR
            )
            if (found["n"], found["total"]) != (n, n * BALANCE_MINOR):
                raise AssertionError(f"the book is not the file: {found}")
            if expected_rows is not None:
                events = await admin.fetchval("SELECT count(*) FROM outbox")
                if events != expected_rows:
                    raise AssertionError(f"{events} events, not {expected_rows}")

    async def arrears() -> float:
        async with place.copy("accounts", prepared) as engine:
            name = str(engine.url.database)
            if not writes:
                async with place.admin(name) as admin:
                    before = await state_of(admin)
            began = perf_counter()
            counts = await import_book(engine, n)
            seconds = perf_counter() - began
            if (counts.opened, counts.rejected) != (n, 0):
                raise AssertionError(f"the import says {counts}")
            await check(name, None)
            if not writes:
                async with place.admin(name) as admin:
                    writes.extend(changes(before, await state_of(admin)))
            return seconds

    async def limit() -> float:
        events = next(len(write.rows) for write in writes if write.table == "outbox")
        async with place.copy("accounts", prepared) as engine:
            name = str(engine.url.database)
            async with place.admin(name) as admin:
                seconds = await copy_and_merge(admin, writes)
            await check(name, events)
            return seconds

    ours, theirs = await interleaved(arrears, limit, rounds)
    return rates(
        "B7",
        "import of a snapshot file (CSV): validate, snapshots, accounts, parties, contact points, queues, events",
        f"COPY to staging and one merge per table of the same {count(writes):,} rows, ready made",
        n=n,
        unit="rows",
        verified="accounts counted, balances summed, events counted on both sides",
    )(ours, theirs)
