"""What a contact decision is made from: the request, and all that is known about party, debts and contacts so far.

Plain values. Instants are aware datetimes; days are the consumer's local calendar days. A fact that is not known is
None or absent, and no check may read that as permission. The order of the facts in a tuple means nothing.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """The legal role in which a debt is collected: the creditor's `kind`."""

    CREDITOR = "creditor"
    SERVICER = "servicer"
    THIRD_PARTY_COLLECTOR = "third_party_collector"
    DEBT_BUYER = "debt_buyer"
    ATTORNEY = "attorney"
    REPOSSESSOR = "repossessor"


class Channel(StrEnum):
    """A medium of communication; `voicemail` is a call meant for a mailbox, `portal` our website or application."""

    PHONE = "phone"
    VOICEMAIL = "voicemail"
    EMAIL = "email"
    SMS = "sms"
    LETTER = "letter"
    IN_PERSON = "in_person"
    PORTAL = "portal"


CALLS = frozenset({Channel.PHONE, Channel.VOICEMAIL})
"""What places a telephone call; ringless voicemail is one, a text message is not (comment 14(b)-1)."""
ELECTRONIC = frozenset({Channel.EMAIL, Channel.SMS})


class Purpose(StrEnum):
    """Why the party is contacted; a rule names those that it covers."""

    COLLECTION = "collection"
    REQUIRED_NOTICE = "required_notice"
    REMEDY_NOTICE = "remedy_notice"
    SERVICE = "service"
    LOCATION = "location"
    REPLY = "reply"


class Direction(StrEnum):
    """Who initiated: we (`outbound`) or the consumer (`inbound`)."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Recipient(StrEnum):
    """Who is contacted. The first six are the consumer in the sense of 12 CFR 1006.6(a)."""

    CONSUMER = "consumer"
    SPOUSE = "spouse"
    PARENT_OF_MINOR = "parent_of_minor"
    GUARDIAN = "guardian"
    PERSONAL_REPRESENTATIVE = "personal_representative"
    SUCCESSOR_IN_INTEREST = "successor_in_interest"
    CONSUMER_ATTORNEY = "consumer_attorney"
    CREDIT_BUREAU = "credit_bureau"
    CREDITOR = "creditor"
    CREDITOR_ATTORNEY = "creditor_attorney"
    COLLECTOR_ATTORNEY = "collector_attorney"
    THIRD_PARTY = "third_party"


PROFESSIONALS = frozenset(
    {
        Recipient.CONSUMER_ATTORNEY,
        Recipient.CREDIT_BUREAU,
        Recipient.CREDITOR,
        Recipient.CREDITOR_ATTORNEY,
        Recipient.COLLECTOR_ATTORNEY,
    }
)
"""Those of 12 CFR 1006.6(d)(1)(ii)-(vi): calls to them never count (1006.14(b)(3)(iii))."""


class Trait(StrEnum):
    """How the contact is made, where a rule asks for it."""

    RINGLESS = "ringless"
    AUTOMATED = "automated"  # dialled by an automatic telephone dialing system, 47 USC 227(a)(1)
    PRERECORDED = "prerecorded"  # artificial or prerecorded voice
    LIMITED_CONTENT = "limited_content"  # the voicemail of 12 CFR 1006.2(j)
    POSTCARD = "postcard"
    MARKED_ENVELOPE = "marked_envelope"  # an envelope that shows more than the address
    PUBLIC = "public"  # visible to the public or to the person's contacts


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Party:
    """The person: `kind` natural_person, business or estate; `language` a code such as `en` or `es`."""

    party_id: UUID
    kind: str | None
    language: str | None = None
    is_deceased: bool = False


@dataclass(frozen=True, slots=True)
class Creditor:
    """Whose debts these are; `policies_off` are the ids of the policy rules that it has switched off."""

    creditor_id: UUID
    kind: Role
    policies_off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Debt:
    """One account. `group` is shared by student loans that were under one account number when obtained (14(b)(4)).

    `status`: open, charged_off, paid, settled, sold, discharged or closed. `secured_by`: real_estate, motor_vehicle.
    `is_consumer` None is read as a consumer's debt, the more protected kind.
    """

    account_id: UUID
    status: str
    product_class: str | None = None
    is_consumer: bool | None = None
    days_past_due: int | None = None
    secured_by: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class CreditorNotice:
    """The creditor's notice about handing an e-mail address to the collector: 12 CFR 1006.6(d)(4)(ii).

    `is_complete`: it disclosed all of (C)(1)-(5); (A) and (B) stand apart. Days are calendar days.
    """

    sent_on: date
    opt_out_by: date
    is_complete: bool
    is_obtained_from_consumer: bool
    is_used_by_creditor: bool
    is_opted_out: bool = False


@dataclass(frozen=True, slots=True)
class PriorCollector:
    """What a collector before us did with an e-mail address; `position` 1 is the one immediately before us."""

    position: int
    is_obtained_lawfully: bool  # under 12 CFR 1006.6(d)(4)(i) or (ii)
    is_used: bool
    is_opted_out: bool = False


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """A way to reach the party: `kind` phone, email or address; `label` mobile, home, work or other.

    `wrong_since`: when we learnt that it is not this person's; `used_by_consumer_at`: the consumer's last message from
    it (an e-mail, a text: a call does not do, comment 6(d)(5)(i)-1); `not_reassigned_at`: last check of a complete
    database that found the number still the consumer's; `leaked_since`: somebody told us that it led to a disclosure.
    """

    contact_point_id: UUID
    kind: str
    label: str | None = None
    is_verified: bool = False
    is_usable: bool = True
    wrong_since: datetime | None = None
    used_by_consumer_at: datetime | None = None
    not_reassigned_at: datetime | None = None
    reassigned_since: datetime | None = None
    leaked_since: datetime | None = None
    is_employer_provided: bool | None = None
    is_public_domain: bool | None = None
    creditor_notice: CreditorNotice | None = None
    prior_collectors: tuple[PriorCollector, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """Where one datum says that the consumer may be; `source` stated, address or phone.

    `zones` are all IANA zones that the datum permits, `jurisdictions` such as US-MA and US-NY-NYC. A `stated` location
    is knowledge of where the consumer is from `since` to `until`: while it holds, no other decides the time.
    """

    source: str
    zones: tuple[str, ...]
    jurisdictions: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Attempt:
    """One contact of the past. `result_code` None: no outcome yet, and it counts as connected.

    `account_ids`: the debts for which it was made, first the one for which an unanswered call counts; `debts_discussed`
    those that the talk, the voicemail or the message named. `ended_at` only matters for a portal session.
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


@dataclass(frozen=True, slots=True)
class Permit:
    """A permit that is reserved, or placed without its attempt having come: it counts as a contact of its debts."""

    permit_id: UUID
    reserved_at: datetime
    channel: Channel
    account_ids: tuple[UUID, ...]
    contact_point_id: UUID | None = None
    recipient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class LocationAnswer:
    """What came of asking a third party for location information: may it be asked again (12 CFR 1006.10(c))?"""

    recipient_id: UUID
    asked_at: datetime
    is_again_requested: bool = False  # the third party asked us to come back
    is_believed_wrong: bool = False  # the answer was wrong or incomplete, and is believed to be known now


@dataclass(frozen=True, slots=True)
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
    location_answers: tuple[LocationAnswer, ...] = ()
    missing: frozenset[str] = field(default_factory=frozenset)
