"""Keeps what others publish: states by the highest version seen, facts merged by natural keys.

Every write may be repeated, and come in any order. The locks of the parties are held, except where a statement guards
itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.skiptrace.domain.identity import restriction_row_id, trigger_id
from services.skiptrace.domain.purpose import OWING
from services.skiptrace.domain.triggers import Trigger
from services.skiptrace.tables.facts import ACCOUNT_VIEW, PARTY_VIEW, RESTRICTION_VIEW, TRACE_TRIGGER
from shared.db.sets import insert_rows, load_rows, upsert_rows
from shared.db.transaction import Tx
from shared.events.accounts import AccountState, CreditorUpdated, PartyUpdated
from shared.events.compliance import RestrictionState
from shared.events.contact import ContactCompleted

_SAVE_CREDITORS = """
INSERT INTO creditor_view AS t (creditor_id, aggregate_version, name, kind, currency, time_zone)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
ON CONFLICT (creditor_id) DO UPDATE SET aggregate_version = excluded.aggregate_version, name = excluded.name,
  kind = excluded.kind, currency = excluded.currency, time_zone = excluded.time_zone
WHERE t.aggregate_version < excluded.aggregate_version
"""
_SAVE_TRIES = """
INSERT INTO contact_try (attempt_id, creditor_id, party_id, account_id, contact_point_id, is_right_party, at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::boolean[], $7::timestamptz[])
ON CONFLICT DO NOTHING
"""
_SAVE_MARKS = """
INSERT INTO point_mark AS t (contact_point_id, party_id, invalid_at, verified_at)
SELECT contact_point_id, party_id, max(invalid_at), max(verified_at)
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
  AS v (contact_point_id, party_id, invalid_at, verified_at)
GROUP BY contact_point_id, party_id ORDER BY contact_point_id
ON CONFLICT (contact_point_id) DO UPDATE SET
  invalid_at = greatest(t.invalid_at, excluded.invalid_at), verified_at = greatest(t.verified_at, excluded.verified_at)
"""
_PARTY = (
    "kind", "given_name", "family_name", "date_of_birth", "language", "street", "city", "region", "postal_code",
)  # fmt: skip
_ACCOUNT = ("creditor_id", "party_id", "status", "currency", "balance_minor", "past_due_minor")
_RESTRICTION = ("restriction_id", "account_id", "party_id", "kind", "status", "effective_on", "ends_on")
_ERASE = """
INSERT INTO party_view AS t (party_id, aggregate_version, is_erased, contact_points)
SELECT party_id, -1, true, '[]' FROM unnest($1::uuid[]) AS v (party_id)
ON CONFLICT (party_id) DO UPDATE SET is_erased = true, kind = NULL, given_name = NULL, family_name = NULL,
  date_of_birth = NULL, language = NULL, street = NULL, city = NULL, region = NULL, postal_code = NULL,
  contact_points = '[]', owes = '{}'
"""
_DEBTORS = """
SELECT creditor_id, party_id FROM (
  SELECT creditor_id, party_id FROM party_view WHERE owes <> '{}' AND owes && $1::uuid[]
  UNION
  SELECT creditor_id, party_id FROM account_view WHERE account_id = ANY($1::uuid[])
) p
WHERE EXISTS (SELECT FROM skip_trace s WHERE s.party_id = p.party_id AND s.resolved_at IS NULL)
  OR EXISTS (SELECT FROM trace_trigger t WHERE t.party_id = p.party_id)
