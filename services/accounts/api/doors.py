"""What every route of accounts takes from the app, and how a refused read is answered."""

from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Request

from services.accounts.settings import AccountsSettings
from shared.errors import Problem, Refusal
from shared.http.auth import Principal
from shared.http.transaction import Edge

R = TypeVar("R")


# Asynchronous, though it waits for nothing: FastAPI would hand a plain function to a thread for every request.
async def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


async def _settings(request: Request) -> AccountsSettings:
    settings: AccountsSettings = request.app.state.settings
    return settings


EdgeOf = Annotated[Edge, Depends(_edge)]
SettingsOf = Annotated[AccountsSettings, Depends(_settings)]


def visible_creditor(principal: Principal, creditor_id: UUID, *, field: str | None = None) -> None:
    """Raises `creditor-unknown` where the creditor is not among the token's."""
    if not principal.may_see(creditor_id):
        raise Problem("creditor-unknown", "there is no such creditor", field=field)


def answered(result: R | Refusal) -> R:
    """The result of a read, or the problem that it refused with."""
    if isinstance(result, Refusal):
        raise Problem.of(result)
    return result
