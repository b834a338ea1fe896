"""B1: `POST /v1/payments` on a real API process, against pgbench writing the same rows as one prepared statement.

Every tenth account is within an arrangement, which its payment moves on. The client is a process of its own, and its
ceiling is measured in the same rounds against an endpoint that answers a constant of the same size.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK
from benchmarks.load.client import AMOUNT_MINOR, account_of
from benchmarks.payment_book import fill_payments
from benchmarks.pgbench import Pgbench, statement
from benchmarks.place import Place
from benchmarks.rounds import Case, Measurement, Side, interleaved, measurement
from deploy.local.ports import free_port
from shared.db.transaction import Tx
from shared.jobs import run_chunk

FULL = 20_000
CONNECTIONS = 32
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


@dataclass(slots=True)
class _Server:
    """What answers on a port, and how many requests it has had; `figures` is what the client said of each round."""

    port: int
    database: str | None
    token: str = ""
    sent: int = 0
    figures: list[dict[str, Any]] = field(default_factory=list)


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
        ours = await stack.enter_async_context(_served(place, prepared, "payments-api", "services.payments", "api"))
        plain = await stack.enter_async_context(_served(place, prepared, "plain-api", "benchmarks.plain.payments"))
        limit_engine = await stack.enter_async_context(place.copy("payments", prepared))
        for server in (ours, plain):
            await _post(place, server, WARMING)
        size = await _answer_size(place, ours)
        idle = await stack.enter_async_context(_constant(place, size))
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


def _notes(ours: _Server, size: int, ceiling: float) -> tuple[str, ...]:
    share = median(each["cpu_seconds"] / each["seconds"] for each in ours.figures)
    p50, p99 = (median(each[name] for each in ours.figures) for name in ("p50_ms", "p99_ms"))
    client = (
        f"The client is not what is measured: against a constant answer of {size} bytes it reached {ceiling:.1f} times "
        f"the rate of Arrears, and beside Arrears it used {share:.0%} of a core."
    )
    return (client, f"Arrears answered with p50 {p50:.1f} ms and p99 {p99:.1f} ms.")


@asynccontextmanager
async def _served(place: Place, prepared: str, name: str, *module: str) -> AsyncIterator[_Server]:
    """A process on a copy of its own."""
    async with place.copy("payments", prepared) as engine:
        database, port = str(engine.url.database), free_port()
        environment = place.environment("payments", database, port)
        arguments = module if module[0].startswith("services.") else (*module, str(port))
        async with place.process(name, *arguments, port=port, environment=environment):
            yield _Server(port, database, place.issuer.mint("integrator"))


@asynccontextmanager
async def _constant(place: Place, size: int) -> AsyncIterator[_Server]:
    port = free_port()
    async with place.process("constant", "benchmarks.load.constant", str(port), str(size), port=port):
        yield _Server(port, None, place.issuer.mint("integrator"))


async def _post(place: Place, server: _Server, requests: int) -> float:
    """Let the client post, check what came of it, and return the seconds."""
    arguments = {"port": server.port, "first": server.sent, "requests": requests, "connections": CONNECTIONS}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.load.client",
        *(part for name, value in arguments.items() for part in (f"--{name}", str(value))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate(server.token.encode())
    if process.returncode != 0:
        raise AssertionError(f"the client ended with {process.returncode}")
    figures = json.loads(said)
    if figures["statuses"] != {"201": requests}:
        raise AssertionError(f"the answers were {figures['statuses']}, not {requests} times 201")
    server.sent += requests
    server.figures.append(figures)
    if server.database is not None:
        await _check(place, server.database, server.sent)
    return float(figures["seconds"])


async def _check(place: Place, database: str, n: int) -> None:
    async with place.admin(database) as admin:
        found = tuple(await admin.fetchrow(_FOUND))
    expected = (n, n * AMOUNT_MINOR, n * AMOUNT_MINOR, 2 * n, n, n, n, 0)
    if found != expected:
        raise AssertionError(f"{found} is not {expected}")


async def _answer_size(place: Place, server: _Server) -> int:
    async with place.admin(str(server.database)) as admin:
        size: int = await admin.fetchval("SELECT length(body) FROM idempotency LIMIT 1")
    return size


async def _statement(place: Place, server: _Server, accounts: int) -> str:
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
