"""B8: `POST /v1/contact-decisions` on a real API process, against the same endpoint answering a constant.

B8B: the same questions as lines of one request, as a dial list asks them, against requests one after another. Each
person has 200 facts; every rule that is shipped is in force. A permit is for good, so no person is asked about twice;
a line reserves nothing, so the lines go round the people.
"""

import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK
from benchmarks.contact_book import FACTS, fill_contacts, request_of
from benchmarks.place import Place
from benchmarks.rounds import Case, Measurement, Side, interleaved, measurement
from benchmarks.served import CONNECTIONS, Server, Wanted, answering, asked, served
from services.compliance.store.shipped import shipped_rules
from shared.jobs import run_chunk

FULL = 4_000
PLAIN_SHARE = 8
LINES_SHARE = 25
"""The list has so many times as many lines: at full scale 100,000."""
WARMING = 64
_ROLE = "contact_service"
_OURS = Wanted("compliance-api", ("services.compliance", "api"), "compliance", _ROLE)
_SINGLE = Wanted("single-api", ("services.compliance", "api"), "compliance", _ROLE)
_LISTED = Wanted("list-api", ("services.compliance", "api"), "compliance", _ROLE)
_PLAIN = Wanted("plain-api", ("benchmarks.plain.decisions",), "compliance", _ROLE)
_FOUND = """
SELECT (SELECT count(*) FROM decision WHERE outcome LIKE 'allow%') AS decisions,
       (SELECT count(*) FROM permit WHERE state = 'reserved') AS permits,
       (SELECT count(*) FROM outbox WHERE topic = 'decision.made') AS published
"""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """How much is asked in a round."""

    n: int

    @property
    def plain(self) -> int:
        """Requests of the plain way: its rate does not depend on their number. One after another as many."""
        return self.n // PLAIN_SHARE

    @property
    def lines(self) -> int:
        """Lines of the list."""
        return self.n * LINES_SHARE

    def people(self, rounds: int) -> int:
        """How many people must be known."""
        return rounds * self.n + WARMING


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with 4,000 x `scale` decisions a round, and 100,000 x `scale` lines."""
    sizes = _Sizes(max(CONNECTIONS * PLAIN_SHARE, int(FULL * scale)))
    people = sizes.people(rounds)

    async def fill(engine: AsyncEngine) -> None:
        await run_chunk(engine, CLOCK, lambda tx: fill_contacts(tx, people))

    prepared = await place.prepared("compliance", fill)
    async with AsyncExitStack() as stack:
        ours, single, listed, plain = [
            await stack.enter_async_context(served(place, prepared, wanted))
            for wanted in (_OURS, _SINGLE, _LISTED, _PLAIN)
        ]
        for server in (ours, single, plain):
            await ask(place, server, WARMING, is_published=server is not plain)
        size = await answer_size(place, ours)
        constant = await stack.enter_async_context(answering(place, prepared, constant_decisions(size)))
        seconds = await interleaved(
            "B8",
            rounds,
            Side("Arrears", lambda: ask(place, ours, sizes.n), sizes.n),
            Side("limit", lambda: ask(place, constant, sizes.n), sizes.n),
            Side("plain", lambda: ask(place, plain, sizes.plain, is_published=False), sizes.plain),
            Side("one by one", lambda: ask(place, single, sizes.plain, connections=1), sizes.plain),
            Side("list", lambda: _list(place, listed, sizes.lines, people), sizes.lines),
        )
    each, alone, lines = seconds[0], seconds[3], seconds[4]
    return [
        measurement(_case(ours, size), seconds[:3], n=sizes.n, plain_n=sizes.plain),
        measurement(_list_case(each, lines), [lines, alone, seconds[2]], n=sizes.lines, plain_n=sizes.plain),
    ]


def _case(ours: Server, size: int) -> Case:
    rules = sum(rule.status == "active" for rule in shipped_rules().rules)
    return Case(
        code="B8",
        title="POST /v1/contact-decisions on `python -m services.compliance api`, "
        f"{CONNECTIONS} keep-alive connections: token, locks, {FACTS} facts of each person, {rules} active rules, "
        "permit, decision and event",
        limit=f"the same endpoint (app, token, schema) answering a constant of {size} bytes",
        plain="FastAPI and an SQLModel session: every row loaded as an object, a commit for each decision",
        unit="decisions",
        verified="every answer was 200; decisions, permits and events counted, all of them allows",
        notes=(ours.latency,),
    )


def _list_case(each: Sequence[float], lines: Sequence[float]) -> Case:
    times = median(one / line for one, line in zip(each, lines, strict=True))
    return Case(
        code="B8B",
        title="POST /v1/contact-decisions:batch, a dial list as lines of one request: the same facts and rules, each "
        "decision stored, no permits",
        limit="the same questions as requests, one after another on one connection",
        plain=f"the plain way of B8, {CONNECTIONS} connections",
        unit="decisions",
        verified="every line had its answer; decisions counted, all of them allows",
        notes=(f"That is {times:.1f} times the rate of B8, of {CONNECTIONS} connections at once.",),
    )


def constant_decisions(size: int) -> Wanted:
    """The endpoint, answering a constant of so many bytes."""
    return Wanted("constant", ("benchmarks.load.constant_service", "decisions", str(size)), "compliance", _ROLE)


async def ask(
    place: Place, server: Server, requests: int, *, is_published: bool = True, connections: int = CONNECTIONS
) -> float:
    """Let the client ask, check what came of it, and return the seconds."""

    async def check(sent: int) -> None:
        if server.database is not None:
            await _check(place, server.database, sent, sent, sent if is_published else 0)

    return await asked(server, "decisions", requests, status=200, check=check, connections=connections)


async def _list(place: Place, server: Server, lines: int, people: int) -> float:
    """Ask about many in one request, check each answer, and return the seconds."""
    first = server.sent
    body = "\n".join(json.dumps(request_of(nth % people)) for nth in range(first, first + lines)).encode()
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


async def answer_size(place: Place, server: Server) -> int:
    """The size of the largest answer."""
    async with place.admin(str(server.database)) as admin:
        size: int = await admin.fetchval("SELECT max(length(answer)) FROM decision")
    return size
