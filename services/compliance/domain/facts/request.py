"""One contact that somebody wants to make."""

from datetime import datetime
from uuid import UUID

from services.compliance.domain.facts.fact import fact
from services.compliance.domain.facts.words import Channel, Direction, Purpose, Recipient, Trait


@fact
class Request:
    """One contact that somebody wants to make at `at`.

    `contact_point_id` None: it is not known where. `recipient_id` is the third party's id, None for the party itself.
    `known_place` is where we know the consumer to be at that moment: home, work or another word of `PlaceDesignation`.
    `rebuttals` are the factors of comment 14(b)(2)(ii)-2 that the caller claims: recorded, never a permission.
    """

    party_id: UUID
    account_ids: tuple[UUID, ...]
    channel: Channel
    contact_point_id: UUID | None
    purpose: Purpose
    at: datetime
    direction: Direction = Direction.OUTBOUND
    recipient: Recipient = Recipient.CONSUMER
    recipient_id: UUID | None = None
    traits: frozenset[Trait] = frozenset()
    known_place: str | None = None
    rebuttals: tuple[str, ...] = ()
