"""Makes a contact for somebody who asks: permit, then the transaction that uses it, then the answer."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from services.contact.domain.placing import Placing
from services.contact.handlers.actor import Actor
from services.contact.handlers.permits import Permits, Permitted
from services.contact.handlers.place_attempts import PlaceAttempt
from shared.errors import Problem

R = TypeVar("R")
Submit = Callable[[PlaceAttempt], Awaitable[R]]
"""Places one command, with others or alone, and commits; raises the `Problem` of a refusal."""
_FAILED: Final = 500
_UNDER_WAY: Final = "idempotency-key-in-flight"
"""The same wish is being placed by another process at this moment."""


async def attempt(permits: Permits, submit: Submit[R], actor: Actor, placing: Placing, wish: str, **facts: Any) -> R:
    """Ask for a permit and place the contact.

    Raises:
        Problem: `contact-blocked`, `compliance-unavailable`, or what the request has wrong. A permit that was given and
            is surely not used is given back; one of which that is not known is found by the sweep.
    """
    permitted = await permits.get(actor, placing, wish)
    command = permitted.command(placing, actor.sub, **facts)
    return await use(permits, permitted, actor, placing, lambda: submit(command))


async def use(
    permits: Permits, permitted: Permitted, actor: Actor, placing: Placing, place: Callable[[], Awaitable[R]]
) -> R:
    """Use a permit by `place`, or give it back. Raises as `attempt`."""
    try:
        return await place()
    except Problem as problem:
        if problem.status >= _FAILED or problem.code == _UNDER_WAY:
            raise
        answer = await permits.give_back(actor, permitted, placing, _reason(problem))
        raise (answer if problem.code == "contact-blocked" else problem) from problem


def _reason(problem: Problem) -> str:
    return problem.detail if problem.code == "contact-blocked" else f"contact.{problem.code.replace('-', '_')}"
