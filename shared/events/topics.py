"""Every topic has one owner, one key, one schema (invariant 7). `emit` checks a payload against this registry."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pydantic import BaseModel

from shared.events.accounts import (
    AccountState,
    BusinessDateAdvanced,
    CreditorUpdated,
    PartyUpdated,
    QueueItemChanged,
    WorkItemEscalated,
)
from shared.events.compliance import (
    ConsentState,
    DecisionMade,
    DisputeState,
    RestrictionState,
    RulePackActivated,
)
from shared.events.contact import (
    CallbackState,
    ContactAttempted,
    ContactBlocked,
    ContactCompleted,
    ContactPointInvalidated,
    ContactPointsGiven,
    FieldVisitCompleted,
    MessageBounced,
    MessageOptedOut,
    MessageSent,
)
from shared.events.core import CorePaymentReceived
from shared.events.payments import ArrangementState, PaymentPosted, PaymentReversed, PaymentUnapplied, PromiseState
from shared.events.skiptrace import (
    ContactPointsFound,
    ContactPointVerified,
    LocationInquiryState,
    SkipTraceSearched,
    SkipTraceState,
)
from shared.events.snapshot import CoreAccountSnapshot

Owner = Literal["core", "accounts", "payments", "contact", "skiptrace", "compliance"]


@dataclass(frozen=True)
class Topic:
    """One topic of the published language.

    `key` names the payload field that is the message key. A `fact` is applied once, in any order; a `state` carries
    the whole aggregate and its version; a `feed` comes from core banking.
    """

    name: str
    owner: Owner
    kind: Literal["feed", "fact", "state"]
    key: str
    payload: type[BaseModel]
    version: int = 1
    is_personal: bool = False

    @cached_property
    def type(self) -> str:
        """The CloudEvents type, e.g. `payment.posted.v1`."""
        return f"{self.name}.v{self.version}"

    @cached_property
    def source(self) -> str:
        """The CloudEvents source: its owner."""
        return f"/{self.owner}"


def _states(owner: Owner, payload: type[BaseModel], *names: str) -> list[Topic]:
    return [Topic(name, owner, "state", "account_id", payload) for name in names]


_ALL: list[Topic] = [
    Topic("core.payment.received", "core", "feed", "core_account_number", CorePaymentReceived),
    Topic("core.account.snapshot", "core", "feed", "core_account_number", CoreAccountSnapshot),
    Topic("payment.posted", "payments", "fact", "account_id", PaymentPosted),
    Topic("payment.reversed", "payments", "fact", "account_id", PaymentReversed),
    Topic("payment.unapplied", "payments", "fact", "account_id", PaymentUnapplied),
    *_states(
        "payments",
        PromiseState,
        "promise.made",
        "promise.kept",
        "promise.partially_kept",
        "promise.broken",
        "promise.cancelled",
    ),
    *_states(
        "payments",
        ArrangementState,
        "arrangement.proposed",
        "arrangement.activated",
        "arrangement.at_risk",
        "arrangement.completed",
        "arrangement.broken",
        "arrangement.cancelled",
    ),
    Topic("creditor.updated", "accounts", "state", "creditor_id", CreditorUpdated),
    Topic("business_date.advanced", "accounts", "state", "creditor_id", BusinessDateAdvanced),
    Topic("party.updated", "accounts", "state", "party_id", PartyUpdated, is_personal=True),
    *_states(
        "accounts",
        AccountState,
        "account.opened",
        "account.updated",
        "account.aged",
        "account.cured",
        "account.charged_off",
    ),
    *_states("accounts", QueueItemChanged, "queue.item_entered", "queue.item_exited", "queue.item_assigned"),
    Topic("work_item.escalated", "accounts", "fact", "account_id", WorkItemEscalated),
    Topic("decision.made", "compliance", "fact", "account_id", DecisionMade),
    *_states("compliance", RestrictionState, "restriction.placed", "restriction.lifted"),
    Topic("consent.granted", "compliance", "state", "party_id", ConsentState),
    Topic("consent.revoked", "compliance", "state", "party_id", ConsentState),
    *_states("compliance", DisputeState, "dispute.opened", "dispute.resolved"),
    Topic("rulepack.activated", "compliance", "fact", "pack_id", RulePackActivated),
    *_states("skiptrace", SkipTraceState, "skiptrace.requested", "skiptrace.located", "skiptrace.exhausted"),
    *_states("skiptrace", LocationInquiryState, "location_inquiry.allowed", "location_inquiry.reported"),
    Topic("skiptrace.searched", "skiptrace", "fact", "account_id", SkipTraceSearched),
    Topic("contact_point.found", "skiptrace", "state", "party_id", ContactPointsFound, is_personal=True),
    Topic("contact_point.verified", "skiptrace", "fact", "party_id", ContactPointVerified),
    Topic("contact.attempted", "contact", "fact", "account_id", ContactAttempted),
    Topic("contact.completed", "contact", "fact", "account_id", ContactCompleted),
    Topic("contact.blocked", "contact", "fact", "account_id", ContactBlocked),
    Topic("message.sent", "contact", "fact", "account_id", MessageSent),
    Topic("message.bounced", "contact", "fact", "account_id", MessageBounced),
    Topic("message.opted_out", "contact", "fact", "party_id", MessageOptedOut),
    Topic("contact_point.invalidated", "contact", "fact", "party_id", ContactPointInvalidated),
    Topic("contact_point.given", "contact", "state", "party_id", ContactPointsGiven, is_personal=True),
    *_states("contact", CallbackState, "callback.scheduled"),
    Topic("field_visit.completed", "contact", "fact", "account_id", FieldVisitCompleted),
]

TOPICS: dict[str, Topic] = {topic.name: topic for topic in _ALL}
