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
from shared.events.compliance import HOLD_THE_DEBT, RestrictionState

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
# What is a person's own holds only while the account is theirs; it may be another's again.
HOLDS_NOW = "(v.party_id = a.party_id OR v.kind = ANY($2::text[]))"
_OF_ACCOUNTS = f"""
SELECT account_id, v.kind, v.effective_on, v.ends_on, (v.lifted_at AT TIME ZONE c.time_zone)::date AS lifted_on
FROM unnest($1::uuid[], $3::uuid[]) AS a (account_id, party_id) JOIN restriction_view v USING (account_id)
JOIN creditor c ON c.creditor_id = v.creditor_id
WHERE {HOLDS_NOW}
"""
_STORED = """
SELECT a.account_id, a.party_id, a.creditor_id, c.time_zone, a.restrictions, a.restricted_since, a.restrictions_turn_on,
       a.ended_by, a.ended_on
FROM account a JOIN creditor c ON c.creditor_id = a.creditor_id WHERE a.account_id = ANY($1::uuid[])
"""
_HAND_OVER = """
UPDATE account SET party_id = given.party_id FROM unnest($1::uuid[], $2::uuid[]) AS given (account_id, party_id)
WHERE account.account_id = given.account_id
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
    found = await _restrictions(tx, {row["account_id"]: row["party_id"] for row in stored})
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


async def pass_on(tx: Tx, accounts: Mapping[UUID, UUID]) -> None:
    """Gives accounts to other primary parties, under whose restrictions they come, and no more under the last one's."""
    if accounts:
        await tx.execute(_HAND_OVER, list(accounts), list(accounts.values()))
        await refresh_restricted(tx, accounts)


async def restricted_columns(tx: Tx, accounts: Mapping[UUID, tuple[UUID, UUID]]) -> dict[UUID, dict[str, Any]]:
    """The columns of accounts (with their creditors and primary parties) that are about to be opened.

    What came before them holds.
    """
    found = await _restrictions(tx, {account_id: party_id for account_id, (_, party_id) in accounts.items()})
    creditors = sorted({creditor_id for creditor_id, _ in accounts.values()})
    zones = {row[0]: row[1] for row in await tx.fetch(_ZONES, creditors)} if found else {}
    return {
        account_id: _columns(restricted(found[account_id], tx.clock.today(zones[creditor_id])))
        if account_id in found
        else _columns(Restricted())
        for account_id, (creditor_id, _) in accounts.items()
    }


def restrictions_of(row: Row) -> tuple[AccountRestriction, ...]:
    """What an account's row says of its restrictions, as events carry it."""
    return _stated(row["restrictions"], row["restricted_since"])


def ended_by(row: Row) -> tuple[AccountRestriction, ...]:
    """What an account's row says of the restrictions that have ended what was promised, as events carry it."""
    return _stated(row["ended_by"], row["ended_on"])


async def turning_accounts(tx: Tx, limit: int) -> Sequence[tuple[UUID, UUID]]:
    """Accounts, with their creditors, of which a restriction begins or ends today or should have before."""
    return [(row[0], row[1]) for row in await tx.fetch(_TURNING, tx.clock.now(), limit)]


async def _restrictions(tx: Tx, accounts: Mapping[UUID, UUID]) -> Mapping[UUID, list[Restriction]]:
    """Those that may hold for accounts, given their primary parties."""
    found: dict[UUID, list[Restriction]] = defaultdict(list)
    for row in await tx.fetch(_OF_ACCOUNTS, list(accounts), sorted(HOLD_THE_DEBT), list(accounts.values())):
        found[row["account_id"]].append(Restriction(row["kind"], row["effective_on"], row["ends_on"], row["lifted_on"]))
    return found


def _stated(kinds: Iterable[str], days: Iterable[date]) -> tuple[AccountRestriction, ...]:
    return tuple(AccountRestriction(kind=kind, since_on=day) for kind, day in zip(kinds, days, strict=True))


def _columns(one: Restricted) -> dict[str, Any]:
    return {
        "restrictions": [kind for kind, _ in one.kinds],
        "restricted_since": [since_on for _, since_on in one.kinds],
        "restrictions_turn_on": one.turns_on,
        "ended_by": [kind for kind, _ in one.ended_by],
        "ended_on": [since_on for _, since_on in one.ended_by],
    }
