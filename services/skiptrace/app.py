"""The composition root of skiptrace: the only file that wires settings, database, routes, consumers and searches."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from services.skiptrace.api import candidates, inquiries, skip_traces, vendors
from services.skiptrace.consumers import FACTS, chunks, policy_of, subscriptions
from services.skiptrace.handlers.rebuild import how_to_rebuild
from services.skiptrace.handlers.searcher import Searcher
from services.skiptrace.settings import SkiptraceSettings
from services.skiptrace.store.backlog import MEASURES
from shared.cli import ServiceDescription
from shared.clock import Clock, SystemClock
from shared.db.engine import create_engine
from shared.http.app import create_app
from shared.messaging.relay import RelayWaker
from shared.messaging.worker import Worker

VERSION = "0.1.0"
MIGRATIONS = Path(__file__).parent / "migrations"
ROUTERS: tuple[APIRouter, ...] = (skip_traces.router, candidates.router, vendors.router, inquiries.router)


def create_api(
    settings: SkiptraceSettings, *, engine: AsyncEngine | None = None, clock: Clock | None = None
) -> FastAPI:
    """The HTTP app. Tests bring their own database and clock."""
    engine = engine or create_engine(settings, application_name="skiptrace api")
    waker = RelayWaker(engine)
    app = create_app(
        title="skiptrace",
        version=VERSION,
        description="Finds people again: skip traces over vendors, candidates, and location inquiries.",
        routers=ROUTERS,
        settings=settings,
        engine=engine,
        clock=clock or SystemClock(),
        migrations=MIGRATIONS,
        lifespan=[waker.running],
        after_commit=[waker.wake],
    )
    app.state.policy = policy_of(settings)
    return app


def create_worker(settings: SkiptraceSettings, engine: AsyncEngine, clock: Clock) -> Worker:
    """The worker process: consumers, relay, jobs, and the searches."""
    searcher = Searcher(settings, engine, clock, policy_of(settings))
    return Worker(
        "skiptrace",
        settings,
        engine,
        clock,
        subscriptions=subscriptions(settings),
        chunks=chunks(settings),
        background=[searcher.run],
        measures=MEASURES,
        migrations=MIGRATIONS,
    )


SERVICE = ServiceDescription(
    name="skiptrace",
    settings=SkiptraceSettings,
    create_api=create_api,
    create_worker=create_worker,
    subscriptions=subscriptions,
    rebuild=lambda settings: how_to_rebuild(policy_of(settings), FACTS),
)
