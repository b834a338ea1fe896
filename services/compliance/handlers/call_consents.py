"""A callback that the person asked for is consent to that call, on its day (comment 14(b)(3)(i)-3.i).

The consent moves and ends with the callback: its newest state rules. That of a callback which was agreed in a talk has
its id from the attempt.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.compliance.domain.record_ids import caused_id
from services.compliance.handlers.publish import publish_consents
from services.compliance.store.choices import insert_consents, load_consents, update_consents
from services.compliance.store.subjects import day_of, load_zones
from shared.db.transaction import Tx
from shared.messaging.message import Message, Rejected

Row = dict[str, Any]

_CALLS = ("phone", "voicemail")
_CHANGED = (
    "consent_id", "account_ids", "granted_at", "starts_on", "ends_on", "revoked_at", "evidence", "details", "source_id",
    "version",
)  # fmt: skip


async def follow_callbacks(tx: Tx, messages: Sequence[Message[Any]]) -> list[Rejected]:
    """Take a batch of `callback.scheduled`. The parties are locked."""
    asked = [one for one in messages if _is_consent(one.payload)]
    zones = await load_zones(tx, {one.payload.creditor_id for one in asked})
    newest: dict[UUID, Row] = {}
    causes: dict[UUID, UUID] = {}
    for one in sorted(asked, key=lambda message: message.aggregate_version or 0):
        row = _consent(tx, one, zones.get(one.payload.creditor_id))
        newest[row["consent_id"]] = row
        if one.event_id is not None:
            causes[row["consent_id"]] = one.event_id
    known = await load_consents(tx, newest)
    made = await insert_consents(tx, [row for key, row in newest.items() if key not in known])
    changed = [_changed(known[key], row) for key, row in newest.items() if key in known and _is_newer(row, known[key])]
    await update_consents(tx, [{name: row[name] for name in _CHANGED} for row in changed])
    publish_consents(tx, [*made, *changed], causes=causes)
    return []


def _is_consent(callback: Any) -> bool:
    """A talk asks for a call; by hand somebody may plan a letter too."""
    return bool(callback.is_requested) and (callback.attempt_id is not None or callback.channel in _CALLS)


def _consent(tx: Tx, message: Message[Any], zone: ZoneInfo | None) -> Row:
    callback = message.payload
    said_in = callback.attempt_id
    now = tx.clock.now()
    changed_at = message.time or now
    day = day_of(callback.callback_at, zone)
    reference = f"callback {callback.callback_id}" if said_in is None else f"attempt {said_in}"
    return {
        "consent_id": caused_id(said_in or callback.callback_id, "callback"),
        "creditor_id": callback.creditor_id,
        "party_id": callback.party_id,
        "channel": "phone",
        "purpose": "call_frequency",
        "account_ids": sorted(callback.account_ids),
        "basis": "direct",
        "granted_at": callback.made_at or changed_at,
        "starts_on": day,
        "ends_on": day,
        "revoked_at": changed_at if callback.status == "cancelled" else None,
        "evidence": {"text": None, "reference": reference, "received_on": None},
        "details": {
            "callback_id": str(callback.callback_id),
            "callback_at": callback.callback_at.isoformat(),
            "callback_version": message.aggregate_version or 0,
        },
        "source_id": said_in,
        "recorded_at": now,
        "recorded_by": "contact",
        "version": tx.least_version + 1,
    }


def _is_newer(row: Row, known: Row) -> bool:
    seen = (known["details"] or {}).get("callback_version", -1)
    return bool(seen < row["details"]["callback_version"])


def _changed(known: Row, row: Row) -> Row:
    """The consent that stands, by the newer state. What a person revoked stays revoked."""
    version = max(known["version"], row["version"] - 1) + 1
    return known | row | {"revoked_at": known["revoked_at"] or row["revoked_at"], "version": version}
