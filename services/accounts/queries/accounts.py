"""Reads of one account: now or as of a past day, and its balance item by item.

A past day counts the entries effective by then, as known now, on the latest snapshot of that day or before.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.accounts.domain.account import AccountFacts, AccountStanding, as_of, evaluate
from services.accounts.domain.delinquency import days_past_due, delinquent_days
from services.accounts.schemas.accounts import AccountOut, BalanceItemOut, BalanceOut, DueOut
from services.accounts.store.aging_policies import load_policies
from services.accounts.store.creditors import Creditor, load_creditors
from services.accounts.store.facts import load_facts
from services.accounts.store.pauses import paused
from shared.db.transaction import Tx
from shared.errors import Refusal

_UNKNOWN = Refusal("account-unknown", "there is no such account")
_SELECT = "SELECT a.*, c.business_date FROM account a JOIN creditor c ON c.creditor_id = a.creditor_id"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account judged on a day: its row, its ruling snapshot as stored, the facts that counted, and the result."""

    row: Mapping[str, Any]
    snapshot_row: Mapping[str, Any]
    facts: AccountFacts
    day: date
    standing: AccountStanding


async def load_standing(
    tx: Tx, account_id: UUID, creditors: Collection[UUID] | None, day: date | None = None
) -> Standing | Refusal:
    """Judges one account, at the business date or as of a past day. `creditors` None: every one may be seen."""
    row = await _visible(tx, account_id, creditors)
    if row is None:
        return _UNKNOWN
    creditor: Creditor = (await load_creditors(tx, [row["creditor_id"]]))[row["creditor_id"]]
    today = creditor.business_date or row["snapshot_on"]
    if day is not None and day > today:
        return Refusal("as-of-in-future", f"the business date is {today}", "as_of")
    loaded = await load_facts(tx, [account_id], day=day or date.max)
    if account_id not in loaded:
        return Refusal("as-of-before-history", "there is no snapshot of that day or before", "as_of")
    one = loaded[account_id]
    facts = one.facts if day is None else as_of(one.facts, day)
    stages = (await load_policies(tx, [creditor.creditor_id])).of(creditor.creditor_id, facts.snapshot.product_class)
    return Standing(row, one.row, facts, day or today, evaluate(facts, day or today, stages))


async def get_account(
    tx: Tx, account_id: UUID, creditors: Collection[UUID] | None, day: date | None
) -> AccountOut | Refusal:
    """One account, now or as of a past day."""
    if day is None:
        row = await _visible(tx, account_id, creditors)
        return _UNKNOWN if row is None else account_now(row, row["business_date"] or row["snapshot_on"])
    found = await load_standing(tx, account_id, creditors, day)
    if isinstance(found, Refusal):
        return found
    row, snapshot, standing = found.row, found.snapshot_row, found.standing
    return AccountOut(
        account_id=account_id,
        creditor_id=row["creditor_id"],
        core_account_number=row["core_account_number"],
        party_id=snapshot["party_id"],
        product_class=snapshot["product_class"],
        status=snapshot["status"],
        currency=row["currency"],
        balance_minor=standing.balance_minor,
        past_due_minor=standing.past_due_minor,
        days_past_due=standing.days_past_due,
        delinquent_days=delinquent_days(standing.oldest_unpaid_due_on, found.day, paused(row)),
        oldest_unpaid_due_on=standing.oldest_unpaid_due_on,
        next_due_on=standing.next_due.due_on if standing.next_due else None,
        bucket=standing.bucket,
        stage=standing.stage,
        queue=None,
        restrictions=list(row["restrictions"]),
        arrangement_status=None,
        is_absent=found.facts.is_absent,
        snapshot_on=snapshot["business_date"],
        as_of=day,
        version=row["version"],
    )


def account_now(row: Mapping[str, Any], business_date: date) -> AccountOut:
    """An account as its row states it, at its creditor's business date."""
    oldest = row["oldest_unpaid_due_on"]
    derived = {
        "as_of": business_date,
        "days_past_due": days_past_due(oldest, business_date),
        "delinquent_days": delinquent_days(oldest, business_date, paused(row)),
    }
    return AccountOut(**{name: row[name] for name in AccountOut.model_fields if name not in derived}, **derived)


async def _visible(tx: Tx, account_id: UUID, creditors: Collection[UUID] | None) -> Mapping[str, Any] | None:
    row: Mapping[str, Any] | None = await tx.fetchrow(f"{_SELECT} WHERE a.account_id = $1", account_id)
    return row if row is not None and (creditors is None or row["creditor_id"] in creditors) else None


async def get_balance(
    tx: Tx, account_id: UUID, creditors: Collection[UUID] | None, day: date | None
) -> BalanceOut | Refusal:
    """How the balance of an account is made."""
    found = await load_standing(tx, account_id, creditors, day)
    if isinstance(found, Refusal):
        return found
    snapshot, standing = found.snapshot_row, found.standing
    return BalanceOut(
        account_id=account_id,
        currency=found.row["currency"],
        as_of=found.day,
        snapshot_on=snapshot["business_date"],
        snapshot_balance_minor=snapshot["balance_minor"],
        items=_items(found.facts),
        balance_minor=standing.balance_minor,
        past_due_minor=standing.past_due_minor,
        dues=[DueOut(due_on=due.due_on, amount_minor=due.amount_minor) for due in standing.past_dues],
        principal_minor=snapshot["principal_minor"],
        interest_minor=snapshot["interest_minor"],
        fees_minor=snapshot["fees_minor"],
    )


def _items(facts: AccountFacts) -> list[BalanceItemOut]:
    """The postings on top of the snapshot, in the order of their effective dates."""
    on = facts.snapshot.business_date
    items = []
    for entry in facts.entries:
        reversal = facts.reversals.get(entry.payment_id)
        if entry.booking.contained_on > on:
            items.append(
                BalanceItemOut(
                    kind="payment",
                    payment_id=entry.payment_id,
                    effective_on=entry.effective_on,
                    posted_on=entry.booking.posted_on,
                    amount_minor=-entry.amount_minor,
                )
            )
        if reversal is not None and reversal.booking.contained_on > on:
            items.append(
                BalanceItemOut(
                    kind="reversal",
                    payment_id=entry.payment_id,
                    effective_on=reversal.effective_on,
                    posted_on=reversal.booking.posted_on,
                    amount_minor=entry.amount_minor,
                )
            )
    return sorted(items, key=lambda item: (item.effective_on, item.posted_on, item.payment_id, item.kind))
