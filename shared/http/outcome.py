"""What becomes of a command: done now, answered before, or failed; and how its caller is told.

A failure is a value until a caller takes it, because the caller may have gone and its neighbours must not care.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from shared.db.locks import Locks
from shared.db.transaction import Context, Tx
from shared.errors import Problem, Refusal
from shared.http.auth import Principal
from shared.http.idempotency import Answer, IdempotencyKey, ReplayedError, Scope, json_of, release, store
from shared.http.problem import problem_for
from shared.http.request_context import current_context

C = TypeVar("C")
LockFinder = Callable[[Tx, Sequence[C]], Awaitable[Locks]]
"""Finds what a batch has to lock besides what its commands say, from what never changes; called before the locks."""
Location = Callable[[Any], str]
"""Gives the `Location` header for a result."""


@dataclass(frozen=True, slots=True)
class Done:
    """What the handler made, and the answer that is stored when there is a key."""

    result: Any
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Why nothing was done."""

    error: Exception


Outcome = Done | Answer | Failed
"""Done now, answered before, or failed. A failure is a value too: nobody may be left to take an exception."""


@dataclass(slots=True)
class Item(Generic[C]):
    """A command on its way through a transaction; its caller, and whoever joins it, waits for `outcome`."""

    command: C
    locks: Locks
    context: Context
    key: IdempotencyKey | None
    subject: str
    location: Location | None = None
    find_locks: LockFinder[Any] | None = None
    outcome: "asyncio.Future[Outcome]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def scope(self) -> Scope | None:
        """The subject, route and key of the request, if it has a key."""
        return None if self.key is None else (self.subject, self.key.route, self.key.key)


def item_of(
    command: C,
    locks: Locks,
    principal: Principal,
    key: IdempotencyKey | None,
    location: Location | None,
    *,
    find_locks: LockFinder[C] | None = None,
) -> Item[C]:
    """Return a command of the request that is being served."""
    context = current_context()._replace(subject=principal.sub)
    return Item(command, locks, context, key, principal.sub, location, find_locks)


def outcome_of(item: Item[Any], result: Any) -> Outcome:
    """Return what a result of the handler means. It is made JSON here, before the commit, in case it cannot be."""
    if isinstance(result, Refusal):
        return Failed(Problem.of(result))
    if item.key is None:
        return Done(result)
    headers = {"Location": item.location(result)} if item.location else {}
    return Done(result, Answer(item.key.status, json_of(result), headers))


async def settle(tx: Tx, items: Sequence[Item[Any]], outcomes: Sequence[Outcome]) -> None:
    """Store the answers under their keys, and give up the keys of what was refused."""
    pairs = [(item.scope, outcome) for item, outcome in zip(items, outcomes, strict=True)]
    await store(
        tx, [(scope, out.answer) for scope, out in pairs if scope and isinstance(out, Done) and out.answer is not None]
    )
    await release(tx, [scope for scope, out in pairs if scope and isinstance(out, Failed)])


def told(known: Answer | Problem) -> Outcome:
    """Return the outcome of a key that was claimed before."""
    return Failed(known) if isinstance(known, Problem) else known


def interrupted() -> Problem:
    """Return the problem of work that the end of the process has cut off: whether it was done, its key tells."""
    return problem_for(ConnectionError())


def taken(outcome: Outcome, item: Item[Any]) -> Any:
    """Return or raise what became of an item, in the task of its caller."""
    if isinstance(outcome, Failed):
        raise outcome.error
    if isinstance(outcome, Answer):
        raise ReplayedError(outcome)
    if outcome.answer is not None and item.key is not None and item.key.response is not None:
        item.key.response.headers.update(outcome.answer.headers)
        item.key.response.body = (outcome.answer.body or "").encode()
    return outcome.result
