"""One request is one transaction, committed before it is answered, whatever becomes of the client meanwhile.

The work runs in a task of its own: a client that hangs up cancels its wait, never the transaction. Locks come first,
then the idempotency keys, then the handler. `micro_batcher` puts many requests into one transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import Context as TaskContext
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.db.failures import sqlstate
from shared.db.locks import Locks, take
from shared.db.transaction import AfterCommit, Context, Tx, open_transaction
from shared.errors import Problem, Refusal
from shared.http.auth import Principal
from shared.http.idempotency import Claim, IdempotencyKey, Scope, claim, in_flight, reused
from shared.http.outcome import (
    Done,
    Failed,
    Item,
    Location,
    Outcome,
    interrupted,
    item_of,
    outcome_of,
    settle,
    taken,
    told,
)
from shared.http.problem import is_statement_error
from shared.http.request_context import current_context

__all__ = ["Edge", "Handler", "Location"]

C = TypeVar("C")
R = TypeVar("R")

CLOSE_TIMEOUT_S = 15
_MAX_TRIES = 3
_RETRIED = frozenset({"40001", "40P01"})  # rolled back by the server, nothing was done
_LOCK_NOT_AVAILABLE = "55P03"
_HURRIED_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '250ms'"
_ONE_STATE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

Handler = Callable[[Tx, Sequence[C]], Awaitable[Sequence[R | Refusal]]]


class Edge:
    """Where requests become transactions. One per process, at `app.state.edge`.

    `after_commit` hooks (waking the relay) run after each commit. More than `max_running` requests at once: 503 `busy`.
    """

    def __init__(
        self, engine: AsyncEngine, clock: Clock, *, after_commit: Sequence[AfterCommit] = (), max_running: int = 1024
    ) -> None:
        self.engine = engine
        self.clock = clock
        self._after_commit = tuple(after_commit)
        self._max_running = max_running
        self._running: set[asyncio.Task[None]] = set()
        self._flights: dict[Scope, Item[Any]] = {}
        self._parts: list[Callable[[], Awaitable[None]]] = []
        self._is_closed = False

    async def run(
        self,
        fn: Callable[[Tx], Awaitable[R | Refusal]],
        *,
        principal: Principal,
        idempotency: IdempotencyKey | None = None,
        locks: Locks | None = None,
        location: Location | None = None,
    ) -> R:
        """Run `fn` in one transaction and return its result after the commit.

        `location` gives the `Location` header for a result (stored with the key).

        Raises:
            Problem: `fn` refused (rolled back), or the database is busy.
            ReplayedError: the key was answered before; the app answers it again.
        """
        self.refuse_when(len(self._running) >= self._max_running)

        async def handler(tx: Tx, _commands: Sequence[None]) -> Sequence[R | Refusal]:
            return [await fn(tx)]

        item: Item[None] = item_of(None, locks or Locks(), principal, idempotency, location)
        result: R = await self.join(item, lambda: self.start(self.execute([item], handler)))
        return result

    async def read(self, fn: Callable[[Tx], Awaitable[R]]) -> R:
        """Run `fn` in a transaction that sees one state of the database and changes nothing.

        An answer is made of several statements: each of them looking anew would show a payment beside the balance of
        before it.
        """
        self.refuse_when(len(self._running) >= self._max_running)
        async with open_transaction(self.engine, self.clock, context=current_context()) as tx:
            await tx.execute(_ONE_STATE)
            return await fn(tx)

    async def close(self) -> None:
        """Take nothing more, and wait for what runs, within a bound; called when the app shuts down."""
        self._is_closed = True
        await asyncio.gather(*(close() for close in self._parts))
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=CLOSE_TIMEOUT_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def add(self, close: Callable[[], Awaitable[None]]) -> None:
        """Close what puts commands into this edge before the edge itself."""
        self._parts.append(close)

    def start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Start work that no client can cancel, in a context that holds nothing of any request."""
        task = asyncio.create_task(work, context=TaskContext())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def refuse_when(self, is_full: bool) -> None:
        """Raise `busy` when the edge is closed or its caller has no room."""
        if self._is_closed or is_full:
            raise Problem("busy", "The service is at its limit; try again.")

    async def join(self, item: Item[Any], begin: Callable[[], object]) -> Any:
        """Begin the work of an item and wait for it, or wait for the request with its key that is under way here."""
        scope = item.scope
        if scope is None:
            begin()
            return taken(await asyncio.shield(item.outcome), item)
        flight = self._flights.get(scope)
        if flight is not None and flight.key is not None and item.key is not None:
            if flight.key.fingerprint != item.key.fingerprint:
                raise reused()
            outcome = await asyncio.shield(flight.outcome)
            if isinstance(outcome, Done) and outcome.answer is not None:
                outcome = outcome.answer
            return taken(outcome, item)
        self._flights[scope] = item
        item.outcome.add_done_callback(lambda _: self._flights.pop(scope, None))
        try:
            begin()
        except BaseException as error:
            item.outcome.set_result(Failed(error if isinstance(error, Problem) else interrupted()))
            raise
        return taken(await asyncio.shield(item.outcome), item)

    async def execute(self, items: Sequence[Item[C]], handler: Handler[C, R], *, is_hurried: bool = False) -> None:
        """Run a batch and settle each of its items. A database error bisects it down to the command at fault."""
        outcomes: Sequence[Outcome] = ()
        try:
            outcomes = await self._attempt_again(items, handler, is_hurried=is_hurried)
        except Exception as error:  # noqa: BLE001 - whatever it is, each caller must be told
            if len(items) > 1 and is_statement_error(error):
                half = len(items) // 2
                is_hurried = is_hurried or sqlstate(error) == _LOCK_NOT_AVAILABLE  # it was waited for once already
                await self.execute(items[:half], handler, is_hurried=is_hurried)
                await self.execute(items[half:], handler, is_hurried=is_hurried)
                return
            outcomes = [await self._explained(item, error) for item in items]
        finally:
            for item, outcome in zip(items, outcomes or [Failed(interrupted())] * len(items), strict=True):
                if not item.outcome.done():
                    item.outcome.set_result(outcome)

    async def _attempt_again(
        self, items: Sequence[Item[C]], handler: Handler[C, R], *, is_hurried: bool
    ) -> Sequence[Outcome]:
        for _ in range(_MAX_TRIES - 1):
            try:
                return await self._attempt(items, handler, is_hurried=is_hurried)
            except Exception as error:
                if sqlstate(error) not in _RETRIED:
                    raise
        return await self._attempt(items, handler, is_hurried=is_hurried)

    async def _attempt(
        self, items: Sequence[Item[C]], handler: Handler[C, R], *, is_hurried: bool
    ) -> Sequence[Outcome]:
        """Lock, claim, handle, store, commit: one transaction. Only the first try waits long for a lock."""
        context = items[0].context if len(items) == 1 else Context()
        async with open_transaction(self.engine, self.clock, context=context) as tx:
            if is_hurried:
                await tx.execute(_HURRIED_LOCK_TIMEOUT)
            tx.causes.update({i.context.correlation_id: i.context for i in items if i.context.correlation_id})
            find_locks = items[0].find_locks
            found = () if find_locks is None else (await find_locks(tx, [item.command for item in items]),)
            await take(tx, [*(item.locks for item in items), *found])
            claims = [Claim(i.scope, i.key.fingerprint) for i in items if i.scope is not None and i.key is not None]
            known = await claim(tx, claims)
            fresh = [item for item in items if item.scope is None or item.scope not in known]
            results = await handler(tx, [item.command for item in fresh]) if fresh else []
            if len(results) != len(fresh):
                raise RuntimeError(f"the handler answered {len(results)} of {len(fresh)} commands")
            made = [outcome_of(item, result) for item, result in zip(fresh, results, strict=True)]
            if any(isinstance(outcome, Done) for outcome in made):
                await settle(tx, fresh, made)
                for hook in self._after_commit:
                    tx.after_commit(hook)
                await tx.commit()
        settled = iter(made)
        return [next(settled) if i.scope is None or i.scope not in known else told(known[i.scope]) for i in items]

    async def _explained(self, item: Item[Any], error: Exception) -> Outcome:
        """Return what a caller is told of a failure. A lock that was not given in time may have been its own key."""
        if item.scope is None or item.key is None or sqlstate(error) != _LOCK_NOT_AVAILABLE:
            return Failed(error)
        try:
            async with open_transaction(self.engine, self.clock) as tx:
                await tx.execute(_HURRIED_LOCK_TIMEOUT)
                known = await claim(tx, [Claim(item.scope, item.key.fingerprint)])
        except Exception as probe:  # noqa: BLE001 - the first error stands, unless the key itself is held
            return Failed(in_flight() if sqlstate(probe) == _LOCK_NOT_AVAILABLE else error)
        return told(known[item.scope]) if item.scope in known else Failed(error)
