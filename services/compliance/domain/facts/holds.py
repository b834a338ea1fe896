"""What stands against contacting a person as usual: restrictions, representations, disputes."""

from datetime import date, datetime
from uuid import UUID

from services.compliance.domain.facts.fact import fact


@fact
class Restriction:
    """A restriction on the party, or on some debts of it (`account_ids`; none: all), effective when received.

    Holds through the day `ends_on`, until `lifted_at`. `is_written`: what the person said came in writing.
    """

    restriction_id: UUID
    kind: str
    effective_at: datetime
    account_ids: frozenset[UUID] = frozenset()
    is_written: bool = False
    ends_on: date | None = None
    lifted_at: datetime | None = None


@fact
class Representation:
    """An attorney represents the consumer for these debts (none: all); `is_reachable`: name and address are at hand.

    `is_direct_allowed`: the attorney consents to direct contact; `unresponsive_since`: the attorney has not answered
    us in a reasonable time (12 CFR 1006.6(b)(2)).
    """

    representation_id: UUID
    known_at: datetime
    is_reachable: bool | None
    account_ids: frozenset[UUID] = frozenset()
    is_direct_allowed: bool = False
    unresponsive_since: datetime | None = None
    ended_at: datetime | None = None


@fact
class Dispute:
    """A dispute about one debt; `answered_at`: when verification, or the original creditor's name, was sent."""

    dispute_id: UUID
    account_id: UUID
    kind: str
    received_at: datetime
    is_written: bool
    is_whole: bool = True
    answered_at: datetime | None = None
    closed_at: datetime | None = None