ORDER BY creditor_id, party_id
"""
_FORGET = (
    "DELETE FROM sighting s USING candidate c WHERE s.contact_point_id = c.contact_point_id AND c.party_id = ANY($1)",
    "DELETE FROM candidate WHERE party_id = ANY($1)",
    (
        "UPDATE location_inquiry SET third_party_name = 'erased', third_party_contact = NULL, ground_evidence = NULL,"
        " script = NULL, note = NULL WHERE party_id = ANY($1)"
    ),
    (
        "UPDATE evidence e SET note = 'erased' FROM skip_trace t"
        " WHERE t.skip_trace_id = e.skip_trace_id AND t.party_id = ANY($1)"
    ),
)

Mark = tuple[UUID, UUID, datetime | None, datetime | None]
"""Contact point, party, since when it is known to be no good, and to be right."""
Told = tuple[UUID, UUID, Trigger]
"""Creditor, party, and what may open a case."""


async def save_creditors(tx: Tx, states: Iterable[tuple[CreditorUpdated, int]]) -> None:
    """Keep the newest state of each creditor. The guard is in the statement: creditors are locked shared only."""
    newest = {state.creditor_id: (state, version) for state, version in sorted(states, key=lambda item: item[1])}
    ordered = [newest[creditor_id] for creditor_id in sorted(newest)]
    names = ("name", "kind", "currency", "time_zone")
    columns = [[getattr(state, name) for state, _ in ordered] for name in names]
    await tx.execute(_SAVE_CREDITORS, sorted(newest), [version for _, version in ordered], *columns)


async def save_parties(tx: Tx, states: Iterable[tuple[PartyUpdated, int]]) -> None:
    """Keep the newest state of each party. One that comes back after its erasure is a party again."""
    newest = {state.party_id: (state, version) for state, version in sorted(states, key=lambda item: item[1])}
    held = await load_rows(tx, PARTY_VIEW, "party_id", list(newest))
    versions = {row["party_id"]: row["aggregate_version"] for row in held}
    rows: list[dict[str, Any]] = [
        {
            "party_id": party_id,
            "creditor_id": state.creditor_id,
            "aggregate_version": version,
            "is_erased": False,
            **{name: getattr(state, name) for name in _PARTY},
            "contact_points": [point.model_dump(mode="json") for point in state.contact_points],
            "owes": sorted({part.account_id for part in state.accounts or () if part.role in OWING}),
        }
        for party_id, (state, version) in newest.items()
        if versions.get(party_id, -2) < version
    ]
    await upsert_rows(tx, PARTY_VIEW, rows, key=["party_id"])


async def debtors(tx: Tx, account_ids: Sequence[UUID]) -> list[tuple[UUID, UUID]]:
    """Who owes the accounts, and is or may be searched for: (creditor, party) of each."""
    if not account_ids:
        return []
    rows = await tx.fetch(_DEBTORS, list(account_ids))
    return [(row["creditor_id"], row["party_id"]) for row in rows]


async def erase_parties(tx: Tx, party_ids: Sequence[UUID]) -> None:
    """Forget who these parties are."""
    if party_ids:
        await tx.execute(_ERASE, sorted(party_ids))


async def forget_findings(tx: Tx, party_ids: Sequence[UUID]) -> None:
    """Forget what was found for these parties: candidates, and what third parties and research said of them."""
    for statement in _FORGET:
        await tx.execute(statement, list(party_ids))


async def save_accounts(tx: Tx, states: Iterable[tuple[AccountState, int]]) -> None:
    """Keep the newest state of each account."""
    newest = {state.account_id: (state, version) for state, version in sorted(states, key=lambda item: item[1])}
    held = await load_rows(tx, ACCOUNT_VIEW, "account_id", list(newest))
    versions = {row["account_id"]: row["aggregate_version"] for row in held}
    rows: list[dict[str, Any]] = [
        {"account_id": account_id, "aggregate_version": version, **{name: getattr(state, name) for name in _ACCOUNT}}
        for account_id, (state, version) in newest.items()
        if versions.get(account_id, -1) < version
    ]
    await upsert_rows(tx, ACCOUNT_VIEW, rows, key=["account_id"])


async def save_restrictions(tx: Tx, states: Iterable[tuple[RestrictionState, int]]) -> None:
    """Keep the newest state of each restriction on each account."""
    newest = {
        restriction_row_id(state.restriction_id, state.account_id): (state, version)
        for state, version in sorted(states, key=lambda item: item[1])
    }
    held = await load_rows(tx, RESTRICTION_VIEW, "row_id", list(newest))
    versions = {row["row_id"]: row["aggregate_version"] for row in held}
    rows: list[dict[str, Any]] = [
        {"row_id": row_id, "aggregate_version": version, **{name: getattr(state, name) for name in _RESTRICTION}}
        for row_id, (state, version) in newest.items()
        if versions.get(row_id, -1) < version
    ]
    await upsert_rows(tx, RESTRICTION_VIEW, rows, key=["row_id"])


async def save_tries(tx: Tx, outcomes: Sequence[ContactCompleted]) -> None:
    """Keep attempts with their outcome; one that is here already stays.

    Who was reached was there until the end of the talk: what they said of other numbers in it sends nobody to search.
    """
    by_id = {one.attempt_id: one for one in outcomes}
    ordered = [by_id[attempt_id] for attempt_id in sorted(by_id)]
    if ordered:
        names = ("attempt_id", "creditor_id", "party_id", "account_id", "contact_point_id", "is_right_party")
        at = [one.completed_at if one.is_right_party else one.at for one in ordered]
        await tx.execute(_SAVE_TRIES, *([getattr(one, name) for one in ordered] for name in names), at)


async def save_marks(tx: Tx, marks: Sequence[Mark]) -> None:
    """Merge marks of contact points: the latest instant of each kind holds."""
    if marks:
        await tx.execute(_SAVE_MARKS, *map(list, zip(*marks, strict=True)))


async def save_triggers(tx: Tx, triggers: Iterable[Told]) -> None:
    """Keep triggers, given with their creditor and party; one that is here already stays."""
    rows: dict[UUID, Mapping[str, Any]] = {}
    for creditor_id, party_id, one in triggers:
        row_id = trigger_id(party_id, one.kind, one.contact_point_id, one.at)
        rows[row_id] = {
            "trigger_id": row_id,
            "creditor_id": creditor_id,
            "party_id": party_id,
            "account_id": one.account_id,
            "kind": one.kind,
            "contact_point_id": one.contact_point_id,
            "at": one.at,
        }
    await insert_rows(tx, TRACE_TRIGGER, [rows[row_id] for row_id in sorted(rows)], on_conflict="nothing")
