"""Which topics accounts consumes, and what it does in long work: the doors beside HTTP."""

from collections.abc import Mapping, Sequence
from functools import partial

from services.accounts.handlers.apply_facts import apply_facts
from services.accounts.handlers.follow_services import (
    OTHERS,
    POINTS,
    RESTRICTIONS,
    follow_points,
    follow_restrictions,
    follow_told,
    party_locks,
)
from services.accounts.handlers.put_aging_policy import RESTAGING, restage_chunk
from services.accounts.handlers.put_creditor import HELD_SNAPSHOTS
from services.accounts.handlers.put_queue import REEVALUATION, reevaluate_queues
from services.accounts.handlers.receive_snapshots import receive_snapshots, release_held_snapshots, snapshot_locks
from services.accounts.handlers.regroup import regroup_chunk
from services.accounts.handlers.restate import restate_chunk
from services.accounts.handlers.run_aging import AGING, age_chunk
from services.accounts.settings import AccountsSettings
from services.accounts.store.calling_groups import REGROUPING
from services.accounts.store.parties import RESTATING
from shared.events.topics import TOPICS
from shared.jobs import Chunk
from shared.messaging.message import Subscription

FACTS = tuple(
    name
    for name, topic in TOPICS.items()
    if topic.owner == "payments"
    and (name in ("payment.posted", "payment.reversed") or name.startswith(("promise.", "arrangement.")))
)
"""What payments says of accounts."""
FOLLOWED = (*RESTRICTIONS, *POINTS, *OTHERS)
"""What compliance, contact and skiptrace say of accounts and parties."""


def subscriptions(settings: AccountsSettings) -> Sequence[Subscription]:
    """One handler for all that payments says of an account, so that a polled batch is one pass over the tables.

    Snapshots come in bulk and have a loop of their own.
    """
    return (
        Subscription(FACTS, partial(apply_facts, version_epoch=settings.version_epoch)),
        Subscription(RESTRICTIONS, partial(follow_restrictions, version_epoch=settings.version_epoch)),
        Subscription(POINTS, follow_points, party_locks),
        Subscription(OTHERS, follow_told),
        Subscription(
            ("core.account.snapshot",),
            partial(receive_snapshots, version_epoch=settings.version_epoch),
            locks=snapshot_locks,
            loop="bulk",
        ),
    )


def chunks(settings: AccountsSettings) -> Mapping[str, Chunk]:
    """The kinds of long work of accounts, each with what does one chunk of it."""
    return {
        AGING: partial(age_chunk, version_epoch=settings.version_epoch),
        HELD_SNAPSHOTS: partial(release_held_snapshots, version_epoch=settings.version_epoch),
        RESTAGING: partial(restage_chunk, version_epoch=settings.version_epoch),
        REGROUPING: partial(regroup_chunk, version_epoch=settings.version_epoch),
        RESTATING: partial(restate_chunk, version_epoch=settings.version_epoch),
        REEVALUATION: partial(reevaluate_queues, version_epoch=settings.version_epoch),
    }
