"""Publishes the outbox: one active relay per service, the others stand by.

Rows are read by id from a floor, sent with their key, and deleted after the acknowledgements, in a statement that also
writes the stream log. A crash between the two sends again, with the same event ids. It never asks for `id > last`:
identity values do not commit in order, and a row that commits late would be lost.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.engine import connect_directly, speak_until_done
from shared.db.failures import is_transient
from shared.events.envelope import encode_headers
from shared.events.topics import TOPICS
from shared.messaging import metrics
from shared.messaging.kafka import KafkaSettings, KafkaUnavailableError, stop
from shared.messaging.publisher import Encoded, Outgoing, Publisher

CHANNEL = "arrears_outbox"
STREAMED = tuple(topic for topic in TOPICS if topic.startswith("queue."))
"""Topics whose events are kept for live clients."""
LATE_IDS = 5_000
"""How far below the last id a row may still appear before the next sweep: ids are taken moments before a commit."""

BATCH = 2_000
"""Events of one batch: some hundred kilobytes for each partition, less than a broker takes at a time."""
LEASE_S = 10.0
"""A relay that says nothing to the database for so long hangs, or its host is gone: a standby takes its place."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 2.0
"""Between tries. What is waited for may be back at any moment, and a try costs little."""

_LOCK = 0x0A44_EA47  # the advisory lock of the active relay; each service has a database of its own
_EVENT = (
    "event_id, topic, key, type, source, subject, time, aggregate_version, "
    "correlation_id, causation_id, traceparent, creditor_id, body"
)
_READ = f"SELECT id, {_EVENT} FROM outbox WHERE id >= $1 ORDER BY id LIMIT $2"
_DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"
# One statement, so that an event is in the outbox or published and streamed, never both or neither. Only the holder
# of the lock runs it, on one connection, one after the other: positions commit in order.
_DELETE_AND_STREAM = f"""
WITH streamed AS (SELECT id, {_EVENT} FROM outbox WHERE id = ANY($2::bigint[])), gone AS ({_DELETE})
INSERT INTO stream_log ({_EVENT}) SELECT {_EVENT} FROM streamed ORDER BY id
"""
_OLDEST = "SELECT id, extract(epoch FROM clock_timestamp() - created_at) AS age FROM outbox ORDER BY id LIMIT 1"

_log = logging.getLogger(__name__)


