"""Whom a record is about: the creditor of a party, its accounts, and the creditor's calendar."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.compliance.domain.facts import Role
from services.compliance.domain.parts import OBLIGATED
from services.compliance.store.fact_forms import role
from shared.db.transaction import Tx

_PARTY = "SELECT creditor_id FROM party_view WHERE party_id = $1"
_ACCOUNTS_OF = "SELECT account_id, creditor_id, party_id FROM account_view WHERE party_id = ANY($1::uuid[])"
_PARTS_OF = """
SELECT account_id, creditor_id FROM account_view WHERE party_id = $1
UNION SELECT a.account_id, a.creditor_id FROM account_party p JOIN account_view a USING (account_id)
WHERE p.party_id = $1
"""
_ACCOUNTS = "SELECT account_id, creditor_id, party_id FROM account_view WHERE account_id = ANY($1::uuid[])"
_PARTS = "SELECT party_id, account_id FROM account_party WHERE party_id = ANY($1::uuid[]) AND role = ANY($2::text[])"
_ZONES = "SELECT creditor_id, time_zone FROM creditor_view WHERE creditor_id = ANY($1::uuid[])"
_ROLES = "SELECT creditor_id, kind FROM creditor_view WHERE creditor_id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Subject:
    """A party with its creditor and all accounts in which it has a part."""

    party_id: UUID
    creditor_id: UUID | None
    account_ids: frozenset[UUID]


async def load_subject(tx: Tx, party_id: UUID) -> Subject:
    """What is known of a party; `creditor_id` None: neither it nor an account of it has been announced."""
    accounts = await tx.fetch(_PARTS_OF, party_id)
    creditor_id = await tx.fetchval(_PARTY, party_id)
    if creditor_id is None and accounts:
        creditor_id = accounts[0]["creditor_id"]
    return Subject(party_id, creditor_id, frozenset(row["account_id"] for row in accounts))


async def load_account_creditors(tx: Tx, account_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The creditor of each account that is known."""
    return {row["account_id"]: row["creditor_id"] for row in await tx.fetch(_ACCOUNTS, sorted(account_ids))}


async def load_accounts_of(tx: Tx, party_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """The accounts of which parties are the primary one, in order."""
    found: dict[UUID, list[UUID]] = {}
    for row in await tx.fetch(_ACCOUNTS_OF, sorted(set(party_ids))):
        found.setdefault(row["party_id"], []).append(row["account_id"])
    return {party_id: sorted(accounts) for party_id, accounts in found.items()}


async def load_debts_of(tx: Tx, party_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """The accounts that parties owe, as the primary party or with another, in order."""
    wanted = sorted(set(party_ids))
    found = {party_id: set(accounts) for party_id, accounts in (await load_accounts_of(tx, wanted)).items()}
    for row in await tx.fetch(_PARTS, wanted, sorted(OBLIGATED)):
        found.setdefault(row["party_id"], set()).add(row["account_id"])
    return {party_id: sorted(accounts) for party_id, accounts in found.items()}


async def load_zones(tx: Tx, creditor_ids: Iterable[UUID]) -> dict[UUID, ZoneInfo]:
    """The time zone of each creditor that is known."""
    rows: list[Any] = await tx.fetch(_ZONES, sorted(set(creditor_ids)))
    return {row["creditor_id"]: ZoneInfo(row["time_zone"]) for row in rows}


def day_of(moment: datetime, zone: ZoneInfo | None) -> date:
    """The day of an instant on a creditor's calendar; in UTC while the creditor is not known."""
    return moment.astimezone(zone or UTC).date()


async def load_roles(tx: Tx, creditor_ids: Iterable[UUID]) -> dict[UUID, Role]:
    """The legal role in which each known creditor's debts are collected."""
    return {row["creditor_id"]: role(row["kind"]) for row in await tx.fetch(_ROLES, sorted(set(creditor_ids)))}
