"""Applies one polled batch: decode, lock, claim, handle, commit; and finds the one message that fails.

Transient errors are the caller's (rewind and back off). Any other exception splits the batch in halves until the one
bad message stands alone; after `MAX_TRIES` it is parked, and the rest goes on: the order of messages does not matter.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from opentelemetry.trace import SpanKind
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.db.failures import is_transient
from shared.db.locks import Locks, take
from shared.db.transaction import AfterCommit, Context, Tx
from shared.jobs import run_chunk
from shared.messaging import inbox, metrics
from shared.messaging.dead_letter import Parked, park
from shared.messaging.decoding import read
from shared.messaging.message import Handler, Message, RawMessage, Subscription, by_topic
from shared.messaging.stopped import CODE as STOPPED
from shared.messaging.stopped import FIRST_PAUSE_S, Partition, StoppedPartitions, clear_notice
from shared.telemetry.failures import failure_text
from shared.telemetry.tracing import span

MAX_TRIES = 5
"""Tries of a single message before it is parked."""
MAX_PARKS_IN_A_ROW = 20
"""Valid messages of one partition that fail one after the other: then the fault is ours, and the partition stops."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


class BatchApplier:
    """Applies batches to the database of a service, for one group. It remembers how many parks came in a row."""

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        subscriptions: Sequence[Subscription],
        *,
        group: str,
        after_commit: Sequence[AfterCommit] = (),
        retry_s: float = 0.1,
        max_parks_in_a_row: int = MAX_PARKS_IN_A_ROW,
        stop_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._by_topic = by_topic(subscriptions)
        self._group = group
        self._after_commit = tuple(after_commit)
        self._retry_s = retry_s
        self._max_row = max_parks_in_a_row
        self._row: dict[Partition, int] = {}
        self.stopped = StoppedPartitions(group, first_pause_s=stop_s)

    async def apply(self, batch: Sequence[RawMessage]) -> None:
        """Apply a batch, in one transaction when all is well.

        Returns when each message is applied, was applied before, or is parked; save those of `stopped` partitions,
        from their offset on.

        Raises:
            Exception: a transient error; nothing is lost by applying the whole batch again.
        """
        messages: list[Message[Any]] = []
        parked: list[Parked] = []
        for raw in batch:
            item = read(raw)
            if isinstance(item, Parked):
                parked.append(item)
            else:
                messages.append(item)
        if parked:
            await self._run(lambda tx: park(tx, parked))
            _log.error("messages cannot be read", extra={"count": len(parked), "code": parked[0].code})
        links = [message.traceparent for message in messages if message.traceparent]
        with span(f"consume {self._group}", links=links, kind=SpanKind.CONSUMER):
            await self._apply(await self._try_stopped(messages))

    async def apply_again(self, message: Message[Any]) -> Parked | None:
        """Apply one dead letter in a transaction of its own; return why it fails again."""
        try:
            rejected = await self._attempt([message])
        except Exception as error:
            if is_transient(error):
                raise
            return Parked(message.raw, "handler-failed", failure_text(error), message)
        return rejected[0] if rejected else None

    async def _try_stopped(self, messages: Sequence[Message[Any]]) -> list[Message[Any]]:
        """Try the message at which a partition stopped, alone and once; return what may be applied after that."""
        going = []
        for message in messages:
            partition = (message.topic, message.partition)
            if partition not in self.stopped:
                going.append(message)
            elif self.stopped.is_on_trial(partition) and message.offset >= self.stopped.offset(partition):
                await self._try(partition, message)
        return going

    async def _try(self, partition: Partition, message: Message[Any]) -> None:
        async def work(tx: Tx) -> list[Parked]:
            await clear_notice(tx, message.raw)
            return await self._handle(tx, [message])

        try:
            rejected = await self._run(work)
        except Exception as error:
            if is_transient(error):
                raise
            self.stopped.stop(partition, message.offset)
            _log.error("a stopped partition fails again", extra=_where(message), exc_info=error)
            return
        self.stopped.lift(partition)
        self._count([message], len(rejected))
        _log.info("a stopped partition goes on", extra=_where(message))

    async def _apply(self, messages: Sequence[Message[Any]]) -> None:
        messages = [message for message in messages if (message.topic, message.partition) not in self.stopped]
        if not messages:
            return
        try:
            rejected = await self._attempt(messages)
        except Exception as error:
            if is_transient(error):
                raise
            if len(messages) > 1:
                metrics.BISECTIONS.labels(self._group).inc()
                _log.warning("a batch fails and is split", extra={"size": len(messages)}, exc_info=True)
                middle = len(messages) // 2
                await self._apply(messages[:middle])
                await self._apply(messages[middle:])
            else:
                await self._apply_single(messages[0], error)
            return
        self._count(messages, len(rejected))

    async def _apply_single(self, message: Message[Any], error: Exception) -> None:
        for attempt in range(1, MAX_TRIES):
            await asyncio.sleep(self._retry_s * 2 ** (attempt - 1))
            try:
                rejected = await self._attempt([message])
            except Exception as again:
                if is_transient(again):
                    raise
                error = again
            else:
                self._count([message], len(rejected))
                return
        await self._give_up(message, error)

    async def _give_up(self, message: Message[Any], error: Exception) -> None:
        partition = (message.topic, message.partition)
        row = self._row.get(partition, 0) + 1
        # As likely our fault as that of so many messages: stop, until this one can be applied.
        is_too_many = row > self._max_row
        code = STOPPED if is_too_many else "handler-failed"
        await self._run(lambda tx: park(tx, [Parked(message.raw, code, failure_text(error), message, MAX_TRIES)]))
        if is_too_many:
            self.stopped.stop(partition, message.offset)
            _log.critical(
                "a partition is stopped: too many messages in a row fail", extra=_where(message), exc_info=error
            )
            return
        self._row[partition] = row
        _log.error("a message is parked", extra=_where(message), exc_info=error)

    async def _attempt(self, messages: Sequence[Message[Any]]) -> list[Parked]:
        async def work(tx: Tx) -> list[Parked]:
            return await self._handle(tx, messages)

        return await self._run(work)

    async def _run(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        return await run_chunk(self._engine, self._clock, work, context=Context(), after_commit=self._after_commit)

    async def _handle(self, tx: Tx, messages: Sequence[Message[Any]]) -> list[Parked]:
        """Lock, then claim, then handle: claims before locks deadlock, and reading before locks reads stale rows."""
        await self._lock(tx, messages)
        fresh = await inbox.claim(tx, messages)
        for message in fresh:
            if message.event_id is not None:
                tx.causes[message.event_id] = Context(message.correlation_id, message.event_id, message.traceparent)
        groups: dict[Handler, list[Message[Any]]] = {}
        for message in fresh:
            subscription = self._by_topic[message.topic]
            if message.payload is not None or subscription.takes_erasures:
                groups.setdefault(subscription.handler, []).append(message)
        parked = []
        for handler, group in groups.items():
            for rejected in await handler(tx, group):
                refusal = rejected.refusal
                parked.append(Parked(rejected.message.raw, refusal.code, refusal.detail, rejected.message))
        if parked:
            await park(tx, parked)
            await inbox.release(tx, [item.message for item in parked if item.message is not None])
        return parked

    async def _lock(self, tx: Tx, messages: Sequence[Message[Any]]) -> None:
        payloads: dict[Callable[[Iterable[Any]], Locks], list[Any]] = {}
        for message in messages:
            payloads.setdefault(self._by_topic[message.topic].locks, []).append(message.payload)
        await take(tx, [locks(group) for locks, group in payloads.items()])

    def _count(self, messages: Sequence[Message[Any]], rejected: int) -> None:
        for (topic, partition), count in Counter((message.topic, message.partition) for message in messages).items():
            self._row.pop((topic, partition), None)
            metrics.PROCESSED.labels(topic).inc(count)
        if rejected:
            _log.error("messages are rejected", extra={"count": rejected})


def _where(message: Message[Any]) -> dict[str, object]:
    return {"topic": message.topic, "partition": message.partition, "offset": message.offset}
