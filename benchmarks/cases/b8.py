"""B8: `POST /v1/contact-decisions` on a real API process, against the same endpoint answering a constant.

And the batch for a dial list: the same questions as lines of one request, against the rate of single requests. Each
person is asked about once a round and has 200 facts; every rule that is shipped is in force.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK
from benchmarks.contact_book import FACTS, fill_contacts, request_of
from benchmarks.place import Place
from benchmarks.rounds import Case, Measurement, Side, interleaved, measurement
from deploy.local.ports import free_port
from services.compliance.store.shipped import shipped_rules
from shared.jobs import run_chunk

FULL = 4_000
CONNECTIONS = 32
PLAIN_SHARE = 8
BATCH_SHARE = 4
"""The batch asks about so many times as many people a round: it is faster, and its rate does not depend on it."""
WARMING = 64
_FOUND = """
SELECT (SELECT count(*) FROM decision WHERE outcome LIKE 'allow%') AS decisions,
       (SELECT count(*) FROM permit WHERE state = 'reserved') AS permits,
       (SELECT count(*) FROM outbox WHERE topic = 'decision.made') AS published
"""


@dataclass(slots=True)
class _Server:
    """What answers on a port, and how many it has been asked about."""

    port: int
    database: str | None
    token: str
    sent: int = 0
    figures: list[dict[str, Any]] = field(default_factory=list)


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with 4,000 x `scale` decisions a round."""
    n = max(CONNECTIONS * PLAIN_SHARE, int(FULL * scale))
    people = rounds * n * BATCH_SHARE + WARMING

    async def fill(engine: AsyncEngine) -> None:
        await run_chunk(engine, CLOCK, lambda tx: fill_contacts(tx, people))

    prepared = await place.prepared("compliance", fill)
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(_served(place, prepared, "compliance-api", "services.compliance", "api"))
        listed = await stack.enter_async_context(_served(place, prepared, "list-api", "services.compliance", "api"))
        plain = await stack.enter_async_context(_served(place, prepared, "plain-api", "benchmarks.plain.decisions"))
        for server in (ours, plain):
            await _ask(place, server, WARMING, is_published=server is ours)
        size = await _answer_size(place, ours)
        constant = await stack.enter_async_context(_constant(place, prepared, size))
        seconds = await interleaved(
            "B8",
            rounds,
            Side("Arrears", lambda: _ask(place, ours, n), n),
            Side("limit", lambda: _ask(place, constant, n), n),
            Side("plain", lambda: _ask(place, plain, n // PLAIN_SHARE, is_published=False), n // PLAIN_SHARE),
            Side("batch", lambda: _list(place, listed, n * BATCH_SHARE), n * BATCH_SHARE),
        )
    faster = median(single / batch for single, batch in zip(seconds[0], seconds[3], strict=True))
    rules = sum(rule.status == "active" for rule in shipped_rules().rules)
    case = Case(
        code="B8",
        title="POST /v1/contact-decisions on `python -m services.compliance api`, "
        f"{CONNECTIONS} keep-alive connections: token, locks, {FACTS} facts of each person, {rules} active rules, "
        "permit, decision and event",
        limit=f"the same endpoint (app, token, schema) answering a constant of {size} bytes",
        plain="FastAPI and an SQLModel session: every row loaded as an object, a commit for each decision",
        unit="decisions",
        verified="every answer was 200; decisions, permits and events counted, all of them allows",
        notes=(_p(ours), f"As lines of a batch {faster:.1f} times the rate of single requests, without permits."),
    )
    return [measurement(case, seconds[:3], n=n, plain_n=n // PLAIN_SHARE)]


def _p(server: _Server) -> str:
    p50, p99 = (median(each[name] for each in server.figures) for name in ("p50_ms", "p99_ms"))
    return f"Arrears answered with p50 {p50:.1f} ms and p99 {p99:.1f} ms."


@asynccontextmanager
async def _served(place: Place, prepared: str, name: str, *module: str) -> AsyncIterator[_Server]:
    """A process on a copy of its own."""
    async with place.copy("compliance", prepared) as engine:
        database, port = str(engine.url.database), free_port()
        environment = place.environment("compliance", database, port)
        arguments = module if module[0].startswith("services.") else (*module, str(port))
        async with place.process(name, *arguments, port=port, environment=environment):
            yield _Server(port, database, place.issuer.mint("contact_service"))


@asynccontextmanager
async def _constant(place: Place, prepared: str, size: int) -> AsyncIterator[_Server]:
    port = free_port()
    environment = place.environment("compliance", prepared, port)
    module = ("benchmarks.load.constant_decision", str(port), str(size))
    async with place.process("constant", *module, port=port, environment=environment):
        yield _Server(port, None, place.issuer.mint("contact_service"))


async def _ask(place: Place, server: _Server, requests: int, *, is_published: bool = True) -> float:
    """Let the client ask, check what came of it, and return the seconds."""
    arguments = {"port": server.port, "first": server.sent, "requests": requests, "connections": CONNECTIONS}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.load.decisions",
        *(part for name, value in arguments.items() for part in (f"--{name}", str(value))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate(server.token.encode())
    if process.returncode != 0:
        raise AssertionError(f"the client ended with {process.returncode}")
    figures = json.loads(said)
    if figures["statuses"] != {"200": requests}:
        raise AssertionError(f"the answers were {figures['statuses']}, not {requests} times 200")
    server.sent += requests
    server.figures.append(figures)
    if server.database is not None:
        await _check(place, server.database, server.sent, server.sent, server.sent if is_published else 0)
    return float(figures["seconds"])


async def _list(place: Place, server: _Server, lines: int) -> float:
    """Ask about many in one request, check each answer, and return the seconds."""
    first = server.sent
    body = "\n".join(json.dumps(request_of(nth)) for nth in range(first, first + lines)).encode()
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/x-ndjson"}
    began = perf_counter()
    size = 0
    async with httpx.AsyncClient(timeout=600) as client:
        url = f"http://127.0.0.1:{server.port}/v1/contact-decisions:batch"
        async with client.stream("POST", url, content=body, headers=headers) as answer:
            async for piece in answer.aiter_raw():
                size += piece.count(b"\n")
    seconds = perf_counter() - began
    if size != lines:
        raise AssertionError(f"{size} lines came back, not {lines}")
    server.sent += lines
    await _check(place, str(server.database), server.sent, 0, 0)
    return seconds


async def _check(place: Place, database: str, *expected: int) -> None:
    async with place.admin(database) as admin:
        found = tuple(await admin.fetchrow(_FOUND))
    if found != expected:
        raise AssertionError(f"{found} is not {expected}")


async def _answer_size(place: Place, server: _Server) -> int:
    async with place.admin(str(server.database)) as admin:
        size: int = await admin.fetchval("SELECT max(length(answer)) FROM decision")
    return size
