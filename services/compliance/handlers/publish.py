"""The events that compliance publishes about what it holds, made from the rows that are saved with them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.compliance.domain.restriction import status_on
from services.compliance.store.subjects import day_of, load_accounts_of, load_debts_of, load_zones
from shared.db.transaction import Tx
from shared.events.compliance import HOLD_THE_DEBT, ConsentState, DisputeState, RestrictionState

Row = Mapping[str, Any]

_RESTRICTION = (
    "restriction_id",
    "creditor_id",
    "party_id",
    "kind",
    "effective_on",
    "ends_on",
    "citation",
    "placed_at",
    "lifted_at",
)
_CONSENT = (
    "consent_id",
    "creditor_id",
    "party_id",
    "channel",
    "purpose",
    "contact_point_id",
    "basis",
    "granted_at",
    "starts_on",
    "ends_on",
    "revoked_at",
)
_DISPUTE = (
    "dispute_id",
    "creditor_id",
    "account_id",
    "party_id",
    "kind",
    "status",
    "is_written",
    "received_at",
    "disputed_minor",
)


async def publish_restrictions(
    tx: Tx,
    rows: Sequence[Row],
    *,
    causes: Mapping[UUID, UUID] | None = None,
    only: Mapping[UUID, Iterable[UUID]] | None = None,
) -> None:
    """Publish restrictions, one event for each account: those named, else all of the party's.

    Of a kind that holds for the debt these are all that the party owes, with others too; any other is the person's own,
    and so of those whose primary party it is. `causes`: the event behind each restriction id. `only`: the accounts of
    each party that are to be told.
    """
    if not rows:
        return
    zones = await load_zones(tx, {row["creditor_id"] for row in rows})
    wide = {row["party_id"] for row in rows if not row["account_ids"]}
    accounts: Mapping[UUID, Iterable[UUID]] = (await load_accounts_of(tx, wide)) if only is None else only
    held = {row["party_id"] for row in rows if row["kind"] in HOLD_THE_DEBT and not row["account_ids"]}
    owed: Mapping[UUID, Iterable[UUID]] = (await load_debts_of(tx, held)) if held and only is None else accounts
    now = tx.clock.now()
    for row in rows:
        topic = "restriction.placed" if row["lifted_at"] is None else "restriction.lifted"
        status = _status(row, now, zones.get(row["creditor_id"]))
        whole = owed if row["kind"] in HOLD_THE_DEBT else accounts
        for account_id in row["account_ids"] or whole.get(row["party_id"], ()):
            state = RestrictionState(
                **{name: row[name] for name in _RESTRICTION},
                account_id=account_id,
                status=status,
                is_party_wide=not row["account_ids"],
            )
            tx.emit(topic, state, version=row["version"], causation=(causes or {}).get(row["restriction_id"]))


def _status(row: Row, now: datetime, zone: ZoneInfo | None) -> Any:
    return status_on(
        day_of(now, zone), effective_on=row["effective_on"], ends_on=row["ends_on"], lifted_at=row["lifted_at"]
    )


def publish_consents(tx: Tx, rows: Iterable[Row], *, causes: Mapping[UUID, UUID] | None = None) -> None:
    """Publish consents and refusals."""
    for row in rows:
        topic = "consent.granted" if row["revoked_at"] is None else "consent.revoked"
        state = ConsentState(**{name: row[name] for name in _CONSENT}, account_ids=tuple(row["account_ids"]))
        tx.emit(topic, state, version=row["version"], causation=(causes or {}).get(row["consent_id"]))


def publish_disputes(tx: Tx, rows: Iterable[Row], *, causes: Mapping[UUID, UUID] | None = None) -> None:
    """Publish disputes."""
    for row in rows:
        is_open = row["closed_at"] is None
        state = DisputeState(
            **{name: row[name] for name in _DISPUTE},
            is_hold=row["hold_id"] is not None and is_open and row["answered_at"] is None,
            resolved_at=row["closed_at"],
        )
        topic = "dispute.opened" if is_open else "dispute.resolved"
        tx.emit(topic, state, version=row["version"], causation=(causes or {}).get(row["dispute_id"]))
