"""Loads what decides on promises and arrangements besides their terms: money, the account's state, the date judged.

One statement per table for a whole batch, with the locks of the accounts held.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from services.payments.domain.account_facts import AccountFacts, account_facts
from services.payments.domain.counting import Entry, Start
from shared.db.transaction import Tx

_ENTRIES = """
SELECT s.account_id, e.*
FROM (
    SELECT account_id, since, ($5::timestamptz[])[first:last] AS instants
    FROM unnest($1::uuid[], $2::date[], $3::int[], $4::int[]) AS v (account_id, since, first, last)
    OFFSET 0
) AS s
CROSS JOIN LATERAL (
    SELECT effective_on, posted_on, min(taken_at), sum(amount_minor)::bigint
    FROM payment
    WHERE account_id = s.account_id AND effective_on >= s.since AND status = 'posted'
    GROUP BY effective_on, posted_on, width_bucket(taken_at, s.instants)
) AS e
"""
_NEXT_INSTANT: Final = timedelta(microseconds=1)
"""The resolution of an instant in PostgreSQL."""
# An account that is open, has always owed and was never bankrupt decides on nothing: most are, and are not read.
# A state that is on its way here while money is taken back counts that money still, until accounts has heard of it.
_DECISIVE = """
SELECT account_id, status, snapshot_on, charged_off_on, paid_off_on, owed_again_on,
  coalesce(ended_by, restrictions) AS ended_by, coalesce(ended_on, restricted_since) AS ended_on, (
    SELECT min(least(p.effective_on, coalesce(p.booked_on, p.posted_on)))
    FROM reversal AS r JOIN payment AS p USING (payment_id)
    WHERE r.account_id = v.account_id AND p.unapplied_reason IS NULL AND p.payment_id <> ALL (v.reversed_payments)
) AS doubted_from
FROM account_view AS v
WHERE account_id = ANY($1::uuid[])
  AND (status = 'charged_off' OR paid_off_on <> '{}' OR coalesce(ended_by, restrictions) <> '{}')
"""
_DATES = """
SELECT creditor_id, coalesce(e.evaluated_on, c.business_date) AS judged_on
FROM creditor_view AS c LEFT JOIN evaluation AS e USING (creditor_id)
WHERE creditor_id = ANY($1::uuid[])
"""


async def load_entries(tx: Tx, starts: Mapping[UUID, Sequence[Start]]) -> dict[UUID, list[Entry]]:
    """Load the unreversed money from the first of an account's starts on, by account, added up as far as they allow.

    An account has far more payments than days, and far more of both than promises and arrangements: what is loaded
    grows with the days on which money came.
    """
    days, ends, instants = [], [0], []
    for mine in starts.values():
        days.append(min(start.made_on for start in mine))
        # Before, at and after it are three: `width_bucket` counts the instants that are not after an entry.
        instants += sorted({at for start in mine for at in (start.made_at, start.made_at + _NEXT_INSTANT)})
        ends.append(len(instants))
    firsts = [end + 1 for end in ends[:-1]]
    entries: dict[UUID, list[Entry]] = defaultdict(list)
    for account_id, *entry in await tx.fetch(_ENTRIES, list(starts), days, firsts, ends[1:], instants):
        entries[account_id].append(Entry(*entry))
    return entries


async def load_account_facts(tx: Tx, account_ids: Sequence[UUID]) -> dict[UUID, AccountFacts]:
    """Load what the newest states of the accounts mean to their promises, by account; most mean nothing."""
    return {
        row["account_id"]: account_facts(
            status=row["status"],
            snapshot_on=row["snapshot_on"],
            charged_off_on=row["charged_off_on"],
            payoffs=zip(row["paid_off_on"], row["owed_again_on"], strict=True),
            doubted_from=row["doubted_from"],
            ended_by=zip(row["ended_by"], row["ended_on"], strict=True),
        )
        for row in await tx.fetch(_DECISIVE, account_ids)
    }


async def load_judged_dates(tx: Tx, creditor_ids: Collection[UUID]) -> dict[UUID, date]:
    """The business date on which each creditor's promises and arrangements are judged."""
    return {row[0]: row[1] for row in await tx.fetch(_DATES, list(creditor_ids)) if row[1] is not None}
