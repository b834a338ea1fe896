"""What payments knows of accounts and creditors: loads the facts to decide on, and keeps the views up to date.

A view follows the highest aggregate version that was seen; an older state changes nothing, whenever it arrives.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.payments.domain.allocation import Owed
from services.payments.domain.posting import Account, Creditor
from services.payments.tables.payments import ACCOUNT_VIEW
from shared.db.sets import load_rows, upsert_rows
from shared.db.transaction import Tx
from shared.events.accounts import AccountState, CreditorUpdated

FURTHEST_ZONE = timedelta(hours=14)
"""Kiribati: where a creditor's zone is not known yet, no calendar is further ahead than this one (UTC+14)."""

_ACCOUNTS = """
SELECT account_id, creditor_id, currency, product_class, status, business_date, snapshot_on,
       principal_minor, interest_minor, fees_minor, restrictions
FROM account_view WHERE account_id = ANY($1::uuid[])
"""

_CREDITORS = "SELECT creditor_id, business_date, time_zone FROM creditor_view WHERE creditor_id = ANY($1::uuid[])"

_PAID = """
SELECT account_id, component, sum(amount_minor)::bigint AS amount_minor
FROM (
  SELECT p.account_id, a.component, a.amount_minor
  FROM unnest($1::uuid[], $2::date[]) AS v (account_id, snapshot_on)
  JOIN payment p ON p.account_id = v.account_id AND p.unapplied_reason IS NULL AND p.status <> 'unapplied'
    AND greatest(p.posted_on, p.booked_on) >= v.snapshot_on
  JOIN allocation a ON a.payment_id = p.payment_id
  WHERE NOT CASE
      WHEN p.origin = 'core' THEN p.posted_on <= v.snapshot_on
      WHEN p.booked_on IS NOT NULL THEN p.booked_on <= v.snapshot_on
      ELSE p.posted_on < v.snapshot_on
    END
  UNION ALL
  SELECT r.account_id, a.component, -a.amount_minor
  FROM unnest($1::uuid[], $2::date[]) AS v (account_id, snapshot_on)
  JOIN reversal r ON r.account_id = v.account_id
  JOIN payment p ON p.payment_id = r.payment_id AND p.unapplied_reason IS NULL
  JOIN allocation a ON a.payment_id = r.payment_id
  WHERE NOT CASE
      WHEN r.origin = 'core' THEN r.posted_on <= v.snapshot_on
      WHEN r.booked_on IS NOT NULL THEN r.booked_on <= v.snapshot_on
      ELSE r.posted_on < v.snapshot_on
    END
) AS beyond
GROUP BY account_id, component
"""
"""What was paid beyond the snapshot that the figures stand as of, less what went back beyond it.

Contained is what `domain.allocation.is_contained` says. By the later of its two days an index finds what may be beyond:
what an account has paid in years is not read for each payment. A payment that the snapshot holds and a later reversal
takes back is owed again: its part is negative.
"""

_SAVE_CREDITORS = """
INSERT INTO creditor_view AS t (creditor_id, aggregate_version, currency, time_zone, business_date)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::date[])
ON CONFLICT (creditor_id) DO UPDATE SET
  aggregate_version = excluded.aggregate_version,
  currency = excluded.currency,
  time_zone = excluded.time_zone,
  business_date = greatest(t.business_date, excluded.business_date)
WHERE t.aggregate_version < excluded.aggregate_version
"""

_SAVE_BUSINESS_DATES = """
INSERT INTO creditor_view AS t (creditor_id, aggregate_version, business_date)
SELECT creditor_id, -1, business_date FROM unnest($1::uuid[], $2::date[]) AS v (creditor_id, business_date)
ON CONFLICT (creditor_id) DO UPDATE SET business_date = excluded.business_date
WHERE t.business_date IS NULL OR t.business_date < excluded.business_date
"""

_VIEWED = (
    "creditor_id",
    "party_id",
    "product_class",
    "status",
    "stage",
    "currency",
    "balance_minor",
    "past_due_minor",
    "oldest_unpaid_due_on",
    "business_date",
    "snapshot_on",
    "principal_minor",
    "interest_minor",
    "fees_minor",
    "charged_off_on",
)


