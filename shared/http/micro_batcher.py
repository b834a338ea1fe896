"""Puts the commands that arrive together into one transaction: many requests, one commit, each its own answer.

A refusal answers its caller alone; a command that the database refuses is found by bisection. The queue is bounded:
when it is full the answer is 503 at once.
"""

import asyncio
import contextlib
from collections.abc import Callable
from contextvars import Context as TaskContext
from typing import Generic, TypeVar

from shared.db.locks import Locks
from shared.http.auth import Principal
from shared.http.idempotency import IdempotencyKey
from shared.http.outcome import Item, Location, LockFinder, item_of
from shared.http.transaction import CLOSE_TIMEOUT_S, Edge, Handler

C = TypeVar("C")
R = TypeVar("R")


class MicroBatcher(Generic[C, R]):
    """Puts the commands that arrive together into one transaction of up to `max_batch`, and answers each caller.

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
        max_queue: int = 1024,
        writers: int = 2,
        location: Location | None = None,
        find_locks: LockFinder[C] | None = None,
    ) -> None:
        self._edge = edge
        self._handler = handler
        self._locks = locks
        self._max_batch = max_batch
        self._max_wait_s = max_wait_ms / 1000
        self._queue: asyncio.Queue[Item[C]] = asyncio.Queue(max_queue)
        self._writers = writers
        self._tasks: list[asyncio.Task[None]] = []
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
        """Let the queue run empty, within a bound, and stop the writers."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._queue.join(), CLOSE_TIMEOUT_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _enqueue(self, item: Item[C]) -> None:
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._write(), name="micro-batcher", context=TaskContext())
                for _ in range(self._writers)
            ]
        self._queue.put_nowait(item)

    async def _write(self) -> None:
        while True:
            batch = [await self._queue.get()]
            if self._queue.qsize() < self._max_batch - 1:
                await asyncio.sleep(self._max_wait_s)
            while len(batch) < self._max_batch and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._edge.execute(batch, self._handler)
            finally:
                for _ in batch:
                    self._queue.task_done()
