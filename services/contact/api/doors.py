"""What the routes of contact take from the app besides the edge, and how a wish keeps its name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID, uuid5

from fastapi import Depends, Request

from services.contact.handlers.permits import Permits
from services.contact.handlers.place_attempts import PlaceAttempt
from services.contact.handlers.reporting import Reporter
from services.contact.schemas.attempts import AttemptMade
from services.contact.settings import ContactSettings
from shared.errors import Problem
from shared.http.auth import Principal
from shared.http.idempotency import Claim, IdempotencyKey, known
from shared.http.micro_batcher import MicroBatcher
from shared.http.routes import from_app
from shared.http.transaction import Edge

R = TypeVar("R")

_WISHES = UUID("2c5a8b5e-4a0d-5d0b-9f0e-6c1f6b1d7a11")
"""The namespace of wishes: the same wish is the same attempt, with the same permit."""


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


async def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").partition(" ")[2].strip()


DeskOf = Annotated[Desk, Depends(from_app("desk"))]
BearerOf = Annotated[str, Depends(_bearer)]
"""The caller's own token: next steps are taken in their name."""


async def once(desk: Desk, principal: Principal, key: IdempotencyKey, work: Callable[[str], Awaitable[R]]) -> R:
    """Do what is asked for under a key; `work` is given the wish that it is.

    Its answer is looked for before anything is asked, and again where that is refused: the same request may have been
    answered by another process meanwhile, and what it has placed stops this one. Raises as `unless_known`.
    """
    wish = await unless_known(desk.edge, principal, key)
    try:
        return await work(wish)
    except Problem:
        await unless_known(desk.edge, principal, key)
        raise


async def unless_known(edge: Edge, principal: Principal, key: IdempotencyKey) -> str:
    """Return the name of what this request wishes: the same request names the same.

    Raises:
        ReplayedError: the request was answered before: no permit is asked for again.
        Problem: the key was used for another request.
    """
    claim = Claim((principal.sub, key.route, key.key), key.fingerprint)
    await edge.read(lambda tx: known(tx, claim))
    return str(uuid5(_WISHES, f"{principal.sub}|{key.route}|{key.key}|{key.fingerprint}"))


def attempt_under(principal: Principal, key: IdempotencyKey) -> UUID:
    """Return the id of the contact that is told of under a key: the same one when its outcome is corrected."""
    return uuid5(_WISHES, f"{principal.sub}|{key.route}|{key.key}")
