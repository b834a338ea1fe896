"""Keeps what others publish: the newest state of creditors, accounts, parties, their contact points and consents.

An older state changes nothing, whenever it arrives. A contact point stands for as long as anybody has named it: what it
was used for must stay explicable.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.contact.domain.contact_points import value_key
from services.contact.tables.parties import (
    ACCOUNT_PART,
    ACCOUNT_VIEW,
    CONSENT_VIEW,
    CREDITOR_VIEW,
    FOUND_VIEW,
    PARTY_VIEW,
)
from shared.db.sets import insert_rows, load_rows, upsert_rows
from shared.db.transaction import Tx
from shared.events.accounts import AccountState, CreditorUpdated, PartyUpdated
from shared.events.compliance import ConsentState
from shared.events.skiptrace import ContactPointsFound

_CREDITOR = ("name", "kind", "currency", "time_zone")
_ACCOUNT = (
    "creditor_id",
    "party_id",
    "product_class",
    "status",
    "currency",
    "balance_minor",
    "past_due_minor",
    "days_past_due",
    "business_date",
)
_PARTY = (
    "creditor_id",
    "kind",
    "given_name",
    "family_name",
    "date_of_birth",
    "language",
    "street",
    "city",
    "region",
    "postal_code",
)
_CONSENT = (
    "creditor_id",
    "party_id",
    "channel",
    "contact_point_id",
    "basis",
    "granted_at",
    "ends_on",
    "revoked_at",
)
_IN_CORE = """
INSERT INTO contact_point AS t (contact_point_id, creditor_id, party_id, kind, value, value_key, label, street, city,
  region, postal_code, is_in_core)
SELECT *, true FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::varchar[], $5::varchar[], $6::varchar[],
  $7::varchar[], $8::varchar[], $9::varchar[], $10::varchar[], $11::varchar[])
ON CONFLICT (contact_point_id) DO UPDATE SET value = excluded.value, value_key = excluded.value_key,
  label = excluded.label, street = excluded.street, city = excluded.city, region = excluded.region,
  postal_code = excluded.postal_code, is_in_core = true
RETURNING contact_point_id, (xmax = 0) AS is_new
"""
_NOT_IN_CORE = """
UPDATE contact_point SET is_in_core = false
WHERE party_id = ANY($1::uuid[]) AND is_in_core AND NOT contact_point_id = ANY($2::uuid[])
"""
_FOUND = """
INSERT INTO contact_point AS t (contact_point_id, creditor_id, party_id, kind, value, value_key, label, street, city,
  region, postal_code, found_by, found_status, confidence, first_seen_on, last_seen_on)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::varchar[], $5::varchar[], $6::varchar[], $7::varchar[],
  $8::varchar[], $9::varchar[], $10::varchar[], $11::varchar[], $12::varchar[], $13::varchar[], $14::int[],
  $15::date[], $16::date[])
ON CONFLICT (contact_point_id) DO UPDATE SET found_by = excluded.found_by, found_status = excluded.found_status,
  confidence = excluded.confidence, first_seen_on = excluded.first_seen_on, last_seen_on = excluded.last_seen_on
RETURNING contact_point_id, (xmax = 0) AS is_new
"""
_NOT_FOUND = """
UPDATE contact_point SET found_by = NULL, found_status = NULL, confidence = NULL
WHERE party_id = ANY($1::uuid[]) AND found_by IS NOT NULL AND NOT contact_point_id = ANY($2::uuid[])
"""
# What was found may come after the erasure of its party, on another topic: when it is taken back, nobody names it.
_NOT_NAMED = """
DELETE FROM contact_point c
WHERE c.party_id = ANY($1::uuid[]) AND NOT c.is_in_core AND c.added_by IS NULL AND c.found_by IS NULL
  AND NOT EXISTS (SELECT FROM party_view p WHERE p.party_id = c.party_id)
