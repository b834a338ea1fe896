"""Keeps what the other services tell, for the timeline: which events, what of each, and once however often told.

A fact has a natural key for ever. Of a state one row is kept for each topic, at the highest version: so neither order
nor repetition matters. Nothing but ids, codes and instants is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.accounts.tables.outside_events import OUTSIDE_EVENT
from shared.db.sets import given_rows
from shared.db.transaction import Tx
from shared.messaging.message import Message

_NAMES = tuple(column.name for column in OUTSIDE_EVENT.columns)
_KEEP = f"""
INSERT INTO outside_event AS t ({", ".join(_NAMES)}) SELECT {", ".join(_NAMES)} FROM {given_rows(OUTSIDE_EVENT, _NAMES)}
ON CONFLICT (row_key) DO UPDATE SET at = excluded.at, version = excluded.version, detail = excluded.detail
WHERE t.version < excluded.version
"""
_OWNERS: Final = frozenset({"creditor_id", "account_id", "party_id"})


@dataclass(frozen=True, slots=True)
class _Told:
    """How a topic is kept: the field that names what it is about, the one that says when, and its scope."""

    id: str
    at: str | None = None
    """None: when it was published."""
    is_of_party: bool = False
    is_repeated: bool = False
    """It may be told of the same thing at several times, each a fact of its own."""
    each: str | None = None
    """The field that lists several things, of each of which it tells."""
    keeps: tuple[str, ...] | None = None
    """All that is kept of what is, or is made of, personal data; None: everything."""


_INQUIRY: Final = ("skip_trace_id", "channel", "status", "outcome")
# fmt: off
TOLD: Final[Mapping[str, _Told]] = {
    "restriction.placed": _Told("restriction_id", "placed_at"),
    "restriction.lifted": _Told("restriction_id", "lifted_at"),
    "dispute.opened": _Told("dispute_id", "received_at"),
    "dispute.resolved": _Told("dispute_id", "resolved_at"),
    "consent.granted": _Told("consent_id", "granted_at", is_of_party=True),
    "consent.revoked": _Told("consent_id", "revoked_at", is_of_party=True),
    "decision.made": _Told("decision_id", "made_at"),
    "contact.attempted": _Told("attempt_id", "at"),
    "contact.completed": _Told("attempt_id", "completed_at"),
    "contact.blocked": _Told("block_id", "at"),
    "message.sent": _Told("message_id", "at"),
    "message.bounced": _Told("message_id", "at"),
    "message.opted_out": _Told("contact_point_id", "at", is_of_party=True, is_repeated=True),
    "contact_point.found": _Told(
        "contact_point_id", "found_at", is_of_party=True, each="contact_points",
        keeps=("kind", "label", "source", "confidence"),
    ),
    "contact_point.given": _Told(
        "contact_point_id", "given_at", is_of_party=True, each="contact_points",
        keeps=("kind", "label", "source", "attempt_id"),
    ),
    "contact_point.invalidated": _Told("contact_point_id", "at", is_of_party=True, is_repeated=True),
    "contact_point.verified": _Told("contact_point_id", "verified_at", is_of_party=True, is_repeated=True),
    "callback.scheduled": _Told("callback_id"),
    "field_visit.completed": _Told("field_visit_id", "at"),
    "skiptrace.requested": _Told("skip_trace_id", "requested_at"),
    "skiptrace.searched": _Told("search_id", "searched_at"),
    "skiptrace.located": _Told("skip_trace_id", "resolved_at"),
    "skiptrace.exhausted": _Told("skip_trace_id", "resolved_at"),
    "location_inquiry.allowed": _Told("inquiry_id", "asked_at", keeps=_INQUIRY),
    "location_inquiry.reported": _Told("inquiry_id", "reported_at", keeps=_INQUIRY),
}
# fmt: on
"""The topics that accounts follows for its timeline."""


async def keep_told(tx: Tx, messages: Iterable[Message[Any]]) -> None:
    """Keeps the messages whose topics are among `TOLD`."""
    newest: dict[str, dict[str, Any]] = {}
    for message in messages:
        told = TOLD.get(message.topic)
        if told is None:
            continue
        for row in _rows(told, message, tx.clock.now()):
            known = newest.get(row["row_key"])
            if known is None or known["version"] < row["version"]:
                newest[row["row_key"]] = row
    if newest:
        await tx.execute(_KEEP, [row for _, row in sorted(newest.items())])


def _rows(told: _Told, message: Message[Any], now: datetime) -> list[dict[str, Any]]:
    things = (message.payload,) if told.each is None else getattr(message.payload, told.each)
    return [row for thing in things for row in _rows_of(told, message, thing, now)]


def _rows_of(told: _Told, message: Message[Any], thing: Any, now: datetime) -> list[dict[str, Any]]:
    payload = message.payload
    at = (getattr(thing, told.at) if told.at else None) or message.time or now
    about: UUID = getattr(thing, told.id)
    key = f"{message.topic}:{about}" + (f":{at.isoformat()}" if told.is_repeated else "")
    row = {
        "creditor_id": payload.creditor_id,
        "kind": message.topic,
        "id": about,
        "at": at,
        "version": message.aggregate_version or 0,
        "detail": _detail(thing.model_dump(mode="json", include=None if told.keeps is None else set(told.keeps))),
    }
    if told.is_of_party:
        party_id = payload.party_id
        return [{**row, "row_key": f"{key}:{party_id}", "account_id": None, "party_id": party_id}]
    accounts: Sequence[UUID] = getattr(payload, "account_ids", None) or (payload.account_id,)
    return [
        {**row, "row_key": f"{key}:{account_id}", "account_id": account_id, "party_id": payload.party_id}
        for account_id in sorted(set(accounts))
    ]


def _detail(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in _OWNERS and value not in (None, [])}
