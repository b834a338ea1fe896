"""Makes a contact for somebody who asks: permit, then the transaction that uses it, then the answer."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from services.contact.domain.placing import Placing
from services.contact.handlers.actor import Actor
from services.contact.handlers.permits import Permits
from services.contact.handlers.place_attempts import PlaceAttempt
from shared.errors import Problem

R = TypeVar("R")
Submit = Callable[[PlaceAttempt], Awaitable[R]]
"""Places one command, with others or alone, and commits; raises the `Problem` of a refusal."""


async def attempt(permits: Permits, submit: Submit[R], actor: Actor, placing: Placing, key: str, **facts: Any) -> R:
    """Ask for a permit and place the contact.

    Raises:
        Problem: `contact-blocked`, `compliance-unavailable`, or what the request has wrong. A permit that was given and
            not used is given back.
    """
    permitted = await permits.get(actor, placing, key)
    command = permitted.command(placing, actor.sub)
    try:
        return await submit(replace(command, **facts) if facts else command)
    except Problem as problem:
        if problem.code != "contact-blocked":
            raise
        raise await permits.give_back(actor, permitted, placing, problem.detail) from problem
