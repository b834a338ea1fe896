"""What the routes of contact take from the app, and what a token lets them see."""

from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID, uuid5

from fastapi import Depends, Request

from services.contact.handlers.permits import Permits
from services.contact.handlers.place_attempts import PlaceAttempt
from services.contact.handlers.reporting import Reporter
from services.contact.schemas.attempts import AttemptMade
from services.contact.settings import ContactSettings
from shared.errors import Problem, Refusal
from shared.http.auth import Principal
from shared.http.idempotency import Claim, IdempotencyKey, known
from shared.http.micro_batcher import MicroBatcher
from shared.http.transaction import Edge

R = TypeVar("R")

_WISHES = UUID("2c5a8b5e-4a0d-5d0b-9f0e-6c1f6b1d7a11")
"""The namespace of the keys under which compliance is asked: the same wish gets the same permit."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What contact does for whoever asks."""

    edge: Edge
    settings: ContactSettings
    attempts: MicroBatcher[PlaceAttempt, AttemptMade]
    permits: Permits
    reporter: Reporter
    channels: frozenset[str]
    """The message channels that this deployment has a gateway for."""


# Asynchronous, though it waits for nothing: FastAPI would hand a plain function to a thread for every request.
async def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").partition(" ")[2].strip()


EdgeOf = Annotated[Edge, Depends(_edge)]
DeskOf = Annotated[Desk, Depends(_desk)]
BearerOf = Annotated[str, Depends(_bearer)]
"""The caller's own token: next steps are taken in their name."""


def answered(result: R | Refusal) -> R:
    """The result of a read, or the problem that it refused with."""
    if isinstance(result, Refusal):
        raise Problem.of(result)
    return result


def seen(principal: Principal, creditor_id: UUID | None) -> list[UUID] | None:
    """The creditors that a list may show: those of the token, or the one asked for if the token reaches it."""
    if creditor_id is None:
        return None if principal.creditors is None else sorted(principal.creditors)
    return [creditor_id] if principal.may_see(creditor_id) else []


async def unless_known(edge: Edge, principal: Principal, key: IdempotencyKey) -> str:
    """Return the key under which compliance is asked for this request.

    Raises:
        ReplayedError: the request was answered before: no permit is asked for again.
        Problem: the key was used for another request.
    """
    claim = Claim((principal.sub, key.route, key.key), key.fingerprint)
    await edge.read(lambda tx: known(tx, claim))
    return str(uuid5(_WISHES, f"{principal.sub}|{key.route}|{key.key}|{key.fingerprint}"))
