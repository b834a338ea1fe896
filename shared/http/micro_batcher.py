"""Puts the commands that arrive together into one transaction: many requests, one commit, each its own answer.

While one batch runs the next gathers, so the batches are as large as the load asks for; only a batch that takes long,
because it waits for a lock, is passed by others. A refusal answers its caller alone; a command that the database
refuses is found by bisection. The queue is bounded: when it is full the answer is 503 at once.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context as TaskContext
from typing import Any, Generic, TypeVar

from shared.db.locks import Locks
from shared.http.auth import Principal
from shared.http.idempotency import IdempotencyKey
from shared.http.outcome import Item, Location, LockFinder, item_of
from shared.http.transaction import CLOSE_TIMEOUT_S, Edge, Handler

C = TypeVar("C")
R = TypeVar("R")


class MicroBatcher(Generic[C, R]):
    """Puts the commands that arrive together into one transaction of up to `max_batch`, and answers each caller.

    A batch begins `max_wait_ms` after its first command, when the batch before it has ended or has run for
    `patience_ms`; at most `writers` run at once, each on a connection of its own.
    `handler` returns one result or `Refusal` per command, in order; it has written nothing for a refused one. To carry
    the trace of each request on, a command keeps its `correlation_id` and gives it as `causation` to `emit`.
    `find_locks` adds locks that a command alone does not name.
    """

    def __init__(
        self,
        edge: Edge,
        handler: Handler[C, R],
        locks: Callable[[C], Locks],
        *,
        max_batch: int = 128,
        max_wait_ms: float = 2,
        patience_ms: float = 100,
        max_queue: int = 1024,
        writers: int = 4,
        location: Location | None = None,
        find_locks: LockFinder[C] | None = None,
    ) -> None:
        self._edge = edge
        self._handler = handler
        self._locks = locks
        self._max_batch = max_batch
        self._max_wait_s = max_wait_ms / 1000
        self._patience_s = patience_ms / 1000
        self._queue: asyncio.Queue[Item[C]] = asyncio.Queue(max_queue)
        self._writers = writers
        self._gatherer: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._location = location
        self._find_locks = find_locks
        edge.add(self.close)

    async def submit(self, command: C, *, principal: Principal, idempotency: IdempotencyKey | None = None) -> R:
        """Return the result of a command after the commit of its batch. Raises as `Edge.run` does; queue full: 503."""
        self._edge.refuse_when(self._queue.full())
        item = item_of(
            command, self._locks(command), principal, idempotency, self._location, find_locks=self._find_locks
        )
        result: R = await self._edge.join(item, lambda: self._enqueue(item))
        return result

    async def close(self) -> None:
        """Let the queue run empty, within a bound, and stop what runs."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._queue.join(), CLOSE_TIMEOUT_S)
        tasks = [*self._running, *([] if self._gatherer is None else [self._gatherer])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _enqueue(self, item: Item[C]) -> None:
        if self._gatherer is None:
            self._gatherer = self._task(self._gather())
        self._queue.put_nowait(item)

    async def _gather(self) -> None:
        """Make a batch of what is there whenever the one before it is done, or is late."""
        while True:
            batch = await self._next()
            task = self._task(self._write(batch))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            await asyncio.wait([task], timeout=self._patience_s)
            if len(self._running) >= self._writers:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    async def _next(self) -> list[Item[C]]:
        batch = [await self._queue.get()]
        if self._queue.qsize() < self._max_batch - 1:
            await asyncio.sleep(self._max_wait_s)
        while len(batch) < self._max_batch and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return batch

    async def _write(self, batch: Sequence[Item[C]]) -> None:
        try:
            await self._edge.execute(batch, self._handler)
        finally:
            for _ in batch:
                self._queue.task_done()

    def _task(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Start work in a context that holds nothing of any request."""
        return asyncio.create_task(work, name="micro-batcher", context=TaskContext())
