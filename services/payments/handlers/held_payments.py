"""Posts the payments that waited: for their account, for its currency, or for their day.

They are posted in the order of (effective_on, posted_on, payment_id), whatever the order in which they came. One that
went back meanwhile is posted and reversed, so that consumers learn both. One that still does not fit goes on waiting.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.payments.domain.payment import moved
from services.payments.domain.posting import (
    Account,
    Creditor,
    UnappliedReason,
    allocation_of,
    business_date_of,
    why_held,
)
from services.payments.handlers.facts import publish_posted, publish_reversed, publish_unapplied
from services.payments.store.payments import Row, Stored, insert_allocations, load_held, update_payments
from services.payments.store.reversals import load_reversals, update_reversals
from services.payments.store.views import load_accounts, load_creditors, load_paid
from shared.db.transaction import Tx


@dataclass(slots=True)
class _Release:
    """What is known while held payments are posted, and what is to be saved."""

    tx: Tx
    accounts: Mapping[UUID, Account]
    creditors: Mapping[UUID, Creditor]
    paid: dict[UUID, dict[str, int]]
    reversals: Mapping[UUID, Row]
    causes: Mapping[UUID, UUID]
    payments: list[dict[str, Any]] = field(default_factory=list)
    allocations: list[tuple[UUID, Any]] = field(default_factory=list)
    reversed_on: list[dict[str, Any]] = field(default_factory=list)
    mismatched: list[dict[str, Any]] = field(default_factory=list)


async def post_held(
    tx: Tx, account_ids: Collection[UUID], causes: Mapping[UUID, UUID] | None = None
) -> dict[UUID, UUID]:
    """Post what waits for these accounts; return the payments that count now, with their accounts. Locks are held."""
    held = await load_held(tx, account_ids)
    if not held:
        return {}
    waiting = {payment.row["account_id"] for payment in held.values()}
    accounts = await load_accounts(tx, waiting)
    release = _Release(
        tx,
        accounts,
        await load_creditors(tx, {account.creditor_id for account in accounts.values()}),
        await load_paid(tx, accounts),
        await load_reversals(tx, [key for key, payment in held.items() if payment.row["status"] == "reversed"]),
        causes or {},
    )
    for payment in held.values():
        account = accounts.get(payment.row["account_id"])
        if account is None:
            continue
        creditor = release.creditors[account.creditor_id]
        row = payment.row
        reason = why_held(account, creditor, row["currency"], row["effective_on"], row["posted_on"])
        if reason is None:
            _post(release, payment, account)
        else:
            _keep(release, payment, reason)
    await update_payments(tx, release.payments)
    await update_payments(tx, release.mismatched)
    await insert_allocations(tx, release.allocations)
    await update_reversals(tx, release.reversed_on)
    posted = [row["payment_id"] for row in release.payments if row["status"] == "posted"]
    return {payment_id: held[payment_id].row["account_id"] for payment_id in posted}


def _keep(release: _Release, payment: Stored, reason: UnappliedReason) -> None:
    """Say once why it goes on waiting."""
    if payment.row["unapplied_reason"] != reason:
        row = {**payment.row, "unapplied_reason": reason}
        release.mismatched.append({"payment_id": row["payment_id"], "unapplied_reason": row["unapplied_reason"]})
        publish_unapplied(release.tx, row, cause=release.causes.get(row["account_id"]))


def _post(release: _Release, payment: Stored, account: Account) -> None:
    row, cause = payment.row, release.causes.get(payment.row["account_id"])
    posted_on = row["posted_on"] or business_date_of(account, release.creditors[account.creditor_id])
    paid = release.paid.setdefault(row["account_id"], {})
    allocation, basis = allocation_of(row["amount_minor"], payment.allocation or None, account, posted_on, paid)
    change = {
        "payment_id": row["payment_id"],
        "status": row["status"] if row["status"] == "reversed" else moved(row["status"], "posted"),
        "unapplied_reason": None,
        "posted_on": posted_on,
        "allocation_basis": basis,
        "review_reasons": list(account.restrictions),
    }
    release.payments.append(change)
    publish_posted(release.tx, Stored({**row, **change}, allocation), cause=cause)
    if not payment.allocation:
        release.allocations.append((row["payment_id"], allocation))
    if row["status"] == "reversed":
        _reverse(release, release.reversals[row["payment_id"]], posted_on, cause)
        return
    for line in allocation:
        paid[line.component] = paid.get(line.component, 0) + line.amount_minor


def _reverse(release: _Release, reversal: Row, posted_on: Any, cause: UUID | None) -> None:
    """Publish the reversal of what was just posted. Without a day of its own it was booked with its payment."""
    row = {**reversal, "posted_on": reversal["posted_on"] or posted_on}
    release.reversed_on.append({"reversal_id": row["reversal_id"], "posted_on": row["posted_on"]})
    publish_reversed(release.tx, row, cause=cause)
