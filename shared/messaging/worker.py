"""The worker process of a service: consumers, relay, jobs and maintenance, with `/healthz`, `/readyz` and `/metrics`.

It lives apart from the API, so that a stuck consumer never fails the API. Liveness looks at the event loop and at the
progress of the consumers only. On SIGTERM it finishes the batch at hand and leaves its groups.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.db.engine import check_database
from shared.db.failures import is_transient
from shared.db.frozen import end_frozen
from shared.db.maintenance import clear_old_rows
from shared.db.revision import check_revision
from shared.db.transaction import AfterCommit
from shared.jobs import Chunk, JobRunner, PreparedChunk, run_chunk
from shared.messaging.backlog import MESSAGING, Measure, keep_measuring
from shared.messaging.consumer import Consumer
from shared.messaging.kafka import KafkaUnavailableError
from shared.messaging.message import Loop, Subscription, group_of
from shared.messaging.offsets import await_coordinators
from shared.messaging.probes import serve_probes
from shared.messaging.relay import Relay
from shared.messaging.topics import create_topics
from shared.settings import ServiceSettings

STOP_S = 25.0
"""How long a batch may take to finish after SIGTERM; less than the grace of the deployment."""
_MAINTENANCE = timedelta(hours=1)
_LOOK_FOR_FROZEN_S = 5.0
_START_TRIES = 60

_log = logging.getLogger(__name__)

Background = Callable[[], Awaitable[None]]


class Worker:
    """Everything of a service that runs without being asked. `chunks` are its kinds of long work.

    `measures` are what its own tables hold back, beside what every service has. `migrations` is the folder whose head
    the database must have reached.
    `stable_name` (the name of a pod of a StatefulSet) makes the members of its groups static.
    """

    def __init__(
        self,
        service: str,
        settings: ServiceSettings,
        engine: AsyncEngine,
        clock: Clock,
        *,
        subscriptions: Sequence[Subscription],
        chunks: Mapping[str, Chunk | PreparedChunk] | None = None,
        background: Sequence[Background] = (),
        measures: Sequence[Measure] = (),
        migrations: Path | None = None,
        stable_name: str | None = None,
        stall_s: float = 20,
    ) -> None:
        self._settings = settings
        self._migrations = migrations
        self._engine = engine
        self._clock = clock
        self._background = tuple(background)
        self._measures = (*MESSAGING, *measures)
        self.relay = Relay(settings, engine, client_id=f"{service}-relay")
        self.jobs = JobRunner(engine, clock, chunks or {}, after_commit=[self.relay.wake])
        hooks: list[AfterCommit] = [self.relay.wake, self.jobs.wake]
        loops: dict[Loop, list[Subscription]] = {}
        for subscription in subscriptions:
            loops.setdefault(subscription.loop, []).append(subscription)
        self.consumers = [
            Consumer(
                settings,
                engine,
                clock,
                group_of(service, loop),
                part,
                f"{service}-{loop}-{socket.gethostname()}",
                instance_id=f"{stable_name}-{loop}" if stable_name else None,
                after_commit=hooks,
                stall_s=stall_s,
                batches_at_once=settings.batches_at_once,
                max_parks_in_a_row=settings.max_parks_in_a_row,
            )
            for loop, part in loops.items()
        ]
        self._is_started = False

    @property
    def is_healthy(self) -> bool:
        """False when a consumer stalls although it was rebuilt."""
        return all(consumer.is_healthy for consumer in self.consumers)

    @property
    def is_ready(self) -> bool:
        """True when every consumer has joined its group."""
        return self._is_started and all(consumer.has_joined for consumer in self.consumers)

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, then finish what is at hand.

        Raises:
            TopicSetupError, DatabaseSetupError: Kafka or the database are not as the settings say.
            SchemaOutOfDateError: the database was not migrated for this release.
        """
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, stopping.set)
        probes = await serve_probes(
            self._settings.host, self._settings.port, is_healthy=lambda: self.is_healthy, is_ready=lambda: self.is_ready
        )
        try:
            await _unless(stopping, self._live(stopping))
        finally:
            probes.close()
            for sign in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(sign)

    async def _live(self, stopping: asyncio.Event) -> None:
        await self._start()
        _log.info("the worker runs", extra={"topics": sum(len(consumer.topics) for consumer in self.consumers)})
        tasks = [asyncio.ensure_future(consumer.run()) for consumer in self.consumers]
        others: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(work())
            for work in (
                self.relay.run,
                self.jobs.run_forever,
                self._maintain,
                self._measure,
                self._end_frozen,
                *self._background,
            )
        ]
        ending: asyncio.Future[Any] = asyncio.ensure_future(stopping.wait())
        try:
            done, _ = await asyncio.wait([ending, *others], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {ending}:
                task.result()  # none of them returns: what ends has failed, and the process with it
        finally:
            await self._end(tasks, [ending, *others])

    async def _end(self, consumers: Sequence["asyncio.Future[Any]"], others: Sequence["asyncio.Future[Any]"]) -> None:
        """Stop the consumers first: what their last batch publishes, the relay may still send."""
        try:
            async with asyncio.timeout(STOP_S):
                await asyncio.gather(*(consumer.stop() for consumer in self.consumers))
        except TimeoutError:
            _log.warning("a consumer did not stop in time; its batch will be delivered again")
        for task in (*consumers, *others):
            task.cancel()
        await asyncio.wait([*consumers, *others], timeout=STOP_S)

    async def _start(self) -> None:
        """Wait for the database and Kafka, and assert that they are as they must be."""
        for attempt in range(1, _START_TRIES + 1):
            try:
                await check_database(self._engine)
                if self._migrations is not None:
                    await check_revision(self._engine, self._migrations)
                await create_topics(self._settings)
                await await_coordinators(self._settings, [consumer.group for consumer in self.consumers])
            except Exception as error:
                if attempt == _START_TRIES or not (isinstance(error, KafkaUnavailableError) or is_transient(error)):
                    raise
                _log.warning("waiting for the database and Kafka", exc_info=True)
                await asyncio.sleep(min(attempt, 5))
            else:
                break
        self._is_started = True

    async def _measure(self) -> None:
        await keep_measuring(self._engine, self._clock, self._measures)

    async def _end_frozen(self) -> None:
        while True:
            try:
                ended = await run_chunk(self._engine, self._clock, end_frozen)
                if ended:
                    _log.error("the transactions of a process that stands still are ended", extra={"count": ended})
            except Exception:  # noqa: BLE001 - the next run does it
                _log.warning("nobody looks for processes that stand still", exc_info=True)
            await asyncio.sleep(_LOOK_FOR_FROZEN_S)

    async def _maintain(self) -> None:
        while True:
            try:
                while (await run_chunk(self._engine, self._clock, clear_old_rows)).has_more:
                    pass  # each is a transaction of its own
            except Exception:  # noqa: BLE001 - the next run does it
                _log.warning("old rows are not cleared", exc_info=True)
            await asyncio.sleep(_MAINTENANCE.total_seconds())


async def _unless(stopping: asyncio.Event, work: Awaitable[None]) -> None:
    """Run `work` to its end. It ends by itself soon after `stopping` is set, but may still be starting then."""
    task = asyncio.ensure_future(work)
    ending = asyncio.ensure_future(stopping.wait())
    await asyncio.wait([task, ending], return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    try:
        await asyncio.wait_for(task, 2 * STOP_S if stopping.is_set() else None)
    except TimeoutError:
        _log.warning("the worker ends without an orderly stop")
