"""Account-360: one account with its dues, people, promises, arrangement, latest payments and place in the work list."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from services.accounts.domain.account import AccountStanding
from services.accounts.queries.accounts import get_account, load_standing
from services.accounts.queries.contacts import found_points, last_contacts, restrictions_in_force
from services.accounts.schemas.overview import (
    OverviewArrangement,
    OverviewContactPoint,
    OverviewDue,
    OverviewInstallment,
    OverviewOut,
    OverviewParty,
    OverviewPayment,
    OverviewPromise,
    OverviewQueue,
)
from services.accounts.store.calling_groups import Standing, point_standings
from services.accounts.store.work_items import load_open_items
from shared.db.transaction import Tx
from shared.errors import Refusal

LATEST = 10

_PARTIES = """
SELECT ap.role, p.party_id, p.kind, p.given_name, p.family_name, p.language
FROM account_party ap JOIN party p ON p.party_id = ap.party_id
WHERE ap.account_id = $1
ORDER BY ap.role <> 'primary', ap.role, p.party_id
"""
# A party's points are those of all its accounts; the same value of several accounts is one point.
_POINTS = """
SELECT DISTINCT ON (party_id, contact_point_id) party_id, contact_point_id, kind, value, label
FROM contact_point WHERE party_id = ANY($1::uuid[]) ORDER BY party_id, contact_point_id, account_id
"""
_PROMISES = """
SELECT promise_id, status, due_on, amount_minor, paid_minor, currency, made_on, resolved_on
FROM promise_view WHERE account_id = $1 ORDER BY made_at DESC, promise_id DESC LIMIT $2
"""
_ARRANGEMENT = """
SELECT * FROM arrangement_view WHERE account_id = $1
ORDER BY status IN ('active', 'at_risk', 'proposed') DESC, made_at DESC, arrangement_id DESC LIMIT 1
"""
_PAYMENTS = """
SELECT e.payment_id, e.amount_minor, e.currency, e.effective_on, e.posted_on, e.channel,
       r.effective_on AS reversed_on, r.reason AS reversal_reason
FROM entry e LEFT JOIN reversal r ON r.payment_id = e.payment_id
WHERE e.account_id = $1 ORDER BY e.effective_on DESC, e.payment_id DESC LIMIT $2
"""


async def get_overview(tx: Tx, account_id: UUID, creditors: Collection[UUID] | None) -> OverviewOut | Refusal:
    """Everything about an account at its business date. Refuses with `account-unknown`."""
    account = await get_account(tx, account_id, creditors, None)
    if isinstance(account, Refusal):
        return account
    standing = await load_standing(tx, account_id, creditors)
    arrangement = await tx.fetchrow(_ARRANGEMENT, account_id)
    item = (await load_open_items(tx, [account_id])).get(account_id)
    return OverviewOut(
        account=account,
        dues=[] if isinstance(standing, Refusal) else _dues(standing.standing),
        parties=await _parties(tx, account_id),
        restrictions=await restrictions_in_force(tx, account_id, await _today(tx, account.creditor_id)),
        promises=[OverviewPromise(**row) for row in await tx.fetch(_PROMISES, account_id, LATEST)],
        arrangement=None if arrangement is None else _arrangement(arrangement),
        last_payments=[OverviewPayment(**row) for row in await tx.fetch(_PAYMENTS, account_id, LATEST)],
        last_contacts=await last_contacts(tx, account_id, LATEST),
        queue=None
        if item is None
        else OverviewQueue(
            code=item.queue,
            reasons=list(item.reasons),
            work_item_id=item.work_item_id,
            priority=item.priority,
            status=item.status.value,
            assigned_to=item.holder,
            leased_until=item.leased_until,
            withheld_until=item.withheld_until,
        ),
    )


async def _today(tx: Tx, creditor_id: UUID) -> date:
    zone: str = await tx.fetchval("SELECT time_zone FROM creditor WHERE creditor_id = $1", creditor_id)
    return tx.clock.today(zone)


def _dues(standing: AccountStanding) -> list[OverviewDue]:
    dues = [
        OverviewDue(due_on=due.due_on, amount_minor=due.amount_minor, is_past_due=True) for due in standing.past_dues
    ]
    if standing.next_due is not None:
        due = standing.next_due
        dues.append(OverviewDue(due_on=due.due_on, amount_minor=due.amount_minor, is_past_due=False))
    return dues


async def _parties(tx: Tx, account_id: UUID) -> list[OverviewParty]:
    rows = await tx.fetch(_PARTIES, account_id)
    party_ids = [row["party_id"] for row in rows]
    points = await tx.fetch(_POINTS, party_ids)
    standings = await point_standings(tx, party_ids)
    found = await found_points(tx, party_ids, standings)
    imported = {point["contact_point_id"] for point in points}
    return [
        OverviewParty(
            party_id=row["party_id"],
            role=row["role"],
            kind=row["kind"],
            name=" ".join(part for part in (row["given_name"], row["family_name"]) if part),
            language=row["language"],
            contact_points=[
                OverviewContactPoint(
                    contact_point_id=point["contact_point_id"],
                    kind=point["kind"],
                    value=point["value"],
                    label=point["label"],
                    **standings.get(point["contact_point_id"], Standing())._asdict(),
                )
                for point in points
                if point["party_id"] == row["party_id"]
            ],
            found_contact_points=[
                point for point in found.get(row["party_id"], ()) if point.contact_point_id not in imported
            ],
        )
        for row in rows
    ]


def _arrangement(row: Mapping[str, Any]) -> OverviewArrangement:
    return OverviewArrangement(
        installments=[OverviewInstallment(**each) for each in row["terms"]["installments"]],
        **{name: row[name] for name in OverviewArrangement.model_fields if name != "installments"},
    )
