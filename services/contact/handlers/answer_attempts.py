"""Places contacts for people who make them, and tells them what to say, in the language of the party."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.contact.domain.disclosures import disclosures, language_of
from services.contact.handlers.place_attempts import PlaceAttempt, Placed, place_attempts
from services.contact.schemas.attempts import AttemptMade, DisclosureText
from services.contact.settings import ContactSettings
from shared.db.transaction import Tx
from shared.errors import Refusal

_SPOKEN = """
SELECT p.party_id, p.language, c.name AS creditor FROM party_view p JOIN creditor_view c USING (creditor_id)
WHERE p.party_id = ANY($1::uuid[])
"""

PlaceAndTell = Callable[[Tx, Sequence[PlaceAttempt]], Awaitable[list[AttemptMade | Refusal]]]


def place_and_tell(settings: ContactSettings) -> PlaceAndTell:
    """The handler that places a batch and answers each with its disclosures."""

    async def handler(tx: Tx, commands: Sequence[PlaceAttempt]) -> list[AttemptMade | Refusal]:
        return await _told(tx, settings, await place_attempts(tx, commands))

    return handler


async def shown(tx: Tx, settings: ContactSettings, placed: Placed | Refusal) -> AttemptMade | Refusal:
    """The answer to one contact that was placed, or why it was not."""
    return (await _told(tx, settings, [placed]))[0]


async def _told(tx: Tx, settings: ContactSettings, placed: Sequence[Placed | Refusal]) -> list[AttemptMade | Refusal]:
    parties = [one.command.placing.party_id for one in placed if isinstance(one, Placed)]
    spoken = {row["party_id"]: row for row in await tx.fetch(_SPOKEN, parties)} if parties else {}
    return [one if isinstance(one, Refusal) else _made(settings, one, spoken) for one in placed]


def _made(settings: ContactSettings, placed: Placed, spoken: Mapping[UUID, Any]) -> AttemptMade:
    command = placed.command
    party = spoken.get(command.placing.party_id)
    language = language_of(command.language, None if party is None else party["language"])
    names = {
        "company": settings.sender_company,
        "person": settings.sender_person,
        "phone": settings.sender_phone,
        "creditor": None if party is None else party["creditor"],
        "license": settings.sender_california_license,
    }
    said = disclosures(command.disclosures, command.placing.channel, language, names)
    return AttemptMade(
        attempt_id=command.attempt_id,
        permit_id=command.permit_id,
        decision_id=command.decision_id,
        placed_at=placed.placed_at,
        contact_value=placed.value,
        disclosures=tuple(DisclosureText(code=one.code, language=one.language, text=one.text) for one in said),
    )
