"""Follows what others publish: who owes what, how to reach them, to what they agreed. An older state changes nothing.

A contact point that comes with a marked value is announced as what it is: opted out, or somebody else's.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from services.contact.handlers.marks import publish_marks
from services.contact.handlers.publish_given import take_back
from services.contact.store.marks import Learnt, learn
from services.contact.store.views import (
    erase_found,
    erase_parties,
    save_accounts,
    save_consents,
    save_creditors,
    save_found,
    save_parties,
)
from shared.db.locks import Locks
from shared.db.transaction import Tx
from shared.messaging.message import Message, Rejected


def party_locks(payloads: Iterable[Any]) -> Locks:
    """The creditors, and the parties: two topics write the contact points of a party. An erasure has no payload."""
    known = [payload for payload in payloads if payload is not None]
    return Locks(
        creditors=frozenset(payload.creditor_id for payload in known),
        accounts=frozenset(payload.party_id for payload in known),
    )


async def follow_creditors(tx: Tx, messages: Sequence[Message[Any]]) -> list[Rejected]:
    """Take a batch of `creditor.updated`."""
    await save_creditors(tx, _states(messages))
    return []


async def follow_accounts(tx: Tx, messages: Sequence[Message[Any]]) -> list[Rejected]:
    """Take a batch of `account.*` states."""
    await save_accounts(tx, _states(messages))
    return []


async def follow_parties(tx: Tx, messages: Sequence[Message[Any]]) -> list[Rejected]:
    """Take a batch of `party.updated`, and of its erasures."""
    new = await save_parties(tx, _states(messages))
    erased = _erased(messages)
    await erase_parties(tx, erased)
    await take_back(tx, erased)
    await publish_marks(tx, new)
    return []


async def follow_found(tx: Tx, messages: Sequence[Message[Any]]) -> list[Rejected]:
    """Take a batch of `contact_point.found`, and of its erasures."""
    new = await save_found(tx, _states(messages))
    await erase_found(tx, _erased(messages))
    await publish_marks(tx, new)
    return []


async def follow_verified(tx: Tx, messages: Sequence[Message[Any]]) -> list[Rejected]:
    """Take a batch of `contact_point.verified`."""
    payloads = [message.payload for message in messages]
    await learn(
        tx,
        [Learnt(one.contact_point_id, one.party_id, one.creditor_id, one.verified_at, one.method) for one in payloads],
    )
    return []


async def follow_consents(tx: Tx, messages: Sequence[Message[Any]]) -> list[Rejected]:
    """Take a batch of `consent.*`: the person's own later word takes a refusal of theirs back."""
    await save_consents(tx, _states(messages))
    return []


def _states(messages: Sequence[Message[Any]]) -> list[tuple[Any, int]]:
    return [(message.payload, message.aggregate_version or 0) for message in messages if message.payload is not None]


def _erased(messages: Sequence[Message[Any]]) -> list[UUID]:
    """The parties whose last message of the batch is an erasure."""
    last = {message.key: message for message in messages if message.key is not None}
    return [UUID(key) for key, message in last.items() if message.payload is None]
