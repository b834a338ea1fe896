"""What compliance publishes: decisions, the state of restrictions, consents and disputes, and the rules in force.

No personal data: a contact point is named by its id, evidence and statements stay in the tables of compliance.
"""

from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from shared.events.payload import AccountPayload, AmountMinor, Moment, Payload

ContactChannel = Literal["phone", "voicemail", "email", "sms", "letter", "in_person"]
ContactPurpose = Literal["collection", "required_notice", "remedy_notice", "service", "location", "reply"]
ContactDirection = Literal["outbound", "inbound"]
DecisionOutcome = Literal["allow", "allow_with", "block_until", "block", "needs_review"]
RestrictionKind = Literal[
    "bankruptcy_stay",
    "discharged",
    "deceased",
    "cease",
    "attorney",
    "dispute_hold",
    "scra",
    "identity_theft",
    "litigation",
    "complaint_hold",
    "disaster",
    "hardship",
]
HOLD_THE_DEBT: Final[frozenset[RestrictionKind]] = frozenset(
    {"bankruptcy_stay", "dispute_hold", "identity_theft", "litigation"}
)
"""Kinds that hold for the debt, whichever of its debtors they were placed for: a stay as that of a co-debtor, 11 USC
1301. Any other is the person's own: it holds for an account while that person is its primary party."""
RestrictionStatus = Literal["placed", "active", "lifted", "ended"]
ConsentPurpose = Literal["contact", "call_frequency", "time", "place", "work", "attorney", "third_party", "automated"]
ConsentBasis = Literal[
    "direct",
    "consumer_used",
    "creditor_notice",
    "prior_collector",
    "given_to_creditor",
    "reassigned_check",
    "refused",
    "opted_out",
]
DisputeKind = Literal[
    "fdcpa_validation",
    "original_creditor_request",
    "fcra_direct",
    "fcra_cra",
    "regx_error",
    "card_billing",
    "complaint",
]
DisputeStatus = Literal[
    "opened", "acknowledged", "investigating", "verified", "corrected", "deleted", "duplicative", "withdrawn"
]


class DecidingRule(Payload):
    """A rule that decided, at the version that was in force at the time of the contact."""

    rule_id: str
    version: str
    citation: str
    result: str


class DecisionMade(AccountPayload):
    """A decision on a contact that was about to be made: a fact. Previews and dry runs are not published.

    `account_id` is the first of `account_ids`: the debt that an unanswered call counts for.
    """

    decision_id: UUID
    party_id: UUID
    account_ids: Annotated[tuple[UUID, ...], Field(min_length=1)]
    channel: ContactChannel
    purpose: ContactPurpose
    direction: ContactDirection
    contact_point_id: UUID | None = None
    outcome: DecisionOutcome
    not_before: datetime | None = Field(default=None, description="With `block_until`: the earliest lawful time.")
    permit_id: UUID | None = Field(default=None, description="The permit that an allow reserved.")
    rules: tuple[DecidingRule, ...] = Field(default=(), description="Those that did not pass; empty for an allow.")
    made_at: Moment


class RestrictionState(AccountPayload):
    """`restriction.placed|lifted`: a restriction as it stands for one account.

    One that holds for all accounts of a party is published once for each, also for those that come later or pass to the
    party. The account is restricted from `effective_on` through `ends_on` (null: until lifted) while it is not `lifted`
    and, unless it is of a kind that holds for the debt (`bankruptcy_stay`, `dispute_hold`, `identity_theft`,
    `litigation`), while `party_id` is its primary party: nothing is published when it passes to another.
    """

    restriction_id: UUID
    party_id: UUID
    kind: RestrictionKind
    status: RestrictionStatus
    is_party_wide: bool
    effective_on: date
    ends_on: date | None = None
    citation: str | None = None
    placed_at: Moment
    lifted_at: Moment | None = None


class ConsentState(Payload):
    """`consent.granted|revoked`: a consent, or its revocation, for a channel and purpose. Key: party id.

    `contact` is the use of the medium itself. `consent.revoked` without a grant is a refusal ("stop calling", STOP):
    its `granted_at` is null.
    """

    consent_id: UUID
    creditor_id: UUID
    party_id: UUID
    channel: Literal[ContactChannel, "any"]
    purpose: ConsentPurpose
    contact_point_id: UUID | None = Field(default=None, description="Null: every point of the channel.")
    account_ids: tuple[UUID, ...] = Field(default=(), description="Empty: all debts of the party.")
    basis: ConsentBasis
    granted_at: Moment | None = None
    starts_on: date | None = None
    ends_on: date | None = Field(default=None, description="The last day for which it is good.")
    revoked_at: Moment | None = None


class DisputeState(AccountPayload):
    """`dispute.opened|resolved`: a dispute of one account as it stands. `is_hold`: a rule stops its collection."""

    dispute_id: UUID
    party_id: UUID
    kind: DisputeKind
    status: DisputeStatus
    is_written: bool
    is_hold: bool
    received_at: Moment
    disputed_minor: AmountMinor | None = Field(default=None, description="Null: all of it.")
    resolved_at: Moment | None = None


class RulePackActivated(Payload):
    """`rulepack.activated`: compliance decides by this content of a pack from now on. A fact. Key: pack id."""

    pack_id: str
    version: str
    sha256: str
    active_rules: int = Field(ge=0)
    draft_rules: int = Field(ge=0)
    activated_at: Moment
    creditor_id: UUID | None = Field(default=None, description="Null: every creditor.")
