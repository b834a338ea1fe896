"""The inbox: which events of our own topics were applied. A claim commits with the effects of its message.

Messages of core banking are not claimed, for their event ids cannot be trusted: their handlers know them by their
business key.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.db.transaction import Tx
from shared.events.topics import TOPICS
from shared.messaging import metrics
from shared.messaging.message import Message

# Claimed in one order, so that two batches that hold the same message wait for, and never deadlock with, each other.
_CLAIM = """
INSERT INTO inbox (event_id, source)
SELECT event_id, source FROM unnest($1::uuid[], $2::text[]) AS seen(event_id, source) ORDER BY event_id, source
ON CONFLICT DO NOTHING RETURNING event_id, source
"""
_RELEASE = """
DELETE FROM inbox USING unnest($1::uuid[], $2::text[]) AS gone(event_id, source)
WHERE inbox.event_id = gone.event_id AND inbox.source = gone.source
"""


async def claim(tx: Tx, messages: Sequence[Message[Any]]) -> list[Message[Any]]:
    """Return the messages not applied before, in their order, each once; mark them as applied."""
    keys = {key for message in messages if (key := _key(message)) is not None}
    new: set[tuple[UUID, str]] = set()
    if keys:
        rows = await tx.fetch(_CLAIM, [event_id for event_id, _ in keys], [source for _, source in keys])
        new = {(row["event_id"], row["source"]) for row in rows}
    fresh = []
    for message in messages:
        key = _key(message)
        if key is None:
            fresh.append(message)
        elif key in new:
            new.discard(key)  # its twin in the same batch is a duplicate
            fresh.append(message)
        else:
            metrics.DUPLICATES.labels(message.topic).inc()
    return fresh


async def release(tx: Tx, messages: Sequence[Message[Any]]) -> None:
    """Take back the marks of messages that were parked: a replay of theirs must find them unapplied."""
    keys = [key for message in messages if (key := _key(message)) is not None]
    if keys:
        await tx.execute(_RELEASE, [event_id for event_id, _ in keys], [source for _, source in keys])


def _key(message: Message[Any]) -> tuple[UUID, str] | None:
    if TOPICS[message.topic].kind == "feed" or message.event_id is None or message.source is None:
        return None
    return message.event_id, message.source
