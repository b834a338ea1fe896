"""From what lay in Kafka to a message for a handler, or to a parked one with the reason.

On a compacted topic (personal data) a message without a value is an erasure: its payload is None, it has a key and no
envelope, and applying it twice changes nothing. On any other topic such a message cannot be read.
"""

from typing import Any

from shared.events.envelope import EnvelopeError, decode
from shared.events.topics import TOPICS
from shared.ids import read_id
from shared.messaging.dead_letter import Parked
from shared.messaging.message import Message, RawMessage


def read(raw: RawMessage) -> Message[Any] | Parked:
    """Decode a message, or say why it must be parked."""
    key = None if raw.key is None else raw.key.decode(errors="replace")
    if raw.value is None and key is not None and raw.topic in TOPICS and TOPICS[raw.topic].is_personal:
        if not _is_id(key):
            return Parked(raw, "message-undecodable", "an erasure is told under the id of a party")
        return Message(raw.topic, None, raw.partition, raw.offset, key, raw=raw)
    try:
        envelope, payload = decode(raw.topic, raw.headers, raw.value)
    except EnvelopeError as error:
        return Parked(raw, error.code, error.detail)
    return Message(raw.topic, payload, raw.partition, raw.offset, key, *envelope, raw)


def _is_id(key: str) -> bool:
    try:
        read_id(key)
    except ValueError:
        return False
    return True
