"""The composition root of accounts: the only file that wires settings, database, routes, consumers and jobs."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from services.accounts.api import (
    accounts,
    aging_policies,
    aging_runs,
    creditors,
    imports,
    overview,
    pauses,
    queues,
    stream,
    work_items,
)
from services.accounts.consumers import FACTS, FOLLOWED, chunks, subscriptions
from services.accounts.handlers.rebuild import how_to_rebuild
from services.accounts.handlers.turn_restrictions import RestrictionCalendar
from services.accounts.settings import AccountsSettings
from services.accounts.store.backlog import MEASURES
from shared.cli import ServiceDescription
from shared.clock import Clock, SystemClock
from shared.db.engine import create_engine
from shared.http.app import create_app
from shared.jobs import JobRunner
from shared.messaging.live import LiveLog
from shared.messaging.relay import RelayWaker
from shared.messaging.worker import Worker

VERSION = "0.1.0"
MIGRATIONS = Path(__file__).parent / "migrations"
ROUTERS: tuple[APIRouter, ...] = (
    creditors.router,
    aging_policies.router,
    imports.router,
    aging_runs.router,
    accounts.router,
    overview.router,
    pauses.router,
    stream.router,  # before the queues: `stream` is no code of a queue
    queues.router,
    work_items.router,
)


def create_api(settings: AccountsSettings, *, engine: AsyncEngine | None = None, clock: Clock | None = None) -> FastAPI:
    """The HTTP app. Tests bring their own database and clock."""
    engine = engine or create_engine(settings, application_name="accounts api")
    clock = clock or SystemClock()
    waker = RelayWaker(engine)
    live = LiveLog(engine)
    after_commit = [waker.wake]
    app = create_app(
        title="accounts",
        version=VERSION,
        description="The book of debts, their age, and the work queues that follow from it.",
        routers=ROUTERS,
        settings=settings,
        engine=engine,
        clock=clock,
        migrations=MIGRATIONS,
        lifespan=[waker.running, live.running],
        after_commit=after_commit,
    )
    app.state.live = live
    app.state.after_commit = after_commit
    app.state.jobs = JobRunner(engine, clock, chunks(settings), after_commit=after_commit)
    return app


def create_worker(settings: AccountsSettings, engine: AsyncEngine, clock: Clock) -> Worker:
    """The worker process: consumers, relay, jobs, and the calendar of restrictions."""
    calendar = RestrictionCalendar(engine, clock, version_epoch=settings.version_epoch)
    return Worker(
        "accounts",
        settings,
        engine,
        clock,
        subscriptions=subscriptions(settings),
        chunks=chunks(settings),
        background=[calendar.run],
        measures=MEASURES,
        migrations=MIGRATIONS,
    )


SERVICE = ServiceDescription(
    name="accounts",
    settings=AccountsSettings,
    create_api=create_api,
    create_worker=create_worker,
    subscriptions=subscriptions,
    rebuild=lambda settings: how_to_rebuild((*FACTS, *FOLLOWED), version_epoch=settings.version_epoch),
)
