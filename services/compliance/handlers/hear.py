"""What a person said on a contact takes effect here too, from the event, in case the call to us did not come through.

Every record has the id that the call would have given it, so that the two are one. A time that is inconvenient without
saying until when is kept for a day: longer would be a guess, shorter would ignore it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from services.compliance.domain.record_ids import caused_id, refusal_name
from services.compliance.domain.restriction import CITATIONS
from services.compliance.handlers.cases import Disputes
from services.compliance.handlers.publish import publish_consents, publish_restrictions
from services.compliance.handlers.restrict import place
from services.compliance.store.choices import insert_consents, insert_preferences, load_callbacks, update_consents
from services.compliance.store.restrictions import load_heard, update_restrictions
from services.compliance.store.subjects import day_of, load_zones
from shared.db.transaction import Tx
from shared.events.contact import ContactChannel, ContactCompleted, Heard

Row = dict[str, Any]

_RESTRICTING: Final = frozenset({"cease", "attorney", "bankruptcy_stay", "deceased", "scra", "identity_theft"})
_INCONVENIENT_FOR: Final = timedelta(days=1)
_ALL_DAY: Final[Mapping[str, Any]] = {
    "weekdays": list(range(7)),
    "start_minute": 0,
    "end_minute": 1440,
    "until_on": None,
}
_CHANNELS: Final = frozenset(get_args(ContactChannel))
"""A medium that only a newer service knows is none that a decision of this one allows."""
_CONTACT: Final = "contact"


@dataclass(slots=True)
class _Records:
    """What a batch of outcomes causes."""

    restrictions: list[Row] = field(default_factory=list)
    consents: list[Row] = field(default_factory=list)
    preferences: list[Row] = field(default_factory=list)
    disputes: list[Row] = field(default_factory=list)
    causes: dict[UUID, UUID] = field(default_factory=dict)


async def hear(tx: Tx, disputes: Disputes, outcomes: Iterable[tuple[ContactCompleted, UUID | None]]) -> None:
    """Record what was heard in these outcomes (each with its event's id), once each. The parties are locked."""
    outcomes = list(outcomes)
    zones = await load_zones(tx, {outcome.creditor_id for outcome, _ in outcomes})
    records = _Records()
    for outcome, event_id in outcomes:
        zone = zones.get(outcome.creditor_id)
        for heard in outcome.heard:
            _take(records, outcome, heard, event_id, zone)
    await place(tx, records.restrictions, causes=records.causes)
    await disputes.record(tx, records.disputes, causes=records.causes)
    now, version = tx.clock.now(), tx.least_version + 1
    stamp = {"recorded_at": now, "recorded_by": _CONTACT, "version": version}
    made = await insert_consents(tx, [row | stamp for row in records.consents])
    publish_consents(tx, made, causes=records.causes)
    # Of two times that one contact named, the later end stands: they are one record.
    preferences = sorted(records.preferences, key=lambda row: row["ends_at"])
    await insert_preferences(tx, [row | stamp for row in preferences])


async def date_what_was_heard(tx: Tx, creditor_ids: Collection[UUID]) -> None:
    """Date what was heard for these creditors by their calendars, which were not known until now."""
    zones = await load_zones(tx, creditor_ids)
    restrictions = [
        row | {"effective_on": day, "version": max(row["version"], tx.least_version) + 1}
        for row in await load_heard(tx, creditor_ids)
        if (day := day_of(row["effective_at"], zones[row["creditor_id"]])) != row["effective_on"]
    ]
    await update_restrictions(tx, [_columns(row, "restriction_id", "effective_on", "version") for row in restrictions])
    await publish_restrictions(tx, restrictions)
    callbacks = [
        row | {"starts_on": day, "ends_on": day, "version": max(row["version"], tx.least_version) + 1}
        for row in await load_callbacks(tx, creditor_ids)
        if (day := day_of(datetime.fromisoformat(row["details"]["callback_at"]), zones[row["creditor_id"]]))
        != row["starts_on"]
    ]
    await update_consents(tx, [_columns(row, "consent_id", "starts_on", "ends_on", "version") for row in callbacks])
    publish_consents(tx, callbacks)


def _columns(row: Row, *names: str) -> Row:
    return {name: row[name] for name in names}


def _take(
    records: _Records, outcome: ContactCompleted, heard: Heard, event_id: UUID | None, zone: ZoneInfo | None
) -> None:
    if heard.kind in _RESTRICTING:
        _add(records.restrictions, records, _restriction(outcome, heard, zone), "restriction_id", event_id)
    elif heard.kind == "stop_medium" and (heard.channel or outcome.channel) in _CHANNELS:
        _add(records.consents, records, _refusal(outcome, heard), "consent_id", event_id)
    elif heard.kind == "inconvenient":
        _add(records.preferences, records, _inconvenient(outcome, heard), "preference_id", event_id)
    elif heard.kind == "dispute":
        # One that was the next step is here already, in the collector's name and with the same id.
        for account_id in heard.account_ids or outcome.debts_discussed or outcome.account_ids[:1]:
            _add(records.disputes, records, _dispute(outcome, account_id), "dispute_id", event_id)


def _add(rows: list[Row], records: _Records, row: Row, key: str, event_id: UUID | None) -> None:
    rows.append(row)
    if event_id is not None:
        records.causes[row[key]] = event_id


def _known_at(outcome: ContactCompleted) -> datetime:
    """Since when it binds: what was written since it came in (comment 6(c)(1)-1), what was said since the talk."""
    return outcome.at if outcome.is_written else outcome.completed_at


def _restriction(outcome: ContactCompleted, heard: Heard, zone: ZoneInfo | None) -> Row:
    return {
        "restriction_id": caused_id(outcome.attempt_id, heard.kind),
        "creditor_id": outcome.creditor_id,
        "party_id": outcome.party_id,
        "account_ids": sorted(heard.account_ids),
        "kind": heard.kind,
        "effective_on": day_of(_known_at(outcome), zone),
        "effective_at": _known_at(outcome),
        "is_written": outcome.is_written,
        "evidence": {"text": None, "reference": f"attempt {outcome.attempt_id}", "received_on": None},
        "citation": CITATIONS[heard.kind],
        "source": _CONTACT,
        "source_id": outcome.attempt_id,
        "placed_by": _CONTACT,
    }


def _refusal(outcome: ContactCompleted, heard: Heard) -> Row:
    channel = heard.channel or outcome.channel
    channel = "phone" if channel == "voicemail" else channel
    return {
        "consent_id": caused_id(outcome.attempt_id, refusal_name(channel, heard.contact_point_id)),
        "creditor_id": outcome.creditor_id,
        "party_id": outcome.party_id,
        "channel": channel,
        "purpose": "contact",
        "contact_point_id": heard.contact_point_id,
        "account_ids": [],
        "basis": "refused",
        "revoked_at": outcome.completed_at,
        "evidence": {"text": None, "reference": f"attempt {outcome.attempt_id}", "received_on": None},
        "source_id": outcome.attempt_id,
    }


def _inconvenient(outcome: ContactCompleted, heard: Heard) -> Row:
    return {
        "preference_id": caused_id(outcome.attempt_id, "inconvenient"),
        "creditor_id": outcome.creditor_id,
        "party_id": outcome.party_id,
        "kind": "inconvenient_time",
        "known_at": outcome.completed_at,
        "ends_at": heard.not_before or outcome.completed_at + _INCONVENIENT_FOR,
        "terms": dict(_ALL_DAY),
        "source_id": outcome.attempt_id,
    }


def _dispute(outcome: ContactCompleted, account_id: UUID) -> Row:
    return {
        "dispute_id": caused_id(outcome.attempt_id, f"dispute:{account_id}"),
        "creditor_id": outcome.creditor_id,
        "account_id": account_id,
        "party_id": outcome.party_id,
        "kind": "fdcpa_validation",
        "status": "opened",
        "received_at": _known_at(outcome),
        "is_written": outcome.is_written,
        "disputed_minor": None,
        "statement": None,
        "recorded_by": _CONTACT,
    }
