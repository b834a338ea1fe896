"""What a contact decision is made from: the request, and all that is known about party, debts and contacts so far.

Plain values. Instants are aware datetimes; days are the consumer's local calendar days. A fact that is not known is
None or absent, and no check may read that as permission. The order of the facts in a tuple means nothing.
"""

from dataclasses import field

from services.compliance.domain.facts.choices import Consent, PlaceDesignation, Refusal, TimeDesignation
from services.compliance.domain.facts.contacts import Attempt, LocationAnswer, Permit
from services.compliance.domain.facts.fact import fact
from services.compliance.domain.facts.holds import Dispute, Representation, Restriction
from services.compliance.domain.facts.points import ContactPoint, CreditorNotice, Location, PriorCollector
from services.compliance.domain.facts.request import Request
from services.compliance.domain.facts.subjects import Creditor, Debt, Party
from services.compliance.domain.facts.words import (
    CALLS,
    ELECTRONIC,
    PROFESSIONALS,
    Channel,
    Direction,
    Purpose,
    Recipient,
    Role,
    Trait,
)

__all__ = [
    "CALLS",
    "ELECTRONIC",
    "PROFESSIONALS",
    "Attempt",
    "Channel",
    "Consent",
    "ContactPoint",
    "Creditor",
    "CreditorNotice",
    "Debt",
    "Direction",
    "Dispute",
    "Facts",
    "Location",
    "LocationAnswer",
    "Party",
    "Permit",
    "PlaceDesignation",
    "PriorCollector",
    "Purpose",
    "Recipient",
    "Refusal",
    "Representation",
    "Request",
    "Restriction",
    "Role",
    "TimeDesignation",
    "Trait",
]


@fact
class Facts:
    """All that is known for one decision. `missing` names what should be here and is not: never an allow."""

    creditor: Creditor | None
    party: Party | None
    debts: tuple[Debt, ...]
    contact_points: tuple[ContactPoint, ...] = ()
    locations: tuple[Location, ...] = ()
    inconvenient_times: tuple[TimeDesignation, ...] = ()
    inconvenient_places: tuple[PlaceDesignation, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    representations: tuple[Representation, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    consents: tuple[Consent, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    permits: tuple[Permit, ...] = ()
    open_elsewhere: tuple[Attempt, ...] = ()  # contacts with other parties of the debts, of which no outcome is known
    location_answers: tuple[LocationAnswer, ...] = ()
    missing: frozenset[str] = field(default_factory=frozenset)
