"""Which topics skiptrace consumes, and what it does in long work: the doors beside HTTP."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from services.skiptrace.domain.policy import Policy
from services.skiptrace.handlers.follow import Follower
from services.skiptrace.handlers.sweep import JUDGEMENT, SWEEP, JudgeCoDebtors, Sweep
from services.skiptrace.settings import SkiptraceSettings
from shared.db.locks import Locks
from shared.events.topics import TOPICS
from shared.jobs import Chunk
from shared.messaging.message import Subscription

ACCOUNT_STATES = tuple(
    name for name, topic in TOPICS.items() if topic.owner == "accounts" and name.startswith("account.")
)
CONTACTS = ("contact.completed", "contact_point.invalidated", "message.bounced")
RESTRICTIONS = ("restriction.placed", "restriction.lifted")
FACTS = ("creditor.updated", "party.updated", *ACCOUNT_STATES, *RESTRICTIONS, *CONTACTS)
"""The topics from which a rebuild makes what is known of others."""


def policy_of(settings: SkiptraceSettings) -> Policy:
    """What the deployment decides about cases that events open."""
    return Policy(
        purpose=settings.automatic_purpose,
        budget_minor=settings.automatic_budget_minor,
        no_contact_after=timedelta(days=settings.no_contact_days),
        no_contact_tries=settings.no_contact_tries,
    )


def party_locks(payloads: Iterable[Any]) -> Locks:
    """The locks of payloads: their creditors, and their parties, for everything here is judged by party."""
    # An erasure has no payload and names its party in the key: the handler takes that lock.
    known = [payload for payload in payloads if payload is not None]
    return Locks(
        creditors=frozenset(payload.creditor_id for payload in known),
        accounts=frozenset(payload.party_id for payload in known),
    )


def subscriptions(settings: SkiptraceSettings) -> Sequence[Subscription]:
    """One handler for each kind of thing; a polled batch is one pass over the tables of each."""
    follower = Follower(policy_of(settings))
    return (
        Subscription(("creditor.updated",), follower.creditors),
        Subscription(("business_date.advanced",), follower.business_dates),
        Subscription(("party.updated",), follower.parties, locks=party_locks, takes_erasures=True),
        Subscription(ACCOUNT_STATES, follower.accounts, locks=party_locks),
        Subscription(RESTRICTIONS, follower.restrictions, locks=party_locks),
        Subscription(CONTACTS, follower.contacts, locks=party_locks),
    )


def chunks(settings: SkiptraceSettings) -> Mapping[str, Chunk]:
    """The kinds of long work of skiptrace, each with what does one chunk of it."""
    policy = policy_of(settings)
    return {SWEEP: Sweep(policy), JUDGEMENT: JudgeCoDebtors(policy)}
