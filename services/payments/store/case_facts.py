"""Loads what decides on promises and arrangements besides their terms: money, the account's state, the date judged.

One statement per table for a whole batch, with the locks of the accounts held.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from services.payments.domain.account_facts import AccountFacts, account_facts
from services.payments.domain.counting import Entry
from shared.db.transaction import Tx

_ENTRIES = """
SELECT account_id, payment_id, amount_minor, effective_on, posted_on, taken_at
FROM payment
WHERE account_id = ANY($1::uuid[]) AND effective_on >= $2 AND status = 'posted'
"""
# An account that is open, has always owed and is under no restriction decides on nothing: most are, and are not read.
_DECISIVE = """
SELECT account_id, status, balance_minor, snapshot_on, charged_off_on, paid_off_on, owed_again_on,
       restrictions, restricted_since
FROM account_view
WHERE account_id = ANY($1::uuid[])
  AND (balance_minor <= 0 OR status = 'charged_off' OR paid_off_on <> '{}' OR restrictions <> '{}')
"""
_DATES = """
SELECT creditor_id, coalesce(e.evaluated_on, c.business_date) AS judged_on
FROM creditor_view AS c LEFT JOIN evaluation AS e USING (creditor_id)
WHERE creditor_id = ANY($1::uuid[])
"""


async def load_entries(tx: Tx, account_ids: Sequence[UUID], since: date) -> dict[UUID, list[Entry]]:
    """Load the unreversed entries effective on `since` or later, by account."""
    entries: dict[UUID, list[Entry]] = defaultdict(list)
    for row in await tx.fetch(_ENTRIES, account_ids, since):
        account_id, *entry = row
        entries[account_id].append(Entry(*entry))
    return entries


async def load_account_facts(tx: Tx, account_ids: Sequence[UUID]) -> dict[UUID, AccountFacts]:
    """Load what the newest states of the accounts mean to their promises, by account; most mean nothing."""
    return {
        row["account_id"]: account_facts(
            status=row["status"],
            balance_minor=row["balance_minor"],
            snapshot_on=row["snapshot_on"],
            charged_off_on=row["charged_off_on"],
            payoffs=zip(row["paid_off_on"], row["owed_again_on"], strict=True),
            restrictions=zip(row["restrictions"], row["restricted_since"], strict=True),
        )
        for row in await tx.fetch(_DECISIVE, account_ids)
    }


async def load_judged_dates(tx: Tx, creditor_ids: Collection[UUID]) -> dict[UUID, date]:
    """The business date on which each creditor's promises and arrangements are judged."""
    return {row[0]: row[1] for row in await tx.fetch(_DATES, list(creditor_ids)) if row[1] is not None}