"""
_NO_PARTS = "DELETE FROM account_part WHERE party_id = ANY($1::uuid[])"
_ERASE = (
    _NO_PARTS,
    "DELETE FROM contact_point WHERE party_id = ANY($1::uuid[])",
    "DELETE FROM point_standing WHERE party_id = ANY($1::uuid[])",
    "DELETE FROM party_view WHERE party_id = ANY($1::uuid[])",
    "DELETE FROM found_view WHERE party_id = ANY($1::uuid[])",
    "UPDATE out_message SET recipient = '', subject = NULL, body = '' WHERE party_id = ANY($1::uuid[])",
    "UPDATE contact_attempt SET note = NULL WHERE party_id = ANY($1::uuid[]) AND note IS NOT NULL",
)
_ERASE_FOUND = (
    "DELETE FROM found_view WHERE party_id = ANY($1::uuid[])",
    "UPDATE contact_point SET found_by = NULL, found_status = NULL, confidence = NULL WHERE party_id = ANY($1::uuid[])",
    "DELETE FROM contact_point WHERE party_id = ANY($1::uuid[]) AND NOT is_in_core AND added_by IS NULL",
)


async def save_creditors(tx: Tx, states: Iterable[tuple[CreditorUpdated, int]]) -> None:
    """Keep the newest state of each creditor."""
    rows = await _newer(tx, CREDITOR_VIEW, "creditor_id", states, _CREDITOR)
    await upsert_rows(tx, CREDITOR_VIEW, rows, key=["creditor_id"])


async def save_accounts(tx: Tx, states: Iterable[tuple[AccountState, int]]) -> None:
    """Keep the newest state of each account."""
    rows = await _newer(tx, ACCOUNT_VIEW, "account_id", states, _ACCOUNT)
    await upsert_rows(tx, ACCOUNT_VIEW, rows, key=["account_id"])


async def save_parties(tx: Tx, states: Iterable[tuple[PartyUpdated, int]]) -> set[UUID]:
    """Keep the newest state of each party and the contact points that it lists; return the points that are new here."""
    pairs = list(states)
    rows = await _newer(tx, PARTY_VIEW, "party_id", pairs, _PARTY)
    await upsert_rows(tx, PARTY_VIEW, rows, key=["party_id"])
    versions = {row["party_id"]: row["aggregate_version"] for row in rows}
    newest = {state.party_id: state for state, version in pairs if versions.get(state.party_id) == version}
    points = [
        (*_described(state, point),)
        for state in newest.values()
        for point in state.contact_points
    ]  # fmt: skip
    await _save_parts(tx, newest.values())
    if newest:
        await tx.execute(_NOT_IN_CORE, list(newest), [point[0] for point in points])
    return await _save_points(tx, _IN_CORE, points)


async def save_found(tx: Tx, states: Iterable[tuple[ContactPointsFound, int]]) -> set[UUID]:
    """Keep the newest of what was found for each party; return the points that are new here."""
    pairs = list(states)
    rows = await _newer(tx, FOUND_VIEW, "party_id", pairs, ("creditor_id",))
    await upsert_rows(tx, FOUND_VIEW, rows, key=["party_id"])
    versions = {row["party_id"]: row["aggregate_version"] for row in rows}
    newest = {state.party_id: state for state, version in pairs if versions.get(state.party_id) == version}
    points = [
        (*_described(state, point), point.source, point.status, point.confidence, point.first_seen_on,
         point.last_seen_on)
        for state in newest.values()
        for point in state.contact_points
    ]  # fmt: skip
    if newest:
        await tx.execute(_NOT_FOUND, list(newest), [point[0] for point in points])
        await tx.execute(_NOT_NAMED, list(newest))
    return await _save_points(tx, _FOUND, points)


async def save_consents(tx: Tx, states: Iterable[tuple[ConsentState, int]]) -> None:
    """Keep the newest state of each consent to a medium; refusals, and all other purposes, are compliance's alone."""
    consents = [(one, version) for one, version in states if one.purpose == "contact" and one.granted_at is not None]
    rows = await _newer(tx, CONSENT_VIEW, "consent_id", consents, _CONSENT)
    await upsert_rows(tx, CONSENT_VIEW, rows, key=["consent_id"])


async def erase_parties(tx: Tx, party_ids: Sequence[UUID]) -> None:
    """Forget all personal data of parties. Attempts stay: they name nobody; opt-outs stay: they protect a number."""
    for statement in _ERASE:
        await tx.execute(statement, list(party_ids))


async def erase_found(tx: Tx, party_ids: Sequence[UUID]) -> None:
    """Forget what skiptrace found for parties."""
    for statement in _ERASE_FOUND:
        await tx.execute(statement, list(party_ids))


async def _save_parts(tx: Tx, states: Iterable[PartyUpdated]) -> None:
    """Keep in which debts parties have a part; a state that says nothing of it changes nothing."""
    stated = {state.party_id: state.accounts for state in states if state.accounts is not None}
    if stated:
        await tx.execute(_NO_PARTS, list(stated))
    rows = {
        f"{party_id}:{part.account_id}:{part.role}": {
            "account_id": part.account_id,
            "party_id": party_id,
            "role": part.role,
        }
        for party_id, parts in stated.items()
        for part in parts
    }
    await insert_rows(tx, ACCOUNT_PART, [{"row_key": key, **row} for key, row in sorted(rows.items())])


def _described(state: Any, point: Any) -> tuple[Any, ...]:
    """The first columns of a contact point, whoever names it."""
    return (
        point.contact_point_id,
        state.creditor_id,
        state.party_id,
        point.kind,
        point.value,
        value_key(point.kind, point.value),
        point.label,
        point.street,
        point.city,
        point.region,
        point.postal_code,
    )


async def _save_points(tx: Tx, statement: str, points: Sequence[Sequence[Any]]) -> set[UUID]:
    unique = {point[0]: point for point in points}
    if not unique:
        return set()
    columns = [list(column) for column in zip(*(unique[key] for key in sorted(unique)), strict=True)]
    return {row["contact_point_id"] for row in await tx.fetch(statement, *columns) if row["is_new"]}


async def _newer(
    tx: Tx, table: Any, key: str, states: Iterable[tuple[Any, int]], columns: Sequence[str]
) -> list[Mapping[str, Any]]:
    """The newest state of each aggregate as a row, where it is newer than the one that is kept."""
    newest: dict[UUID, tuple[Any, int]] = {}
    for state, version in states:
        known = newest.get(getattr(state, key))
        if known is None or known[1] < version:
            newest[getattr(state, key)] = (state, version)
    held = {row[key]: row["aggregate_version"] for row in await load_rows(tx, table, key, list(newest))}
    return [
        {key: aggregate_id, "aggregate_version": version, **{name: getattr(state, name) for name in columns}}
        for aggregate_id, (state, version) in newest.items()
        if held.get(aggregate_id, -1) < version
    ]
