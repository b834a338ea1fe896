"""What the routes of skiptrace take from the app, what a token lets them see, and how a command is run and shown."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel

from services.skiptrace.handlers.reassess import Policy
from services.skiptrace.settings import SkiptraceSettings
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.http.auth import Principal, requires
from shared.http.idempotency import IdempotencyKey
from shared.http.transaction import Edge, Location

V = TypeVar("V", bound=BaseModel)
K = TypeVar("K", UUID, str)

ACCOUNT_RETRY_S = 2
"""When to try again while an account's first state is on its way."""


# Asynchronous, though they wait for nothing: FastAPI would hand a plain function to a thread for every request.
async def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


async def _settings(request: Request) -> SkiptraceSettings:
    settings: SkiptraceSettings = request.app.state.settings
    return settings


async def _policy(request: Request) -> Policy:
    policy: Policy = request.app.state.policy
    return policy


EdgeOf = Annotated[Edge, Depends(_edge)]
SettingsOf = Annotated[SkiptraceSettings, Depends(_settings)]
PolicyOf = Annotated[Policy, Depends(_policy)]
Reader = Annotated[Principal, Depends(requires("skiptrace:read"))]
Writer = Annotated[Principal, Depends(requires("skiptrace:write"))]
VendorReader = Annotated[Principal, Depends(requires("vendors:read"))]
VendorWriter = Annotated[Principal, Depends(requires("vendors:write"))]


def seen(principal: Principal, creditor_id: UUID | None) -> list[UUID] | None:
    """The creditors that a list may show: those of the token, or the one asked for if the token reaches it."""
    if creditor_id is None:
        return None if principal.creditors is None else sorted(principal.creditors)
    return [creditor_id] if principal.may_see(creditor_id) else []


async def run_and_show(
    edge: Edge,
    command: Callable[[Tx], Awaitable[K | Refusal]],
    show: Callable[[Tx, K], Awaitable[V | None]],
    *,
    principal: Principal,
    idempotency: IdempotencyKey | None = None,
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
