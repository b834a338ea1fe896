"""Both services on the real database, with a Kafka that the test plays: it decides what arrives when, and how often.

The APIs and the handlers are the real ones, wired as in production (`app.py`, `BatchApplier`); only the way of a
message from one outbox to the other inbox is the test's, so that any order of arrival can be tried.
"""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from services.accounts.app import SERVICE as ACCOUNTS
from services.payments.app import SERVICE as PAYMENTS
from shared.cli import ServiceDescription
from shared.clock import SystemClock
from shared.ids import account_id
from shared.jobs import JobRunner
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage
from shared.messaging.topics import create_topics
from tests.integration.desk import event, raw_message, take_outbox

_MAX_ROUNDS = 50


@dataclass
class Side:
    """One service: its client, its handlers, and what is on its way to it."""

    client: httpx.AsyncClient
    engine: AsyncEngine
    applier: BatchApplier
    jobs: JobRunner
    topics: frozenset[str]
    waiting: list[RawMessage] = field(default_factory=list)


class World:
    """Two services and the messages between them."""

    def __init__(self, accounts: Side, payments: Side) -> None:
        self.accounts = accounts
        self.payments = payments
        self.published: list[tuple[str, dict[str, Any]]] = []
        self.sent: list[RawMessage] = []

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.accounts, self.payments

    def feed(self, topic: str, body: dict[str, Any]) -> RawMessage:
        """A bare message of core banking."""
        return raw_message(topic, str(body["core_account_number"]), json.dumps(body), self._now(), {})

    def told(self, topic: str, body: dict[str, Any], version: int) -> RawMessage:
        """A state that a service of ours publishes which is not played here."""
        return event(topic, body, self._now(), version)

    def _now(self) -> datetime:
        return SystemClock().now()

    def send(self, messages: Iterable[RawMessage]) -> None:
        """Puts messages on the way to whoever listens to their topics."""
        for message in messages:
            self.sent.append(message)
            for side in self.sides:
                if message.topic in side.topics:
                    side.waiting.append(message)

    async def collect(self) -> int:
        """Takes what the services have published, as the relay would; in any order of the two."""
        taken = 0
        for side in self.sides:
            for row in await take_outbox(side.engine):
                taken += 1
                self.published.append((row["topic"], json.loads(row["body"])))
                self.send([raw_message(row["topic"], row["key"], row["body"], row["time"], row)])
        return taken

    async def step(self, chance: Random) -> None:
        """Delivers some of what is waiting, in any order, some of it twice."""
        for side in chance.sample(self.sides, 2):
            chance.shuffle(side.waiting)
            cut = chance.randint(0, len(side.waiting))
            now, side.waiting = side.waiting[:cut], side.waiting[cut:]
            if now:
                side.waiting += chance.sample(now, chance.randint(0, min(2, len(now))))
                await side.applier.apply(now)
        await self.collect()

    async def settle(self) -> None:
        """Delivers everything and whatever follows from it, and runs the recorded jobs, until nothing is left."""
        for _ in range(_MAX_ROUNDS):
            await self.collect()
            if not any(side.waiting for side in self.sides) and not await self._run_jobs():
                return
            for side in self.sides:
                now, side.waiting = side.waiting, []
                if now:
                    await side.applier.apply(now)
        raise AssertionError("the services never come to rest")

    async def _run_jobs(self) -> int:
        ran = 0
        for side in self.sides:
            async with side.engine.connect() as connection:
                rows = await connection.exec_driver_sql("SELECT job_id FROM job WHERE status NOT IN ('done', 'failed')")
                jobs = [row[0] for row in rows]
            for job in jobs:
                await side.jobs.run_job(job)
                ran += 1
        return ran

    async def put_creditor(self, creditor: UUID, currency: str = "USD") -> None:
        body = {"name": "Harbor", "kind": "creditor", "currency": currency, "time_zone": "America/New_York"}
        read(await self.accounts.client.put(f"/v1/creditors/{creditor}", json=body))

    async def open_date(self, creditor: UUID, day: str) -> dict[str, Any]:
        body = {"creditor_id": str(creditor), "business_date": day}
        return read(
            await self.accounts.client.post(
                "/v1/aging-runs", json=body, headers={"Idempotency-Key": f"{creditor}{day}"}
            )
        )

    async def account(self, creditor: UUID, number: str) -> dict[str, Any]:
        return read(await self.accounts.client.get(f"/v1/accounts/{account_id(creditor, number)}"))

    async def payments_of(self, path: str, creditor: UUID, number: str) -> list[dict[str, Any]]:
        params = {"account_id": str(account_id(creditor, number))}
        items: list[dict[str, Any]] = read(await self.payments.client.get(path, params=params))["items"]
        return items


def read(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer that is no error."""
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    body: dict[str, Any] = answer.json()
    return body


@asynccontextmanager
async def open_world(
    issuer: Issuer, engines: dict[str, AsyncEngine], kafka: str, roles: Sequence[str]
) -> AsyncIterator[World]:
    """The two services, with a client that holds a token of these roles."""
    token = issuer.mint(roles)
    async with AsyncExitStack() as stack:
        sides = []
        for service in (ACCOUNTS, PAYMENTS):
            side = await _open_side(stack, service, engines[service.name], issuer=issuer, kafka=kafka, token=token)
            sides.append(side)
        yield World(*sides)


async def _open_side(
    stack: AsyncExitStack,
    service: ServiceDescription[Any],
    engine: AsyncEngine,
    *,
    issuer: Issuer,
    kafka: str,
    token: str,
) -> Side:
    make_settings: Any = service.settings  # made from arguments here, from the environment elsewhere
    settings = make_settings(
        database_url=engine.url.render_as_string(hide_password=False),
        kafka_bootstrap_servers=kafka,
        jwks_url=issuer.jwks_url,
        jwt_issuer=issuer.url,
        evaluation_wait_s=0,  # this Kafka is played: what other tests left in the real one never comes
    )
    await create_topics(settings)  # the evaluation of a date asks Kafka where core.payment.received ends
    clock = SystemClock()
    create_api: Any = service.create_api  # tests bring a database of their own
    app = create_api(settings, engine=engine, clock=clock)
    await stack.enter_async_context(app.router.lifespan_context(app))
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url=f"http://{service.name}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    await stack.enter_async_context(client)
    subscriptions = service.subscriptions(settings)
    return Side(
        client,
        engine,
        BatchApplier(engine, clock, subscriptions, group=service.name),
        service.create_worker(settings, engine, clock).jobs,
        frozenset(topic for one in subscriptions for topic in one.topics),
    )
