"""What the person has chosen: inconvenient times and places, refusals, consents."""

from datetime import date, datetime
from uuid import UUID

from services.compliance.domain.facts.fact import fact
from services.compliance.domain.facts.words import Channel


@fact
class TimeDesignation:
    """A time that the consumer called inconvenient, on these weekdays (0 is Monday), minutes of the day [start, end).

    Local time of the consumer; it holds from `known_at`, through the day `until`, until `withdrawn_at`.
    """

    designation_id: UUID
    known_at: datetime
    weekdays: frozenset[int] = frozenset(range(7))
    start_minute: int = 0
    end_minute: int = 1440
    until: date | None = None
    withdrawn_at: datetime | None = None


@fact
class PlaceDesignation:
    """A place at which the consumer may not be contacted: `place` home, work or another; `source` consumer, employer.

    `is_written` and `ends_at` serve oral requests that hold for a time only.
    """

    designation_id: UUID
    place: str
    known_at: datetime
    source: str = "consumer"
    is_written: bool = False
    ends_at: datetime | None = None
    withdrawn_at: datetime | None = None


@fact
class Refusal:
    """The person asked us not to use a medium; `contact_point_id`: only that number or address (14(h)(1)-2).

    `is_opt_out`: it answered an opt-out line, and holds for electronic messages to that address (14(h)(1)-3.ii).
    """

    refusal_id: UUID
    channel: Channel
    requested_at: datetime
    contact_point_id: UUID | None = None
    is_opt_out: bool = False
    withdrawn_at: datetime | None = None


@fact
class Consent:
    """The person's consent to something that a rule forbids without it.

    `scope`: call_frequency, time, place, work, attorney, third_party, electronic (use of an address or number),
    automated (47 USC 227(b)). `given_to`: collector (this one), creditor or prior_collector. `channel`,
    `contact_point_id`, `account_ids`: None or none is all. It holds on the days `starts_on` to
    `ends_on`, both inclusive, at the minutes of the day [start, end); None: from its grant, and for good.
    """

    consent_id: UUID
    scope: str
    granted_at: datetime
    given_to: str = "collector"
    channel: Channel | None = None
    contact_point_id: UUID | None = None
    account_ids: frozenset[UUID] = frozenset()
    starts_on: date | None = None
    ends_on: date | None = None
    start_minute: int = 0
    end_minute: int = 1440
    revoked_at: datetime | None = None
