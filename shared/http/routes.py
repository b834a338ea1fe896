"""What routes are written with: what they take from the app, what a token lets them see, and how a command is shown.

What a token does not reach is answered 404, as if it were not there.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from shared.db.transaction import Tx
from shared.errors import PROBLEMS, Problem, Refusal
from shared.http.auth import Principal
from shared.http.idempotency import IdempotencyKey
from shared.http.transaction import Edge, Location


class OfACreditor(Protocol):
    """What belongs to one creditor."""

    @property
    def creditor_id(self) -> UUID:
        """The creditor whose tokens reach it."""
        ...


F = TypeVar("F", bound=OfACreditor)
K = TypeVar("K")
R = TypeVar("R")
V = TypeVar("V", bound=BaseModel)


def from_app(name: str) -> Callable[[Request], Coroutine[Any, Any, Any]]:
    """Return a dependency that takes what the service keeps at `app.state.<name>`."""

    # Asynchronous, though it waits for nothing: FastAPI would hand a plain function to a thread for every request.
    async def take(request: Request) -> Any:
        return getattr(request.app.state, name)

    return take


EdgeOf = Annotated[Edge, Depends(from_app("edge"))]


def answered(result: R | Refusal) -> R:
    """The result of a read, or the problem that it refused with."""
    if isinstance(result, Refusal):
        raise Problem.of(result)
    return result


def seen(principal: Principal, creditor_id: UUID | None = None) -> list[UUID] | None:
    """The creditors that a list may show: those of the token (None: all), or the one asked for if it is among them."""
    if creditor_id is None:
        return None if principal.creditors is None else sorted(principal.creditors)
    return [creditor_id] if principal.may_see(creditor_id) else []


def visible(found: F | None, principal: Principal, what: str) -> F:
    """What was found; raises `<what>-unknown` where nothing was, or the token does not reach its creditor."""
    if found is None or not principal.may_see(found.creditor_id):
        code = f"{what}-unknown"
        raise Problem(code, f"{PROBLEMS[code][1]}.")
    return found


def visible_creditor(creditor_id: UUID, principal: Principal, *, field: str | None = None) -> None:
    """Raise `creditor-unknown` where the token does not reach the creditor, named in `field` of the request."""
    if not principal.may_see(creditor_id):
        raise Problem("creditor-unknown", "There is no such creditor.", field=field)


async def run_and_show(
    edge: Edge,
    command: Callable[[Tx], Awaitable[K | Refusal]],
    show: Callable[[Tx, K], Awaitable[V | None]],
    *,
    principal: Principal,
    idempotency: IdempotencyKey | None = None,
    location: Location | None = None,
    response: Response | None = None,
) -> V:
    """Run a command that returns an id, and return what it made or changed, as of its own transaction.

    `response` is where the `location` goes when a request needs no key: without one no answer is stored that has it.
    Raises as `Edge.run` does.
    """

    async def step(tx: Tx) -> V | Refusal:
        done = await command(tx)
        if isinstance(done, Refusal):
            return done
        shown = await show(tx, done)
        if shown is None:
            raise LookupError(f"{done} was changed and is not there")
        return shown

    made = await edge.run(step, principal=principal, idempotency=idempotency, location=location)
    if response is not None and location is not None:
        response.headers["Location"] = location(made)
    return made
