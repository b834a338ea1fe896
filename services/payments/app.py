"""The composition root of payments: the only file that wires settings, database, routes, consumers and jobs."""

from pathlib import Path
from uuid import UUID

from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from services.payments.api import arrangements, nacha, payments, promises
from services.payments.consumers import ACCOUNT_STATES, chunks, subscriptions
from services.payments.domain.payment import PostPayment
from services.payments.handlers.post_payments import post_payments
from services.payments.handlers.rebuild import how_to_rebuild
from services.payments.settings import PaymentsSettings
from services.payments.store.backlog import MEASURES
from shared.cli import ServiceDescription
from shared.clock import Clock, SystemClock
from shared.db.account_creditors import AccountCreditors
from shared.db.engine import create_engine
from shared.db.locks import Locks
from shared.http.app import create_app
from shared.http.micro_batcher import MicroBatcher
from shared.messaging.relay import RelayWaker
from shared.messaging.worker import Worker

VERSION = "0.1.0"
MIGRATIONS = Path(__file__).parent / "migrations"
ROUTERS: tuple[APIRouter, ...] = (payments.router, nacha.router, promises.router, arrangements.router)


def create_api(settings: PaymentsSettings, *, engine: AsyncEngine | None = None, clock: Clock | None = None) -> FastAPI:
    """The HTTP app. Tests bring their own database and clock."""
    engine = engine or create_engine(settings, application_name="payments api")
    waker = RelayWaker(engine)
    app = create_app(
        title="payments",
        version=VERSION,
        description="Money in: posting, reversal, promises to pay and payment arrangements.",
        routers=ROUTERS,
        settings=settings,
        engine=engine,
        clock=clock or SystemClock(),
        migrations=MIGRATIONS,
        lifespan=[waker.running],
        after_commit=[waker.wake],
    )
    app.state.payments = MicroBatcher(
        app.state.edge,
        post_payments,
        _locks,
        location=lambda made: f"/v1/payments/{made.payment_id}",
        find_locks=AccountCreditors(_without_creditor).locks,
    )
    return app


def _locks(command: PostPayment) -> Locks:
    creditors = frozenset() if command.creditor_id is None else frozenset({command.creditor_id})
    return Locks(creditors=creditors, accounts=frozenset({command.account_id}))


def _without_creditor(command: PostPayment) -> tuple[UUID, ...]:
    return (command.account_id,) if command.creditor_id is None else ()


def create_worker(settings: PaymentsSettings, engine: AsyncEngine, clock: Clock) -> Worker:
    """The worker process: consumers, relay and jobs."""
    return Worker(
        "payments",
        settings,
        engine,
        clock,
        subscriptions=subscriptions(settings),
        chunks=chunks(settings),
        measures=MEASURES,
        migrations=MIGRATIONS,
    )


SERVICE = ServiceDescription(
    name="payments",
    settings=PaymentsSettings,
    create_api=create_api,
    create_worker=create_worker,
    subscriptions=subscriptions,
    rebuild=lambda _settings: how_to_rebuild(ACCOUNT_STATES),
)
