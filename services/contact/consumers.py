"""Which topics contact consumes: the doors beside HTTP."""

from collections.abc import Sequence

from services.contact.handlers.follow import (
    follow_accounts,
    follow_consents,
    follow_creditors,
    follow_found,
    follow_parties,
    follow_verified,
    party_locks,
)
from services.contact.settings import ContactSettings
from shared.events.topics import TOPICS
from shared.messaging.message import Subscription

ACCOUNT_STATES = tuple(
    name for name, topic in TOPICS.items() if topic.owner == "accounts" and name.startswith("account.")
)


def subscriptions(_settings: ContactSettings) -> Sequence[Subscription]:
    """One handler for each kind of thing."""
    return (
        Subscription(("creditor.updated",), follow_creditors),
        Subscription(ACCOUNT_STATES, follow_accounts),
        Subscription(("party.updated",), follow_parties, locks=party_locks, takes_erasures=True),
        Subscription(("contact_point.found",), follow_found, locks=party_locks, takes_erasures=True),
        Subscription(("contact_point.verified",), follow_verified, locks=party_locks),
        Subscription(("consent.granted", "consent.revoked"), follow_consents, locks=party_locks),
    )
