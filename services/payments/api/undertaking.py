"""What the routes of promises and arrangements share: each kind is read, approved and cancelled in the same way.

A command runs in one transaction and answers with the whole undertaking as that transaction left it, and its ETag.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response

from services.payments.handlers.approve import approve
from services.payments.handlers.cancel import cancel
from services.payments.handlers.undertaking import Kind
from services.payments.schemas.obligations import ArrangementView, PromiseView
from shared.db.transaction import Tx
from shared.http.auth import Principal, requires
from shared.http.etag import OptionalIfMatch, set_etag
from shared.http.idempotency import OptionalKey
from shared.http.openapi import headers, problems
from shared.http.routes import EdgeOf, run_and_show, visible

V = TypeVar("V", PromiseView, ArrangementView)
Show = Callable[[Tx, UUID], Awaitable[V | None]]

Verb = Literal["approve", "cancel"]
_CHANGES = {"approve": approve, "cancel": cancel}
_ARTICLE: dict[Kind, str] = {"promise": "a promise", "arrangement": "an arrangement"}


def add_reading(router: APIRouter, kind: Kind, view: type[V], show: Show[V]) -> None:
    """Add `GET /{id}`: the undertaking as it stands on the creditor's business date."""

    async def get_one(
        undertaking_id: Annotated[UUID, Path(alias=f"{kind}_id")],
        principal: Annotated[Principal, Depends(requires("payments:read"))],
        edge: EdgeOf,
        response: Response,
    ) -> V:
        found = visible(await edge.read(lambda tx: show(tx, undertaking_id)), principal, kind)
        set_etag(response, found.version)
        return found

    router.add_api_route(
        f"/{{{kind}_id}}",
        get_one,
        name=f"get_{kind}",
        response_model=view,
        description=f"Show {_ARTICLE[kind]} as it stands on the creditor's business date.",
        responses={200: headers("ETag"), **problems(f"{kind}-unknown")},
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
        responses={200: headers("ETag"), **problems(f"{kind}-unknown", "transition-refused", *refuses)},
    )
