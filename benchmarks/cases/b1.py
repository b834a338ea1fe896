"""B1: `POST /v1/payments` on a real API process, against pgbench writing the same rows as one prepared statement.

Every tenth account is within an arrangement, which its payment moves on. The client is a process of its own, and its
ceiling is measured in the same rounds against an endpoint that answers a constant of the same size.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from statistics import median

from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK
from benchmarks.load.requests import AMOUNT_MINOR, account_of
from benchmarks.payment_book import fill_payments
from benchmarks.pgbench import Pgbench, statement
from benchmarks.place import Place
from benchmarks.rounds import Case, Measurement, Side, interleaved, measurement
from benchmarks.served import CONNECTIONS, Server, Wanted, answering, asked, served
from shared.db.transaction import Tx
from shared.jobs import run_chunk

FULL = 20_000
ARRANGED_EVERY = 10
PLAIN_SHARE = 10
"""The plain way posts a tenth as many a round: it is slower, and its rate does not depend on the number."""
WARMING = 320
_FOUND = """
SELECT (SELECT count(*) FROM payment WHERE status = 'posted') AS payments,
       (SELECT coalesce(sum(amount_minor), 0) FROM payment) AS received,
       (SELECT coalesce(sum(amount_minor), 0) FROM allocation) AS allocated,
       (SELECT count(*) FROM allocation) AS lines,
       (SELECT count(*) FROM source_reference) AS references,
       (SELECT count(*) FROM idempotency WHERE status = 201) AS answered,
       (SELECT count(*) FROM outbox WHERE topic = 'payment.posted') AS posted,
       (SELECT count(*) FROM outbox) - (SELECT count(*) FROM outbox WHERE topic = 'payment.posted')
         - (SELECT count(*) FROM arrangement WHERE paid_minor > 0) AS others
"""
TITLE = (
    f"POST /v1/payments on `python -m services.payments api`, {CONNECTIONS} keep-alive connections: token, "
    "idempotency key, locks, allocation, arrangement (every tenth account), outbox"
)


_OURS = Wanted("payments-api", ("services.payments", "api"), "payments", "integrator")
_PLAIN = Wanted("plain-api", ("benchmarks.plain.payments",), "payments", "integrator")


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with 20,000 x `scale` payments a round."""
    n = max(CONNECTIONS * PLAIN_SHARE, int(FULL * scale))
    accounts = rounds * n + WARMING

    async def fill(engine: AsyncEngine) -> None:
        ids = [account_of(nth) for nth in range(accounts)]

        async def make(tx: Tx) -> None:
            await fill_payments(tx, ids, arranged=ids[::ARRANGED_EVERY])

        await run_chunk(engine, CLOCK, make)

    prepared = await place.prepared("payments", fill)
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(served(place, prepared, _OURS))
        plain = await stack.enter_async_context(served(place, prepared, _PLAIN))
        limit_engine = await stack.enter_async_context(place.copy("payments", prepared))
        for server in (ours, plain):
            await _post(place, server, WARMING)
        size = await _answer_size(place, ours)
        constant = Wanted("constant", ("benchmarks.load.constant", str(size)), "payments", "integrator")
        idle = await stack.enter_async_context(answering(place, prepared, constant))
        pgbench = Pgbench(place, str(limit_engine.url.database), await _statement(place, ours, accounts))
        clients = await pgbench.fastest(n // 4, (8, 16, CONNECTIONS))

        async def limit() -> float:
            seconds = await pgbench.run(n, clients)
            await _check(place, pgbench.database, pgbench.written)
            return seconds

        seconds = await interleaved(
            "B1",
            rounds,
            Side("Arrears", lambda: _post(place, ours, n), n),
            Side("limit", limit, n),
            Side("plain", lambda: _post(place, plain, n // PLAIN_SHARE), n // PLAIN_SHARE),
            Side("constant", lambda: _post(place, idle, n), n),
        )
    ceiling = median(ours_s / idle_s for ours_s, idle_s in zip(seconds[0], seconds[3], strict=True))
    case = Case(
        code="B1",
        title=TITLE,
        limit=f"pgbench, the same rows as one prepared statement, {clients} clients (the fastest of 8, 16 and 32)",
        plain="FastAPI and an SQLModel session: the token verified, every row loaded and added by itself",
        unit="payments",
        verified="payments, references, answers kept and events counted, allocations summed, arrangements moved, on "
        "all sides; every answer was 201",
        notes=_notes(ours, size, ceiling),
    )
    return [measurement(case, seconds[:3], n=n, plain_n=n // PLAIN_SHARE)]


def _notes(ours: Server, size: int, ceiling: float) -> tuple[str, ...]:
    share = median(each["cpu_seconds"] / each["seconds"] for each in ours.figures)
    client = (
        f"The client is not what is measured: against a constant answer of {size} bytes it reached {ceiling:.1f} times "
        f"the rate of Arrears, and beside Arrears it used {share:.0%} of a core."
    )
    return (client, ours.latency)


async def _post(place: Place, server: Server, requests: int) -> float:
    """Let the client post, check what came of it, and return the seconds."""

    async def check(sent: int) -> None:
        if server.database is not None:
            await _check(place, server.database, sent)

    return await asked(server, "payments", requests, status=201, check=check)


async def _check(place: Place, database: str, n: int) -> None:
    async with place.admin(database) as admin:
        found = tuple(await admin.fetchrow(_FOUND))
    expected = (n, n * AMOUNT_MINOR, n * AMOUNT_MINOR, 2 * n, n, n, n, 0)
    if found != expected:
        raise AssertionError(f"{found} is not {expected}")


async def _answer_size(place: Place, server: Server) -> int:
    async with place.admin(str(server.database)) as admin:
        size: int = await admin.fetchval("SELECT length(body) FROM idempotency LIMIT 1")
    return size


async def _statement(place: Place, server: Server, accounts: int) -> str:
    """The statement that writes what Arrears writes, with its own texts where JSON would have to be made."""
    async with place.admin(str(server.database)) as admin:
        posted: Sequence[str] = await admin.fetchrow(
            "SELECT body, traceparent FROM outbox WHERE topic = 'payment.posted' LIMIT 1"
        )
        moved: str = await admin.fetchval("SELECT body FROM outbox WHERE topic LIKE 'arrangement.%' LIMIT 1")
        answer: Sequence[str] = await admin.fetchrow(
            "SELECT route, fingerprint, headers::text AS headers, body, subject FROM idempotency LIMIT 1"
        )
    return statement(accounts=accounts, posted=posted[0], moved=moved, answer=answer)
