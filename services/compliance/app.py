"""The composition root of compliance: the only file that wires settings, database, rules, routes and consumers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from services.compliance.api import cases, choices, decisions, restrictions, rule_packs
from services.compliance.api.doors import Rules
from services.compliance.consumers import CONSUMED, subscriptions
from services.compliance.domain.reach import reach
from services.compliance.handlers.activate_rules import put_in_force
from services.compliance.handlers.decide_contacts import DecideContact, Decider
from services.compliance.handlers.rebuild import how_to_rebuild
from services.compliance.settings import ComplianceSettings
from services.compliance.store.backlog import MEASURES
from services.compliance.store.rule_sets import rules_sha256
from services.compliance.store.shipped import shipped_packs, shipped_sources
from shared.cli import ServiceDescription
from shared.clock import Clock, SystemClock
from shared.db.account_creditors import AccountCreditors
from shared.db.engine import create_engine
from shared.db.locks import Locks
from shared.http.app import LifespanPart, create_app
from shared.http.micro_batcher import MicroBatcher
from shared.jobs import run_chunk
from shared.messaging.relay import RelayWaker
from shared.messaging.worker import Worker

VERSION = "0.1.0"
MIGRATIONS = Path(__file__).parent / "migrations"
ROUTERS: tuple[APIRouter, ...] = (
    decisions.router,
    restrictions.router,
    choices.router,
    cases.router,
    rule_packs.router,
)


def create_api(
    settings: ComplianceSettings, *, engine: AsyncEngine | None = None, clock: Clock | None = None
) -> FastAPI:
    """The HTTP app. Tests bring their own database and clock."""
    engine = engine or create_engine(settings, application_name="compliance api")
    clock = clock or SystemClock()
    rules = Rules(shipped_packs(), dict(shipped_sources()))
    waker = RelayWaker(engine)
    app = create_app(
        title="compliance",
        version=VERSION,
        description="May this contact be made, by which rule, and how is that known: decisions, permits, restrictions.",
        routers=ROUTERS,
        settings=settings,
        engine=engine,
        clock=clock,
        migrations=MIGRATIONS,
        lifespan=[waker.running, _in_force(rules, engine, clock)],
        after_commit=[waker.wake],
    )
    decider = Decider(
        rules.book,
        rules_sha256(rules.packs),
        permit_ttl=timedelta(seconds=settings.permit_ttl_s),
        reach=reach(rules.book.rules),
        leeway=timedelta(seconds=settings.jwt_leeway_s),
    )
    app.state.rules = rules
    app.state.decider = decider
    app.state.decisions = MicroBatcher(app.state.edge, decider, _locks, find_locks=AccountCreditors(_accounts).locks)
    return app


def _in_force(rules: Rules, engine: AsyncEngine, clock: Clock) -> LifespanPart:
    @asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        await run_chunk(engine, clock, lambda tx: put_in_force(tx, rules.packs))
        yield

    return running


def _locks(command: DecideContact) -> Locks:
    """The party and its debts: a cease and an allow never pass each other, and no two requests count past a limit."""
    return Locks(accounts=frozenset((command.request.party_id, *command.request.account_ids)))


def _accounts(command: DecideContact) -> tuple[UUID, ...]:
    return command.request.account_ids


def create_worker(settings: ComplianceSettings, engine: AsyncEngine, clock: Clock) -> Worker:
    """The worker process: consumers and relay."""
    return Worker(
        "compliance",
        settings,
        engine,
        clock,
        subscriptions=subscriptions(settings),
        measures=MEASURES,
        migrations=MIGRATIONS,
    )


SERVICE = ServiceDescription(
    name="compliance",
    settings=ComplianceSettings,
    create_api=create_api,
    create_worker=create_worker,
    subscriptions=subscriptions,
    rebuild=lambda _settings: how_to_rebuild(CONSUMED),
)
