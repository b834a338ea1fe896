"""Loads what placing a contact is checked against: one statement per table for a whole batch."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from services.contact.domain.contact_points import PointFacts
from services.contact.domain.envelope import PostalAddress
from services.contact.domain.placing import Case, DebtFacts, Placing, PointOfParty
from shared.db.transaction import Tx

_DEBTS = """
SELECT a.account_id, a.creditor_id, a.currency, a.past_due_minor, a.balance_minor, a.party_id,
  ARRAY(SELECT p.party_id FROM account_part p WHERE p.account_id = a.account_id) AS others
FROM account_view a WHERE a.account_id = ANY($1::uuid[])
"""
_PARTIES = "SELECT party_id, creditor_id FROM party_view WHERE party_id = ANY($1::uuid[])"
# The party's own later word for the medium takes a refusal back, as it does at compliance (ADR 14).
_OPTED_OUT = """
SELECT DISTINCT o.channel FROM opt_out o WHERE o.value_key = p.value_key AND NOT EXISTS (
  SELECT FROM consent_view c
  WHERE c.party_id = p.party_id AND (c.contact_point_id IS NULL OR c.contact_point_id = p.contact_point_id)
    AND c.channel IN (o.channel, 'any') AND c.granted_at > o.opted_out_at
    AND c.basis IN ('direct', 'consumer_used') AND c.ends_on IS NULL AND c.revoked_at IS NULL
)
"""
POINT_COLUMNS = f"""
p.*, s.verified_at, s.verified_by, s.invalid_at, s.invalid_reason, w.wrong_at AS value_wrong_at,
ARRAY({_OPTED_OUT}) AS opted_out
"""
FROM_POINTS = """
FROM contact_point p LEFT JOIN point_standing s USING (contact_point_id)
LEFT JOIN wrong_value w ON w.kind = p.kind AND w.value_key = p.value_key
"""
_POINTS = f"SELECT {POINT_COLUMNS} {FROM_POINTS} WHERE p.contact_point_id = ANY($1::uuid[])"


async def load_case(tx: Tx, placings: Collection[Placing]) -> Case:
    """What is known of the accounts, parties and contact points of a batch."""
    accounts = {account_id for placing in placings for account_id in placing.account_ids}
    points = {placing.contact_point_id for placing in placings if placing.contact_point_id is not None}
    return Case(
        debts=await load_debts(tx, accounts),
        parties=dict(await tx.fetch(_PARTIES, list({placing.party_id for placing in placings}))),
        points=await load_points(tx, points),
    )


async def load_debts(tx: Tx, account_ids: Iterable[UUID]) -> dict[UUID, DebtFacts]:
    """What is known of accounts, by id."""
    return {row["account_id"]: _debt(row) for row in await tx.fetch(_DEBTS, list(account_ids))}


async def load_points(tx: Tx, contact_point_ids: Iterable[UUID]) -> dict[UUID, PointOfParty]:
    """What is known of contact points, by id."""
    wanted = list(contact_point_ids)
    return {row["contact_point_id"]: to_point(row) for row in (await tx.fetch(_POINTS, wanted) if wanted else ())}


def _debt(row: Any) -> DebtFacts:
    return DebtFacts(
        account_id=row["account_id"],
        creditor_id=row["creditor_id"],
        parties=frozenset({row["party_id"], *row["others"]}),
        currency=row["currency"],
        past_due_minor=row["past_due_minor"],
        balance_minor=row["balance_minor"],
    )


def to_point(row: Any) -> PointOfParty:
    """A contact point with the marks on its value."""
    is_found = row["found_by"] is not None
    return PointOfParty(
        row["party_id"],
        row["value"],
        PointFacts(
            contact_point_id=row["contact_point_id"],
            kind=row["kind"],
            is_listed=row["is_in_core"] or is_found or row["added_by"] is not None,
            is_candidate=is_found and not row["is_in_core"] and row["added_by"] is None,
            verified_at=row["verified_at"],
            invalid_at=row["invalid_at"],
            value_wrong_at=row["value_wrong_at"],
            opted_out=frozenset(row["opted_out"]),
        ),
        _address(row) if row["kind"] == "address" else None,
    )


def _address(row: Any) -> PostalAddress:
    return PostalAddress(row["street"], row["city"], row["region"], row["postal_code"], row["value"])
