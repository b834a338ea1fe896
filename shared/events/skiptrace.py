"""What skiptrace publishes: the state of skip traces, each search of a vendor, and the contact points that were found.

Only `contact_point.found` holds personal data: it is compacted by party id, so each message carries all that has been
found for the party; one that is missing from a later message was rejected.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.payload import AccountPayload, AmountMinor, Currency, Moment, Payload

SkipTraceStatus = Literal["requested", "searching", "candidates", "located", "exhausted", "cancelled"]
SkipTraceTrigger = Literal["wrong_number", "returned_mail", "no_right_party_contact", "manual"]
SkipTraceReason = Literal[
    "verified", "no_candidate_left", "budget_spent", "account_settled", "restricted", "cancelled", "erased"
]
PermissiblePurpose = Literal["fcra_collection", "glba_servicing", "glba_enforcement", "dppa_debt_recovery"]
SearchOutcome = Literal["hit", "no_hit", "failed"]
FoundKind = Literal["phone", "email", "address"]
FoundLabel = Literal["mobile", "home", "work", "other"]
FoundStatus = Literal["unverified", "verified"]
InquiryChannel = Literal["phone", "letter", "in_person", "email", "postcard", "social_media"]
InquiryStatus = Literal["allowed", "reported"]
InquiryOutcome = Literal["answered", "incomplete", "erroneous", "refused", "no_answer", "not_connected"]
VerificationMethod = Literal["right_party_contact", "third_party", "document", "collector"]


class SkipTraceState(AccountPayload):
    """The whole public state of a skip trace; the topic says why it was published.

    `skiptrace.exhausted` ends one without a hit: `status` tells the exhausted from the cancelled, `reason` says why.
    """

    skip_trace_id: UUID
    party_id: UUID
    status: SkipTraceStatus
    trigger: SkipTraceTrigger
    permissible_purpose: PermissiblePurpose = Field(
        description="FCRA 15 USC 1681b(a)(3)(A), GLBA 15 USC 6802(e)(1), DPPA 18 USC 2721(b)(3)."
    )
    currency: Currency
    budget_minor: AmountMinor
    spent_minor: AmountMinor
    searches: int = Field(ge=0)
    candidates: int = Field(ge=0, description="Candidates neither verified nor rejected.")
    requested_at: Moment
    resolved_at: Moment | None
    reason: SkipTraceReason | None = Field(description="Why it was resolved; null while open.")


class SkipTraceSearched(AccountPayload):
    """One search of one vendor was answered, or failed: a fact, applied once by `search_id`."""

    skip_trace_id: UUID
    search_id: UUID
    party_id: UUID
    vendor: str
    permissible_purpose: PermissiblePurpose
    outcome: SearchOutcome
    candidates: int = Field(ge=0, description="Contact points that it brought and that were not yet known.")
    currency: Currency
    cost_minor: AmountMinor
    searched_at: Moment


class FoundContactPoint(Payload):
    """A way to reach a party that a vendor or a third party named. Personal data."""

    contact_point_id: UUID
    kind: FoundKind
    value: str = Field(description="Normalised: E.164, a lower-cased e-mail, or the address on one line.")
    label: FoundLabel
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    source: str = Field(description="The vendor's code, or `location_inquiry`.")
    first_seen_on: date | None
    last_seen_on: date | None
    confidence: Annotated[int, Field(ge=0, le=100, description="Percent; an explained score, no probability.")]
    status: FoundStatus
    found_at: Moment


class ContactPointsFound(Payload):
    """`contact_point.found`, key: party id. Everything found for a party and not rejected. Personal data."""

    party_id: UUID
    creditor_id: UUID
    contact_points: tuple[FoundContactPoint, ...]


class ContactPointVerified(Payload):
    """`contact_point.verified`, key: party id. A contact point reaches the party: a fact, known from `verified_at`.

    A later `contact_point.invalidated` takes it back; the later of the two instants holds.
    """

    party_id: UUID
    creditor_id: UUID
    account_id: UUID
    skip_trace_id: UUID
    contact_point_id: UUID
    kind: FoundKind
    method: VerificationMethod
    verified_at: Moment


class LocationInquiryState(AccountPayload):
    """`location_inquiry.allowed|reported`: a third party may be, or was, asked where a party is (12 CFR 1006.10).

    One that is allowed may have been made: it counts until its outcome says otherwise. The person asked is named by ids
    alone, UUIDv5(party id, `third_party:<kind>:<value>`) of its name, number, e-mail and address.
    """

    inquiry_id: UUID
    party_id: UUID
    skip_trace_id: UUID | None
    third_party_ids: Annotated[tuple[UUID, ...], Field(min_length=1)]
    channel: InquiryChannel
    status: InquiryStatus
    outcome: InquiryOutcome | None = Field(description="Null until it is reported.")
    is_again_requested: bool = Field(default=False, description="The person asked to be asked again (1006.10(c)).")
    is_known_now: bool = Field(
        default=False,
        description="The person is reasonably believed to have correct or complete information now (1006.10(c)).",
    )
    asked_at: Moment
    reported_at: Moment | None
