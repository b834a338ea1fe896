"""Restrictions as compliance publishes them, and what of them holds for an account, which stands on its row.

So the queue predicates and every publisher of an account have it without another query. The caller holds the locks of
the accounts.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.accounts.domain.restrictions import Restricted, Restriction, restricted
from services.accounts.tables.accounts import ACCOUNT
from services.accounts.tables.restrictions import RESTRICTION_VIEW
from shared.db.sets import given_rows, update_rows
from shared.db.transaction import Tx
from shared.events.accounts import AccountRestriction
from shared.events.compliance import RestrictionState

Row = Mapping[str, Any]

_COLUMNS = (
    "restriction_id",
    "account_id",
    "creditor_id",
    "party_id",
    "kind",
    "is_party_wide",
    "effective_on",
    "ends_on",
    "citation",
    "placed_at",
    "lifted_at",
)
_NAMES = ("row_key", "version", *_COLUMNS)
_KEEP = f"""
INSERT INTO restriction_view AS t ({", ".join(_NAMES)}) SELECT {", ".join(_NAMES)}
FROM {given_rows(RESTRICTION_VIEW, _NAMES)}
ON CONFLICT (row_key) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _NAMES[1:])}
WHERE t.version < excluded.version
"""
_OF_ACCOUNTS = """
SELECT account_id, kind, effective_on, ends_on, lifted_at IS NOT NULL AS is_lifted
FROM restriction_view WHERE account_id = ANY($1::uuid[])
"""
_STORED = """
SELECT a.account_id, a.creditor_id, c.time_zone, a.restrictions, a.restricted_since, a.restrictions_turn_on
FROM account a JOIN creditor c ON c.creditor_id = a.creditor_id WHERE a.account_id = ANY($1::uuid[])
"""
_ZONES = "SELECT creditor_id, time_zone FROM creditor WHERE creditor_id = ANY($1::uuid[])"
_TURNING = """
SELECT a.account_id, a.creditor_id FROM account a JOIN creditor c ON c.creditor_id = a.creditor_id
WHERE a.restrictions_turn_on <= ($1::timestamptz AT TIME ZONE c.time_zone)::date
ORDER BY a.account_id LIMIT $2
"""


async def keep_restrictions(tx: Tx, states: Iterable[tuple[RestrictionState, int]]) -> None:
    """Keeps of each restriction and account the state of the highest version, whether the account is known or not."""
    newest: dict[str, tuple[RestrictionState, int]] = {}
    for state, version in states:
        key = f"{state.restriction_id}:{state.account_id}"
        if key not in newest or newest[key][1] < version:
            newest[key] = (state, version)
    rows = [
        {"row_key": key, "version": version, **{name: getattr(state, name) for name in _COLUMNS}}
        for key, (state, version) in sorted(newest.items())
    ]
    if rows:
        await tx.execute(_KEEP, rows)


async def refresh_restricted(tx: Tx, account_ids: Collection[UUID]) -> set[UUID]:
    """Writes to the accounts' rows what holds for them today; returns those where others see a difference."""
    stored = await tx.fetch(_STORED, sorted(account_ids))
    found = await _restrictions(tx, [row["account_id"] for row in stored])
    changed: list[Row] = []
    seen: set[UUID] = set()
    for row in stored:
        account_id = row["account_id"]
        columns = _columns(restricted(found.get(account_id, ()), tx.clock.today(row["time_zone"])))
        differing = {name for name, value in columns.items() if row[name] != value}
        if differing:
            changed.append({"account_id": account_id, **columns})
        if differing - {"restrictions_turn_on"}:
            seen.add(account_id)
    await update_rows(tx, ACCOUNT, changed, key=["account_id"])
    return seen


async def restricted_columns(tx: Tx, accounts: Mapping[UUID, UUID]) -> dict[UUID, dict[str, Any]]:
    """The columns of accounts (with their creditors) that are about to be opened: what came before them holds."""
    found = await _restrictions(tx, list(accounts))
    zones = {row[0]: row[1] for row in await tx.fetch(_ZONES, sorted(set(accounts.values())))} if found else {}
    return {
        account_id: _columns(restricted(found[account_id], tx.clock.today(zones[creditor_id])))
        if account_id in found
        else _columns(Restricted())
        for account_id, creditor_id in accounts.items()
    }


def restrictions_of(row: Row) -> tuple[AccountRestriction, ...]:
    """What an account's row says of its restrictions, as events carry it."""
    pairs: Iterable[tuple[str, date]] = zip(row["restrictions"], row["restricted_since"], strict=True)
    return tuple(AccountRestriction(kind=kind, since_on=since_on) for kind, since_on in pairs)


async def turning_accounts(tx: Tx, limit: int) -> Sequence[tuple[UUID, UUID]]:
    """Accounts, with their creditors, of which a restriction begins or ends today or should have before."""
    return [(row[0], row[1]) for row in await tx.fetch(_TURNING, tx.clock.now(), limit)]


async def _restrictions(tx: Tx, account_ids: Sequence[UUID]) -> Mapping[UUID, list[Restriction]]:
    found: dict[UUID, list[Restriction]] = defaultdict(list)
    for row in await tx.fetch(_OF_ACCOUNTS, account_ids):
        found[row["account_id"]].append(Restriction(row["kind"], row["effective_on"], row["ends_on"], row["is_lifted"]))
    return found


def _columns(one: Restricted) -> dict[str, Any]:
    return {
        "restrictions": [kind for kind, _ in one.kinds],
        "restricted_since": [since_on for _, since_on in one.kinds],
        "restrictions_turn_on": one.turns_on,
    }
