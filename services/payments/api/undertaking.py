"""What the routes of promises and arrangements share: each kind is read, approved and cancelled in the same way.

A command runs in one transaction and answers with the whole undertaking as that transaction left it, and its ETag.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response

from services.payments.handlers.approve import approve
from services.payments.handlers.cancel import cancel
from services.payments.handlers.undertaking import Kind
from services.payments.schemas.obligations import ArrangementView, PromiseView
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.http.auth import Principal, requires
from shared.http.etag import OptionalIfMatch, set_etag
from shared.http.idempotency import IdempotencyKey, OptionalKey
from shared.http.openapi import problems
from shared.http.transaction import Edge, Location

V = TypeVar("V", PromiseView, ArrangementView)
Show = Callable[[Tx, UUID], Awaitable[V | None]]

Verb = Literal["approve", "cancel"]
_CHANGES = {"approve": approve, "cancel": cancel}
_ARTICLE: dict[Kind, str] = {"promise": "a promise", "arrangement": "an arrangement"}

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
    show: Show[V],
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


def add_reading(router: APIRouter, kind: Kind, view: type[V], show: Show[V]) -> None:
    """Add `GET /{id}`: the undertaking as it stands on the creditor's business date."""

    async def get_one(
        undertaking_id: Annotated[UUID, Path(alias=f"{kind}_id")],
        principal: Annotated[Principal, Depends(requires("payments:read"))],
        edge: EdgeOf,
        response: Response,
    ) -> V:
        found = await edge.read(lambda tx: show(tx, undertaking_id))
        if found is None or not principal.may_see(found.creditor_id):
            raise Problem(f"{kind}-unknown", f"There is no such {kind}.")
        set_etag(response, found.version)
        return found

    router.add_api_route(
        f"/{{{kind}_id}}",
        get_one,
        name=f"get_{kind}",
        response_model=view,
        description=f"Show {_ARTICLE[kind]} as it stands on the creditor's business date.",
        responses=problems(f"{kind}-unknown"),
    )


def add_change(
    router: APIRouter,
    kind: Kind,
    view: type[V],
    show: Show[V],
    *,
    verb: Verb,
    scope: str,
    description: str,
    refuses: tuple[str, ...] = (),
) -> None:
    """Add `POST /{id}/approve` or `/cancel`, which needs `scope`; `If-Match` and a key are welcome, not required."""
    change = _CHANGES[verb]

    async def change_one(
        *,
        undertaking_id: Annotated[UUID, Path(alias=f"{kind}_id")],
        principal: Annotated[Principal, Depends(requires(scope))],
        key: OptionalKey,
        if_match: OptionalIfMatch,
        edge: EdgeOf,
        response: Response,
    ) -> V:
        check = if_match.check if if_match else None
        shown = await run_and_show(
            edge,
            lambda tx: change(tx, principal, kind, undertaking_id, precondition=check),
            show,
            principal=principal,
            idempotency=key,
        )
        set_etag(response, shown.version)
        return shown

    router.add_api_route(
        f"/{{{kind}_id}}/{verb}",
        change_one,
        methods=["POST"],
        name=f"{verb}_{kind}",
        response_model=view,
        description=description,
        responses=problems(f"{kind}-unknown", "transition-refused", *refuses),
    )