async def load_accounts(tx: Tx, account_ids: Collection[UUID]) -> dict[UUID, Account]:
    """The accounts that have been announced, by id."""
    found: dict[UUID, Account] = {}
    for row in await tx.fetch(_ACCOUNTS, list(account_ids)):
        account_id, creditor_id, currency, product_class, status, business_date, snapshot_on, *owed, restrictions = row
        found[account_id] = Account(
            creditor_id, currency, product_class, status, business_date, snapshot_on, Owed(*owed), restrictions
        )
    return found


async def load_creditors(tx: Tx, creditor_ids: Collection[UUID]) -> dict[UUID, Creditor]:
    """The days of the creditors asked for, by id; one that was not announced has no business date."""
    rows = {row["creditor_id"]: row for row in await tx.fetch(_CREDITORS, list(creditor_ids))} if creditor_ids else {}
    return {creditor_id: _creditor(tx, rows.get(creditor_id)) for creditor_id in creditor_ids}


async def load_paid(tx: Tx, accounts: Mapping[UUID, Account]) -> dict[UUID, dict[str, int]]:
    """What payments less reversals beyond each account's snapshot paid, minor units by component; may be negative."""
    paid: dict[UUID, dict[str, int]] = {}
    if accounts:
        days = [account.snapshot_on for account in accounts.values()]
        for account_id, component, amount_minor in await tx.fetch(_PAID, list(accounts), days):
            paid.setdefault(account_id, {})[component] = amount_minor
    return paid


async def save_accounts(tx: Tx, states: Iterable[tuple[AccountState, int]]) -> set[UUID]:
    """Keep the newest state of each account; return the accounts whose view changed. Their locks are held."""
    newest: dict[UUID, tuple[AccountState, int]] = {}
    for state, version in states:
        if state.account_id not in newest or newest[state.account_id][1] < version:
            newest[state.account_id] = (state, version)
    held = await load_rows(tx, ACCOUNT_VIEW, "account_id", list(newest))
    versions = {row["account_id"]: row["aggregate_version"] for row in held}
    rows: list[dict[str, Any]] = [
        {
            "account_id": account_id,
            "aggregate_version": version,
            **{name: getattr(state, name) for name in _VIEWED},
            "paid_off_on": [one.paid_off_on for one in state.payoffs],
            "owed_again_on": [one.owed_again_on for one in state.payoffs],
            "reversed_payments": None if state.reversed_payments is None else list(state.reversed_payments),
            "restrictions": [one.kind for one in state.restrictions],
            "restricted_since": [one.since_on for one in state.restrictions],
            "ended_by": None if state.ended_by is None else [one.kind for one in state.ended_by],
            "ended_on": None if state.ended_by is None else [one.since_on for one in state.ended_by],
        }
        for account_id, (state, version) in newest.items()
        if versions.get(account_id, -1) < version
    ]
    await upsert_rows(tx, ACCOUNT_VIEW, rows, key=["account_id"])
    return {row["account_id"] for row in rows}


async def save_creditors(tx: Tx, states: Sequence[tuple[CreditorUpdated, int]]) -> None:
    """Keep the newest state of each creditor. The guard is in the statement: creditors are locked shared only."""
    newest = {state.creditor_id: (state, version) for state, version in sorted(states, key=lambda item: item[1])}
    ordered = [newest[creditor_id] for creditor_id in sorted(newest)]
    await tx.execute(
        _SAVE_CREDITORS,
        [state.creditor_id for state, _ in ordered],
        [version for _, version in ordered],
        [state.currency for state, _ in ordered],
        [state.time_zone for state, _ in ordered],
        [state.business_date for state, _ in ordered],
    )
    # A business date counts whatever the version that told it: it only grows.
    await save_business_dates(tx, [(state.creditor_id, state.business_date) for state, _ in states])


async def save_business_dates(tx: Tx, dates: Iterable[tuple[UUID, date | None]]) -> None:
    """Move business dates forward, never back."""
    latest: dict[UUID, date] = {}
    for creditor_id, day in dates:
        if day is not None:
            latest[creditor_id] = max(day, latest.get(creditor_id, day))
    if latest:
        ordered = sorted(latest)
        await tx.execute(_SAVE_BUSINESS_DATES, ordered, [latest[creditor_id] for creditor_id in ordered])


def _creditor(tx: Tx, row: Mapping[str, Any] | None) -> Creditor:
    zone = row["time_zone"] if row is not None else None
    local_date = tx.clock.today(zone) if zone else (tx.clock.now() + FURTHEST_ZONE).date()
    return Creditor(row["business_date"] if row is not None else None, local_date)
