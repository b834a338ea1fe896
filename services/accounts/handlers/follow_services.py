"""Follows what compliance, contact and skiptrace publish about accounts and parties.

All of it stands on the timeline. Restrictions also decide the queue of an account, and contact points that turn out to
be no good, or good after all, decide when a party may be called. What is told of an account that is not known yet is
kept until it is.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from services.accounts.handlers.recompute import recompute
from services.accounts.store.calling_groups import regroup_later, regroup_parties
from services.accounts.store.outside_events import TOLD, keep_told
from services.accounts.store.points_told import keep_points_told
from services.accounts.store.restrictions import keep_restrictions, refresh_restricted
from shared.db.locks import Locks
from shared.db.transaction import Tx
from shared.messaging.message import Message, Rejected, locks_of

Messages = Sequence[Message[Any]]

RESTRICTIONS = ("restriction.placed", "restriction.lifted")
POINTS = ("contact_point.invalidated", "contact_point.verified")
OTHERS = tuple(topic for topic in TOLD if topic not in (*RESTRICTIONS, *POINTS))


def party_locks(payloads: Iterable[Any]) -> Locks:
    """The locks of what is told about contact points: their creditors and their parties."""
    told = list(payloads)
    return Locks(locks_of(told).creditors, frozenset(payload.party_id for payload in told))


async def follow_told(tx: Tx, messages: Messages) -> Sequence[Rejected]:
    """Takes a batch of what is only shown."""
    await keep_told(tx, messages)
    await keep_points_told(tx, messages)
    return ()


async def follow_restrictions(tx: Tx, messages: Messages, *, version_epoch: int = 0) -> Sequence[Rejected]:
    """Takes a batch of restrictions: accounts leave the queues for calling, and come back when none holds any more."""
    await keep_outside(tx, messages)
    touched = {message.payload.account_id for message in messages}
    causes = {message.payload.account_id: message.event_id for message in messages if message.event_id is not None}
    await restate(tx, touched, causes=causes, version_epoch=version_epoch)
    return ()


async def follow_points(tx: Tx, messages: Messages) -> Sequence[Rejected]:
    """Takes a batch of contact points that are no good, or good: the number of another says nothing of where one is."""
    await keep_told(tx, messages)
    parties = {message.payload.party_id: message.payload.creditor_id for message in messages}
    moved = await regroup_parties(tx, set(parties))
    await regroup_later(tx, {party_id: parties[party_id] for party_id in moved})
    return ()


async def keep_outside(tx: Tx, messages: Messages) -> None:
    """Writes down what a batch says, without judging any account by it."""
    await keep_told(tx, messages)
    await keep_points_told(tx, messages)
    await keep_restrictions(
        tx, [(one.payload, one.aggregate_version or 0) for one in messages if one.topic in RESTRICTIONS]
    )


async def restate(
    tx: Tx, account_ids: set[UUID], *, causes: dict[UUID, UUID] | None = None, version_epoch: int = 0
) -> None:
    """Brings accounts to the restrictions that hold today: their rows, their queues, and what others see of them."""
    changed = await refresh_restricted(tx, account_ids)
    if changed:
        await recompute(
            tx, changed, changed_from={}, restated=changed, causes=causes or {}, version_epoch=version_epoch
        )
