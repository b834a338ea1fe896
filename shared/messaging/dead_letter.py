"""Messages that could not be applied, whole, with the reason: parked once, listed, and marked when taken again.

A redelivered message is parked once (topic, partition, offset, produce time). The row holds the message as it came:
it may be personal data. Its `detail` and the lists of dead letters are not: they name places and rules, no values.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, overload
from uuid import UUID

from sqlalchemy import MetaData

from shared.db.sets import insert_rows
from shared.db.tables import messaging_tables
from shared.db.transaction import Tx
from shared.ids import new_id
from shared.messaging import metrics
from shared.messaging.message import Message, RawMessage
from shared.telemetry.redaction import scrub

_TABLE = messaging_tables(MetaData()).dead_letter
_ESCAPED = "hex:"
_KEY = 500  # it is indexed: a longer one would fail to be stored, and block its partition


@dataclass(frozen=True, slots=True)
class Parked:
    """A message to park, and why. `message` is None when it could not be decoded."""

    raw: RawMessage
    code: str
    detail: str
    message: Message[Any] | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters: exactly one of `key`, `event_id`, `dead_letter_id`, or `everything` not yet replayed."""

    key: str | None = None
    event_id: UUID | None = None
    dead_letter_id: UUID | None = None
    everything: bool = False

    def __post_init__(self) -> None:
        chosen = [self.key is not None, self.event_id is not None, self.dead_letter_id is not None, self.everything]
        if sum(chosen) != 1:
            raise ValueError("choose one of key, event_id, dead_letter_id, everything")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A parked message as it is stored."""

    dead_letter_id: UUID
    raw: RawMessage
    event_id: UUID | None
    code: str
    detail: str
    attempts: int
    created_at: datetime
    replayed_at: datetime | None


async def park(tx: Tx, parked: Sequence[Parked]) -> None:
    """Store messages that could not be applied. What is parked already stays as it is."""
    await insert_rows(tx, _TABLE, [_row(item, tx.clock.now()) for item in parked], on_conflict="nothing")
    for item in parked:
        metrics.DEAD_LETTERS.labels(item.raw.topic, item.code).inc()


async def select_dead_letters(
    tx: Tx, selection: Selection, *, after: UUID | None = None, limit: int = 100, is_open: bool = True
) -> list[DeadLetter]:
    """Return dead letters, oldest first, after the one with id `after`; `is_open`: only those not yet replayed."""
    rows = await tx.fetch(
        _SELECT,
        selection.key,
        selection.event_id,
        selection.dead_letter_id,
        selection.everything,
        is_open,
        after,
        limit,
    )
    return [_dead_letter(row) for row in rows]


async def mark_replayed(tx: Tx, dead_letter_ids: Sequence[UUID]) -> None:
    """Say that these were taken again, successfully."""
    await tx.execute(
        "UPDATE dead_letter SET replayed_at = $2 WHERE dead_letter_id = ANY($1::uuid[])",
        list(dead_letter_ids),
        tx.clock.now(),
    )


async def record_failed_replay(tx: Tx, dead_letter_id: UUID, code: str, detail: str) -> None:
    """Say why a dead letter failed once more; it stays open."""
    await tx.execute(
        "UPDATE dead_letter SET attempts = attempts + 1, code = $2, detail = $3 WHERE dead_letter_id = $1",
        dead_letter_id,
        code,
        scrub(_clean(detail)),
    )


_SELECT = """
SELECT * FROM dead_letter
WHERE ($1::text IS NULL OR key = $1) AND ($2::uuid IS NULL OR event_id = $2)
  AND ($3::uuid IS NULL OR dead_letter_id = $3)
  AND ($4::boolean OR $1 IS NOT NULL OR $2 IS NOT NULL OR $3 IS NOT NULL)
  AND (NOT $5::boolean OR replayed_at IS NULL)
  AND ($6::uuid IS NULL OR dead_letter_id > $6)
ORDER BY dead_letter_id LIMIT $7
"""


def _row(item: Parked, now: datetime) -> dict[str, Any]:
    raw, message = item.raw, item.message
    return {
        "dead_letter_id": new_id(),
        "topic": raw.topic,
        "partition": raw.partition,
        "offset": raw.offset,
        "produced_at": raw.produced_at,
        "key": None if raw.key is None else _text(raw.key)[:_KEY],
        "event_id": message.event_id if message else _event_id(raw),
        "source": _clean(message.source) if message else _header(raw, "ce_source"),
        "type": _clean(message.type) if message else _header(raw, "ce_type"),
        "creditor_id": getattr(message.payload, "creditor_id", None) if message else None,
        # In their order, and each as often as it came: by a doubled attribute alone a message may not be readable.
        "headers": [(_text(name.encode()), _text(value)) for name, value in raw.headers],
        "value": raw.value,
        "code": item.code,
        "detail": scrub(_clean(item.detail)),
        "attempts": item.attempts,
        "created_at": now,
    }


@overload
def _clean(text: str) -> str: ...
@overload
def _clean(text: None) -> None: ...
def _clean(text: str | None) -> str | None:
    """A stranger's text without the one character that PostgreSQL refuses."""
    return None if text is None else text.replace("\x00", "")


@overload
def _text(value: bytes) -> str: ...
@overload
def _text(value: bytes | None) -> str | None: ...
def _text(value: bytes | None) -> str | None:
    """Bytes of a stranger as text that PostgreSQL takes; what is no UTF-8 is escaped, readable and reversible."""
    if value is None:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return _ESCAPED + value.hex()
    return _ESCAPED + value.hex() if "\x00" in text or text.startswith(_ESCAPED) else text


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix(_ESCAPED)) if text.startswith(_ESCAPED) else text.encode()


def _header(raw: RawMessage, name: str) -> str | None:
    return next((_text(value) for found, value in raw.headers if found == name), None)


def _event_id(raw: RawMessage) -> UUID | None:
    try:
        return UUID(_header(raw, "ce_id"))
    except (ValueError, TypeError, AttributeError):
        return None


def _pairs(headers: dict[str, str | None] | list[tuple[str, str | None]]) -> Iterable[tuple[str, str | None]]:
    """The headers of a row; those that were parked before doubled ones were kept stand as an object."""
    return headers.items() if isinstance(headers, dict) else headers


def _dead_letter(row: Any) -> DeadLetter:
    return DeadLetter(
        dead_letter_id=row["dead_letter_id"],
        raw=RawMessage(
            topic=row["topic"],
            partition=row["partition"],
            offset=row["offset"],
            key=None if row["key"] is None else _bytes(row["key"]),
            value=row["value"],
            headers=tuple(
                (_bytes(name).decode(), None if value is None else _bytes(value))
                for name, value in _pairs(row["headers"])
            ),
            produced_at=row["produced_at"].astimezone(UTC),
        ),
        event_id=row["event_id"],
        code=row["code"],
        detail=row["detail"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        replayed_at=row["replayed_at"],
    )
