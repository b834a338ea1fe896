"""Which topics compliance consumes: the doors beside HTTP."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.compliance.handlers.call_consents import follow_callbacks
from services.compliance.handlers.cases import Disputes
from services.compliance.handlers.follow import (
    attempts_follower,
    follow_accounts,
    follow_blocks,
    follow_creditors,
    follow_inquiries,
    follow_marks,
    follow_parties,
    points_follower,
)
from services.compliance.settings import ComplianceSettings
from services.compliance.store.shipped import shipped_rules
from shared.db.locks import Locks
from shared.events.topics import TOPICS
from shared.messaging.message import Subscription, locks_of

CONSUMED: Mapping[str, tuple[str, ...]] = {
    "creditors": ("creditor.updated",),
    "accounts": tuple(
        name for name, topic in TOPICS.items() if topic.owner == "accounts" and name.startswith("account.")
    ),
    "parties": ("party.updated",),
    "found": ("contact_point.found",),
    "given": ("contact_point.given",),
    "marks": ("contact_point.verified", "contact_point.invalidated", "message.opted_out", "message.bounced"),
    "attempts": ("contact.attempted", "contact.completed"),
    "blocks": ("contact.blocked",),
    "callbacks": ("callback.scheduled",),
    "inquiries": ("location_inquiry.allowed", "location_inquiry.reported"),
}
"""The topics of each kind of thing."""


def subscriptions(_settings: ComplianceSettings) -> Sequence[Subscription]:
    """One handler for each kind of thing; what concerns a party holds its lock, as a decision does."""
    return (
        Subscription(CONSUMED["creditors"], follow_creditors),
        Subscription(CONSUMED["accounts"], follow_accounts, party_locks),
        Subscription(CONSUMED["parties"], follow_parties, party_locks, takes_erasures=True),
        Subscription(CONSUMED["found"], points_follower("found"), party_locks, takes_erasures=True),
        Subscription(CONSUMED["given"], points_follower("given"), party_locks, takes_erasures=True),
        Subscription(CONSUMED["marks"], follow_marks, party_locks),
        Subscription(CONSUMED["attempts"], attempts_follower(Disputes(shipped_rules())), party_locks),
        Subscription(CONSUMED["blocks"], follow_blocks, party_locks),
        Subscription(CONSUMED["callbacks"], follow_callbacks, party_locks),
        Subscription(CONSUMED["inquiries"], follow_inquiries, party_locks),
    )


def party_locks(payloads: Iterable[Any]) -> Locks:
    """The locks of payloads: their creditors, and their parties with every account that they name."""
    known = [payload for payload in payloads if payload is not None]
    plain = locks_of(known)
    parties = {payload.party_id for payload in known if getattr(payload, "party_id", None) is not None}
    named = {account for payload in known for account in getattr(payload, "account_ids", ())}
    return Locks(plain.creditors, plain.accounts | parties | named)
