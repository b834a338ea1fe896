"""What the routes take from the app, what a token lets them see, and how a command is run and shown."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel

from services.compliance.domain.rules import RuleBook, RulePack
from services.compliance.domain.sources import SourceFile
from services.compliance.handlers.decide_contacts import DecideContact, Decider
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.http.auth import Principal
from shared.http.idempotency import IdempotencyKey
from shared.http.micro_batcher import MicroBatcher
from shared.http.transaction import Edge, Location


class _OfACreditor(Protocol):
    @property
    def creditor_id(self) -> UUID: ...


V = TypeVar("V", bound=BaseModel)
F = TypeVar("F", bound=_OfACreditor)
DecisionBatcher = MicroBatcher[DecideContact, dict[str, Any]]

ARRIVING = frozenset({"party-not-here", "account-not-here"})
RETRY_S = 2
"""When to try again while a party or an account is on its way."""


class Rules:
    """The rules that this process decides by, with their packs and the texts that they cite."""

    def __init__(self, packs: tuple[RulePack, ...], sources: dict[str, SourceFile]) -> None:
        self.packs = packs
        self.book = RuleBook(tuple(rule for pack in packs for rule in pack.rules))
        self.sources = sources


# Asynchronous, though they wait for nothing: FastAPI would hand a plain function to a thread for every request.
async def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


async def _rules(request: Request) -> Rules:
    rules: Rules = request.app.state.rules
    return rules


async def _decisions(request: Request) -> DecisionBatcher:
    batcher: DecisionBatcher = request.app.state.decisions
    return batcher


async def _decider(request: Request) -> Decider:
    decider: Decider = request.app.state.decider
    return decider


EdgeOf = Annotated[Edge, Depends(_edge)]
RulesOf = Annotated[Rules, Depends(_rules)]
DecisionsOf = Annotated[DecisionBatcher, Depends(_decisions)]
DeciderOf = Annotated[Decider, Depends(_decider)]


def visible(found: F | None, principal: Principal, what: str) -> F:
    """What was found, or 404 `<what>-unknown` where it is not, or the token does not reach its creditor."""
    if found is None or not principal.may_see(found.creditor_id):
        raise Problem(f"{what}-unknown", f"There is no such {what}.")
    return found


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
        if done.code in ARRIVING:
            raise Problem.of(done, headers={"Retry-After": str(RETRY_S)})
        return done

    return await edge.run(step, principal=principal, idempotency=idempotency, location=location)
