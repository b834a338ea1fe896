"""What the routes of promises and arrangements share: the edge of the app, and how a command is run and shown."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel

from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.http.auth import Principal
from shared.http.idempotency import IdempotencyKey
from shared.http.transaction import Edge, Location

V = TypeVar("V", bound=BaseModel)

ACCOUNT_RETRY_S = 2
"""When to try again while an account's first state is on its way."""


# Asynchronous, though it waits for nothing: FastAPI would hand a plain function to a thread for every request.
async def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


EdgeOf = Annotated[Edge, Depends(_edge)]
"""A route parameter: where requests become transactions."""


async def run_and_show(
    edge: Edge,
    command: Callable[[Tx], Awaitable[UUID | Refusal]],
    show: Callable[[Tx, UUID], Awaitable[V | None]],
    *,
    principal: Principal,
    idempotency: IdempotencyKey | None,
    location: Location | None = None,
) -> V:
    """Run a command that returns an id, and return what it made or changed, as of its own transaction."""

    async def step(tx: Tx) -> V | Refusal:
        done = await command(tx)
        if not isinstance(done, Refusal):
            shown = await show(tx, done)
            if shown is None:
                raise LookupError(f"{done} was changed and is not there")
            return shown
        if done.code == "account-not-here":
            raise Problem.of(done, headers={"Retry-After": str(ACCOUNT_RETRY_S)})
        return done

    return await edge.run(step, principal=principal, idempotency=idempotency, location=location)
