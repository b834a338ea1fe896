"""Keeps which contact points the other services name for a party, so that account-360 shows that they were found.

Each message states all of its topic and party: the one with the highest version rules, in whichever order they come.
The values are personal data of those services and stay with them.
"""

from collections.abc import Iterable
from typing import Any, Final

from services.accounts.tables.outside_events import POINTS_TOLD
from shared.db.sets import given_rows
from shared.db.transaction import Tx
from shared.messaging.message import Message

TOPICS: Final = ("contact_point.found", "contact_point.given")
_NAMES = tuple(column.name for column in POINTS_TOLD.columns)
_KEEP = f"""
INSERT INTO points_told AS t ({", ".join(_NAMES)}) SELECT {", ".join(_NAMES)} FROM {given_rows(POINTS_TOLD, _NAMES)}
ON CONFLICT (row_key) DO UPDATE SET version = excluded.version, points = excluded.points
WHERE t.version < excluded.version
"""
_SHOWN = {"contact_point_id", "kind", "label", "source", "confidence", "status", "found_at", "given_at"}


async def keep_points_told(tx: Tx, messages: Iterable[Message[Any]]) -> None:
    """Keeps the messages whose topics are among `TOPICS`."""
    newest: dict[str, dict[str, Any]] = {}
    for message in messages:
        if message.topic not in TOPICS:
            continue
        told, version = message.payload, message.aggregate_version or 0
        key = f"{message.topic}:{told.party_id}"
        if key in newest and newest[key]["version"] >= version:
            continue
        newest[key] = {
            "row_key": key,
            "creditor_id": told.creditor_id,
            "party_id": told.party_id,
            "version": version,
            "points": [_shown(point.model_dump(mode="json", include=_SHOWN)) for point in told.contact_points],
        }
    if newest:
        await tx.execute(_KEEP, [row for _, row in sorted(newest.items())])


def _shown(point: dict[str, Any]) -> dict[str, Any]:
    at = point.pop("found_at", None) or point.pop("given_at", None)
    return {**point, "at": at}