class Relay:
    """Moves committed events to Kafka. Run it in a worker; `wake` is the after-commit hook of that process."""

    def __init__(
        self,
        settings: KafkaSettings,
        engine: AsyncEngine,
        *,
        client_id: str = "arrears-relay",
        batch_size: int = BATCH,
        poll_s: float = 0.25,
        sweep_s: float = 5,
        send_timeout_s: float = 30,
        lease_s: float = LEASE_S,
    ) -> None:
        self._engine = engine
        self._lease_s = lease_s
        self._publisher = Publisher(settings, client_id, timeout_s=send_timeout_s)
        self._batch_size = batch_size
        self._poll_s = poll_s
        self._sweep_s = sweep_s
        self._woken = asyncio.Event()
        self._floor = 0
        self.is_active = False

    def wake(self) -> None:
        """Look at the outbox at once."""
        self._woken.set()

    async def run(self) -> None:
        """Relay until the task is cancelled; what passes by itself is tried again.

        Raises:
            Exception: a defect, of ours or of the database: to try again for ever would hide that nothing is published.
        """
        pause_s = _FIRST_PAUSE_S
        try:
            while True:
                try:
                    await self._hold_and_relay()
                except Exception as error:
                    if not is_transient(error):
                        raise
                    _log.exception("the relay starts again")
                pause_s = _FIRST_PAUSE_S if self.is_active else min(pause_s * 2, _LONGEST_PAUSE_S)
                self._set_active(is_active=False)
                await asyncio.sleep(pause_s)
        finally:
            self._set_active(is_active=False)
            await self._publisher.close()

    async def _hold_and_relay(self) -> None:
        connection = await connect_directly(self._engine, application_name="arrears relay", silence_s=self._lease_s)
        try:
            # A standby asks again and again: a waiting pg_advisory_lock would hold a snapshot, and vacuum back.
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110
                await asyncio.sleep(1)
            await connection.add_listener(CHANNEL, lambda *_: self.wake())
            self._set_active(is_active=True)
            await self._relay(connection)
        finally:
            if not await stop(connection.close()):
                connection.terminate()

    def _set_active(self, *, is_active: bool) -> None:
        self.is_active = is_active
        metrics.RELAY_ACTIVE.set(is_active)

    async def _relay(self, connection: Any) -> None:
        loop = asyncio.get_running_loop()
        next_sweep, pause_s = 0.0, _FIRST_PAUSE_S
        while True:
            if loop.time() >= next_sweep:
                await self._sweep(connection)
                next_sweep = loop.time() + self._sweep_s
            self._woken.clear()
            try:
                has_more = await self._drain(connection, until=next_sweep)
            except KafkaUnavailableError:
                metrics.RELAY_FAILURES.inc()
                _log.warning("Kafka does not take the outbox; it is sent again", exc_info=True)
                await self._sweep(connection)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                continue
            pause_s = _FIRST_PAUSE_S
            if has_more:
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):  # wait_for of Python 3.11 may swallow a cancellation
                    await self._woken.wait()

    async def _sweep(self, connection: Any) -> None:
        """Lower the floor to the true minimum, and measure how old the oldest event is."""
        oldest = await connection.fetchrow(_OLDEST)
        if oldest is not None:
            self._floor = oldest["id"]
        metrics.OUTBOX_AGE.set(0 if oldest is None else max(0, oldest["age"]))

    async def _drain(self, connection: Any, *, until: float) -> bool:
        """Send batch after batch; say whether more was left at the time `until`.

        While Kafka takes one batch, the one before is deleted, and the next is read and encoded.
        """
        loop = asyncio.get_running_loop()
        rows = await connection.fetch(_READ, self._floor, self._batch_size)
        encoding = self._encoding(rows)
        sent: list[Any] = []
        is_full = False
        while rows:
            sending = asyncio.ensure_future(self._send(encoding))
            try:
                await self._delete(connection, sent)
                is_full = len(rows) == self._batch_size
                goes_on = is_full and loop.time() < until
                ahead = await connection.fetch(_READ, rows[-1]["id"] + 1, self._batch_size) if goes_on else []
                encoding = self._encoding(ahead)
                await speak_until_done(connection, sending, self._lease_s)  # Kafka may be slow; we are alive
            except BaseException:
                await _end([sending, encoding])
                raise
            sent, rows = rows, ahead
        await self._delete(connection, sent)
        return is_full

    def _encoding(self, rows: Sequence[Any]) -> "asyncio.Future[Encoded]":
        return asyncio.ensure_future(self._encode(rows))

    async def _encode(self, rows: Sequence[Any]) -> Encoded:
        if not rows:
            return Encoded(0, {})  # nothing is asked of Kafka while nothing waits for it
        return await self._publisher.encode([_outgoing(row) for row in rows])

    async def _send(self, encoding: "asyncio.Future[Encoded]") -> None:
        await self._publisher.send_encoded(await encoding)

    async def _delete(self, connection: Any, sent: list[Any]) -> None:
        if not sent:
            return
        ids = [row["id"] for row in sent]
        streamed = [row["id"] for row in sent if row["topic"] in STREAMED]
        await connection.execute(*((_DELETE_AND_STREAM, ids, streamed) if streamed else (_DELETE, ids)))
        self._floor = max(self._floor, sent[-1]["id"] - LATE_IDS)
        metrics.RELAYED.inc(len(sent))


async def _end(tasks: Sequence["asyncio.Future[Any]"]) -> None:
    """Cancel what is not done; what it raises is told by whoever awaited it first."""
    for task in tasks:
        if not task.done():
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _outgoing(row: Any) -> Outgoing:
    return Outgoing(row["topic"], row["key"].encode(), row["body"].encode(), encode_headers(row))


class RelayWaker:
    """Wakes the relay of another process, at most every `every_s` seconds: `wake` is an after-commit hook.

    A NOTIFY in every transaction would take a lock of the whole database in each.
    """

    def __init__(self, engine: AsyncEngine, *, every_s: float = 0.02) -> None:
        self._engine = engine
        self._every_s = every_s
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Send a notification soon. Without it the relay looks by itself every 250 ms."""
        self._woken.set()

    async def run(self) -> None:
        """Send notifications until the task is cancelled."""
        while True:
            try:
                connection = await connect_directly(self._engine, application_name="arrears relay waker")
                try:
                    while True:
                        await self._woken.wait()
                        self._woken.clear()
                        await connection.execute(f"NOTIFY {CHANNEL}")
                        await asyncio.sleep(self._every_s)
                finally:
                    if not await stop(connection.close()):
                        connection.terminate()
            except Exception:  # noqa: BLE001 - as above
                _log.exception("the waker of the relay starts again")
                await asyncio.sleep(1)

    @asynccontextmanager
    async def running(self, _app: object = None) -> AsyncIterator[None]:
        """Run beside an API for as long as it lives: its relay is in another process."""
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
