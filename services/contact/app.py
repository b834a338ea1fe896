"""The composition root of contact: the only file that wires settings, database, neighbours, routes and the sender."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contact.api import (
    attempts,
    callbacks,
    collectors,
    contact_points,
    dial_lists,
    field_visits,
    gateways,
    inbound,
    messages,
)
from services.contact.api.doors import Desk
from services.contact.consumers import ACCOUNT_STATES, subscriptions
from services.contact.gateways.channels import channels, configured
from services.contact.gateways.compliance import Compliance
from services.contact.gateways.owners import Owners, Queues
from services.contact.handlers.actor import Actor
from services.contact.handlers.answer_attempts import place_and_tell
from services.contact.handlers.ask_attempts import Ask, Asked, Stopped, ask_for
from services.contact.handlers.build_dial_list import BUILD, DialListBuilder
from services.contact.handlers.permits import Permits
from services.contact.handlers.place_attempts import locks_of
from services.contact.handlers.rebuild import how_to_rebuild
from services.contact.handlers.reporting import Reporter
from services.contact.handlers.send_messages import Sender
from services.contact.settings import ContactSettings
from services.contact.store.backlog import MEASURES
from shared.cli import ServiceDescription
from shared.clock import Clock, SystemClock
from shared.db.engine import create_engine
from shared.db.locks import Locks
from shared.db.transaction import Tx, open_transaction
from shared.http.app import create_app
from shared.http.auth import Principal
from shared.http.client import ServiceClient, ServiceTokens
from shared.http.micro_batcher import MicroBatcher
from shared.http.transaction import Edge
from shared.jobs import run_chunk
from shared.messaging.relay import RelayWaker
from shared.messaging.worker import Worker

VERSION = "0.1.0"
MIGRATIONS = Path(__file__).parent / "migrations"
ROUTERS: tuple[APIRouter, ...] = (
    attempts.router,
    inbound.router,
    messages.router,
    contact_points.router,
    callbacks.router,
    field_visits.router,
    dial_lists.router,
    collectors.router,
)
_OURSELVES = Principal("contact")

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _OfEdge:
    """Transactions of the API, beside those of its requests."""

    edge: Edge

    async def read(self, fn: Callable[[Tx], Awaitable[R]]) -> R:
        return await self.edge.read(fn)

    async def write(self, fn: Callable[[Tx], Awaitable[R]]) -> R:
        return await self.edge.run(fn, principal=_OURSELVES)


@dataclass(frozen=True, slots=True)
class _OfWorker:
    """Transactions of the worker. Its relay finds new events by itself within a moment."""

    engine: AsyncEngine
    clock: Clock

    async def read(self, fn: Callable[[Tx], Awaitable[R]]) -> R:
        async with open_transaction(self.engine, self.clock) as tx:
            return await fn(tx)

    async def write(self, fn: Callable[[Tx], Awaitable[R]]) -> R:
        return await run_chunk(self.engine, self.clock, fn)


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """The other services, each asked in this service's own name or the caller's."""

    compliance: ServiceClient
    carrying_out: ServiceClient
    payments: ServiceClient
    accounts: ServiceClient

    @classmethod
    def of(cls, settings: ContactSettings, clock: Clock) -> "_Neighbours":
        tokens = ServiceTokens(settings.token_url, settings.client_id, settings.client_secret, clock)
        return cls(
            compliance=ServiceClient(settings.compliance_url, tokens=tokens, timeout_s=settings.compliance_timeout_s),
            carrying_out=ServiceClient(settings.compliance_url, timeout_s=settings.next_step_timeout_s),
            payments=ServiceClient(settings.payments_url, timeout_s=settings.next_step_timeout_s),
            accounts=ServiceClient(settings.accounts_url, tokens=tokens, timeout_s=10),
        )

    def judge(self, settings: ContactSettings, clock: Clock) -> Compliance:
        """Compliance as the one that decides, by a clock that must be ours."""
        return Compliance(self.compliance, clock, timedelta(seconds=settings.jwt_leeway_s))

    async def close(self) -> None:
        for client in (self.compliance, self.carrying_out, self.payments, self.accounts):
            await client.close()


def create_api(settings: ContactSettings, *, engine: AsyncEngine | None = None, clock: Clock | None = None) -> FastAPI:
    """The HTTP app. Tests bring their own database and clock."""
    engine = engine or create_engine(settings, application_name="contact api")
    clock = clock or SystemClock()
    waker = RelayWaker(engine)
    neighbours = _Neighbours.of(settings, clock)

    @asynccontextmanager
    async def connected(_app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await neighbours.close()

    app = create_app(
        title="contact",
        version=VERSION,
        description="Reaching people: attempts, outcomes, messages and dial lists. Nothing leaves without a permit.",
        routers=ROUTERS,
        webhooks=(gateways.router,),
        settings=settings,
        engine=engine,
        clock=clock,
        migrations=MIGRATIONS,
        lifespan=[waker.running, connected],
        after_commit=[waker.wake],
    )
    edge: Edge = app.state.edge
    transactions = _OfEdge(edge)
    asks: MicroBatcher[Ask, Asked | Stopped] = MicroBatcher(edge, ask_for, lambda _ask: Locks())

    async def keep_ask(actor: Actor, ask: Ask) -> Asked | Stopped:
        return await asks.submit(ask, principal=Principal(actor.sub))

    compliance = neighbours.judge(settings, clock)
    owners = Owners(payments=neighbours.payments, compliance=neighbours.carrying_out)
    app.state.desk = Desk(
        edge=edge,
        settings=settings,
        attempts=MicroBatcher(
            edge,
            place_and_tell(settings),
            locks_of,
            location=lambda made: f"/v1/contact-attempts/{made.attempt_id}",
        ),
        permits=Permits(compliance, transactions, clock, keep_ask),
        reporter=Reporter(compliance, owners, transactions, clock),
        channels=configured(settings),
    )
    return app


def create_worker(settings: ContactSettings, engine: AsyncEngine, clock: Clock) -> Worker:
    """The worker process: consumers, relay, the builder of dial lists and the sender of messages."""
    neighbours = _Neighbours.of(settings, clock)
    compliance, transactions = neighbours.judge(settings, clock), _OfWorker(engine, clock)
    sender = Sender(settings, transactions, Permits(compliance, transactions, clock), channels(settings, clock), clock)
    return Worker(
        "contact",
        settings,
        engine,
        clock,
        subscriptions=subscriptions(settings),
        chunks={BUILD: DialListBuilder(Queues(neighbours.accounts), compliance, transactions, clock).chunk},
        background=[sender.run],
        measures=MEASURES,
        migrations=MIGRATIONS,
    )


SERVICE = ServiceDescription(
    name="contact",
    settings=ContactSettings,
    create_api=create_api,
    create_worker=create_worker,
    subscriptions=subscriptions,
    rebuild=lambda _settings: how_to_rebuild(ACCOUNT_STATES),
)
