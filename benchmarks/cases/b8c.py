"""B8C: `POST /v1/contact-attempts` through contact and compliance together, against the same two calls of constants.

Contact checks what it knows, asks compliance for a permit over HTTP with a token of its own, and places the attempt
that uses it. No person is called twice; each has 200 facts, and every rule that is shipped is in force.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK
from benchmarks.cases.b8 import answer_size, constant_decisions
from benchmarks.contact_book import fill_contacts, fill_desk
from benchmarks.place import Place
from benchmarks.rounds import Case, Measurement, Side, interleaved, measurement
from benchmarks.served import CONNECTIONS, Server, Wanted, answering, asked, served
from shared.jobs import run_chunk

FULL = 2_000
PLAIN_SHARE = 8
WARMING = 64
ANSWER = 400
"""About the size of what contact answers."""
_ROLES = ("contact_service",)
_FOUND = """
SELECT (SELECT count(*) FROM contact_attempt WHERE status = 'placed' AND permit_id IS NOT NULL) AS attempts,
       (SELECT count(*) FROM outbox WHERE topic = 'contact.attempted') AS published
"""
_PERMITTED = """
SELECT count(*) FROM permit JOIN decision USING (decision_id) WHERE state = 'reserved' AND outcome LIKE 'allow%'
"""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Contact, and the compliance that it asks."""

    contact: Server
    compliance: Server


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with 2,000 x `scale` attempts a round."""
    n = max(CONNECTIONS * PLAIN_SHARE, int(FULL * scale))
    people = rounds * n + WARMING

    async def fill_compliance(engine: AsyncEngine) -> None:
        await run_chunk(engine, CLOCK, lambda tx: fill_contacts(tx, people))

    async def fill_contact(engine: AsyncEngine) -> None:
        await run_chunk(engine, CLOCK, lambda tx: fill_desk(tx, people))

    rules, desk = await place.prepared("compliance", fill_compliance), await place.prepared("contact", fill_contact)
    asking = Wanted("asked-api", ("services.compliance", "api"), "compliance", "contact_service")
    deciding = Wanted("plain-asked", ("benchmarks.plain.decisions",), "compliance", "contact_service")
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(_pair(place, rules, desk, asking, ("services.contact", "api")))
        plain = await stack.enter_async_context(_pair(place, rules, desk, deciding, ("benchmarks.plain.attempts",)))
        for pair in (ours, plain):
            await _attempt(place, pair, WARMING)
        size = await answer_size(place, ours.compliance)
        idle = await stack.enter_async_context(answering(place, rules, constant_decisions(size)))
        constant = await stack.enter_async_context(
            answering(place, desk, _contact(place, idle, ("benchmarks.load.constant_service", "attempts", str(ANSWER))))
        )
        seconds = await interleaved(
            "B8C",
            rounds,
            Side("Arrears", lambda: _attempt(place, ours, n), n),
            Side("limit", lambda: _attempt(place, _Pair(constant, idle), n), n),
            Side("plain", lambda: _attempt(place, plain, n // PLAIN_SHARE), n // PLAIN_SHARE),
        )
    case = Case(
        code="B8C",
        title="POST /v1/contact-attempts on contact and compliance, each a process and a database of its own, "
        f"{CONNECTIONS} keep-alive connections: checks, permit by B8 under an idempotency key, attempt and event",
        limit=f"the same two calls (apps, tokens, schemas, client) answering constants of {size} and {ANSWER} bytes",
        plain="FastAPI and an SQLModel session on both sides: every row loaded as an object",
        unit="attempts",
        verified="every answer was 201; attempts and events counted at contact, permits and allows at compliance",
        notes=(ours.contact.latency,),
    )
    return [measurement(case, seconds, n=n, plain_n=n // PLAIN_SHARE)]


@asynccontextmanager
async def _pair(
    place: Place, rules: str, desk: str, compliance: Wanted, module: tuple[str, ...]
) -> AsyncIterator[_Pair]:
    async with (
        served(place, rules, compliance) as asked_one,
        served(place, desk, _contact(place, asked_one, module)) as contact,
    ):
        yield _Pair(contact, asked_one)


def _contact(place: Place, compliance: Server, module: tuple[str, ...]) -> Wanted:
    """A contact process that knows where compliance is, and where its token comes from."""
    url = f"http://127.0.0.1:{compliance.port}"
    environment = {
        "CONTACT_TOKEN_URL": place.issuer.token_url,
        "CONTACT_CLIENT_ID": "contact",
        "CONTACT_CLIENT_SECRET": place.issuer.clients.secret_of("contact", _ROLES),
        "CONTACT_COMPLIANCE_URL": url,
        "CONTACT_PAYMENTS_URL": url,
        "CONTACT_ACCOUNTS_URL": url,
        # A slow machine is measured too: nobody is refused for it.
        "CONTACT_COMPLIANCE_TIMEOUT_S": "60",
    }
    return Wanted(f"contact of {compliance.port}", module, "contact", "collector", environment)


async def _attempt(place: Place, pair: _Pair, requests: int) -> float:
    """Let the client place contacts, check what came of it at both, and return the seconds."""

    async def check(sent: int) -> None:
        for server, query, expected in (
            (pair.contact, _FOUND, (sent, sent)),
            (pair.compliance, _PERMITTED, (sent,)),
        ):
            if server.database is not None:
                async with place.admin(server.database) as admin:
                    found = tuple(await admin.fetchrow(query))
                if found != expected:
                    raise AssertionError(f"{found} is not {expected}")

    return await asked(pair.contact, "attempts", requests, status=201, check=check)
