"""The contacts of the past, the permits that are out, and what third parties have answered."""

from datetime import datetime
from uuid import UUID

from services.compliance.domain.facts.fact import fact
from services.compliance.domain.facts.words import Channel, Direction, Purpose, Recipient


@fact
class Attempt:
    """One contact of the past. `result_code` None: no outcome yet, and it counts as connected.

    `account_ids`: the debts for which it was made, first the one for which an unanswered call counts; `debts_discussed`
    those that the talk, the voicemail or the message named. `ended_at` only matters for a portal session.
    `is_bounced`: a message that did not reach the person.
    """

    attempt_id: UUID
    at: datetime
    channel: Channel
    account_ids: tuple[UUID, ...]
    result_code: str | None
    direction: Direction = Direction.OUTBOUND
    debts_discussed: tuple[UUID, ...] = ()
    contact_point_id: UUID | None = None
    purpose: Purpose = Purpose.COLLECTION
    recipient: Recipient = Recipient.CONSUMER
    recipient_id: UUID | None = None
    permit_id: UUID | None = None
    ended_at: datetime | None = None
    is_bounced: bool = False


@fact
class Permit:
    """A permit that is reserved, or placed without its attempt having come: it counts as a contact of its debts."""

    permit_id: UUID
    reserved_at: datetime
    channel: Channel
    account_ids: tuple[UUID, ...]
    contact_point_id: UUID | None = None
    recipient_id: UUID | None = None


@fact
class LocationAnswer:
    """What came of asking a third party for location information: may it be asked again (12 CFR 1006.10(c))?"""

    recipient_id: UUID
    asked_at: datetime
    is_again_requested: bool = False  # the third party asked us to come back
    is_believed_wrong: bool = False  # the answer was wrong or incomplete, and is believed to be known now
