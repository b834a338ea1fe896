"""HTTP models of contact decisions: what somebody wants to do, and the answer with every rule that was looked at."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.compliance.domain.facts import Recipient, Trait
from services.compliance.schemas.shape import Model, Moment, Place, Word
from shared.events.compliance import ContactChannel, ContactDirection, ContactPurpose, DecisionOutcome

RuleOutcome = Literal["pass", "fail", "unknown", "not_applicable"]
_KINDS = {"phone": "phone", "voicemail": "phone", "sms": "phone", "email": "email"}


class PointIn(Model):
    """A number or address by its value, where its id is not at hand."""

    kind: Literal["phone", "email", "address"]
    value: Annotated[str, Field(min_length=1, max_length=300)]


class DecisionRequest(Model):
    """A contact that somebody wants to make. An unanswered call counts for the debt of the first account.

    With `at`, past or future, it is a dry run: nothing is reserved and nothing is published.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "party_id": "5a0f9b1c-2d3e-5f40-9a1b-2c3d4e5f6a7b",
                    "account_ids": ["72d10c99-1f03-5431-afd7-37907baf0572"],
                    "channel": "phone",
                    "contact_point_id": "1c9e6a2b-7d40-5b8e-8f21-3a4b5c6d7e8f",
                    "purpose": "collection",
                    "direction": "outbound",
                }
            ]
        }
    )

    party_id: UUID
    account_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
    channel: ContactChannel
    contact_point_id: UUID | None = None
    contact_point: PointIn | Annotated[str, Field(min_length=1, max_length=300)] | None = Field(
        default=None, description="In place of `contact_point_id`; a text is of the channel's kind."
    )
    purpose: ContactPurpose
    direction: ContactDirection = "outbound"
    attempt_id: UUID | None = Field(
        default=None,
        description="The attempt for which a permit is asked: `contact.blocked` with it takes the permit out of the "
        "count, also where the answer was lost.",
    )
    at: Moment | None = None
    recipient: Recipient = Field(
        default=Recipient.CONSUMER,
        description="`consumer`: whoever the party is by its part in the debts. The others are said by the caller.",
    )
    recipient_id: UUID | None = Field(
        default=None,
        description="Of a third party: UUIDv5(party_id, `third_party:<kind>:<value>`) of its name, phone, email or "
        "address, in small letters with single spaces, as skiptrace names it.",
    )
    traits: frozenset[Trait] = Field(default=frozenset(), description="How it is made, where rules ask for it.")
    known_place: Place | None = Field(default=None, description="Where the person is known to be: home, work, ..")
    rebuttals: Annotated[tuple[Word, ...], Field(max_length=10)] = Field(
        default=(), description="Factors of comment 14(b)(2)(ii)-2 that are claimed: recorded, never a permission."
    )

    @property
    def point(self) -> tuple[str, str] | None:
        """The kind and value of a contact point that was given by value."""
        if isinstance(self.contact_point, PointIn):
            return self.contact_point.kind, self.contact_point.value
        if self.contact_point is None:
            return None
        return _KINDS.get(self.channel, "address"), self.contact_point


class PermitOut(Model):
    """A reserved contact: to be placed before `expires_at`, and counted until it is reported."""

    id: UUID
    expires_at: datetime


class RuleOut(Model):
    """One rule in the version that was in force, what its check found and what it used."""

    id: str
    version: str
    citation: str
    result: RuleOutcome
    outcome: DecisionOutcome = Field(description="What this rule alone makes of the contact.")
    not_before: datetime | None = None
    facts: dict[str, Any] = Field(default_factory=dict)


class DecisionAnswer(Model):
    """The decision. The most restrictive rule stands: block, block_until, needs_review, allow_with, allow."""

    decision_id: UUID
    outcome: DecisionOutcome
    not_before: datetime | None = Field(description="With `block_until`: the earliest lawful time, on what is known.")
    permit: PermitOut | None = Field(default=None, description="Only for the contact service, with an allow.")
    disclosures: tuple[str, ...] = Field(description="What the contact has to carry; see `disclosure_texts`.")
    disclosure_texts: dict[str, str] = Field(default_factory=dict)
    language: str | None = Field(description="The language in which it has to be made; null: any.")
    missing: tuple[str, ...] = Field(description="What had to be known and is not.")
    zones: tuple[str, ...] = Field(description="Every time zone in which the person may be.")
    jurisdictions: tuple[str, ...]
    rules: tuple[RuleOut, ...]
    at: datetime = Field(description="The moment that was decided on.")
    made_at: datetime
    is_dry_run: bool


class DecisionView(DecisionAnswer):
    """A decision as it was made, and what was asked."""

    party_id: UUID
    account_ids: tuple[UUID, ...]
    channel: ContactChannel
    purpose: ContactPurpose
    direction: ContactDirection
    contact_point_id: UUID | None
    made_by: str
    permit_state: Literal["reserved", "placed", "not_placed"] | None
    rules_sha256: str
    facts_sha256: str
