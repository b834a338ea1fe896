"""Brings accounts up to date with their facts: the one place where an account's state is decided, saved and published.

Every handler that changes a fact ends here. The state is computed whole from the facts, so what came first does not
matter; only rows that differ are written, and only what others can see is published. The caller holds the locks.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.accounts.domain.account import AccountStanding, Reason, evaluate, reasons
from services.accounts.domain.commitments import commitments
from services.accounts.domain.ledger import Booking
from services.accounts.domain.membership import Placement
from services.accounts.handlers.queue_membership import find_queues, move_items
from services.accounts.store.accounts import (
    Newcomer,
    account_row,
    account_state,
    differs,
    is_public_change,
    judged,
    load_accounts,
    row_to_place,
    save_accounts,
)
from services.accounts.store.aging_policies import Policies, load_policies
from services.accounts.store.creditors import load_creditors
from services.accounts.store.facts import Loaded, add_commitments, load_facts
from services.accounts.store.history import HistoryFact, record_history
from services.accounts.store.newcomers import newcomer_columns
from services.accounts.store.turning_points import TurningPoints, load_turning_points
from shared.db.transaction import Tx
from shared.events.envelope import EPOCH_BITS

Row = Mapping[str, Any]


@dataclass(slots=True)
class Recomputed:
    """What changed: why each published account was, and how many accounts changed queue."""

    reasons: dict[UUID, tuple[Reason, ...]] = field(default_factory=dict)
    queues_changed: int = 0

    def count(self, reason: Reason) -> int:
        """How many accounts were published for this reason."""
        return sum(reason in found for found in self.reasons.values())


@dataclass(slots=True)
class _Change:
    """One account: its row before (None: new), its computed columns after, and why it is published."""

    account_id: UUID
    who: Newcomer
    before: Row | None
    after: dict[str, Any]
    standing: AccountStanding
    business_date: date
    reasons: tuple[Reason, ...]
    version: int


async def recompute(
    tx: Tx,
    account_ids: Iterable[UUID],
    *,
    changed_from: Mapping[UUID, date] | None,
    before: Mapping[UUID, Row] | None = None,
    newcomers: Mapping[UUID, Newcomer] | None = None,
    causes: Mapping[UUID, UUID] | None = None,
    restated: Collection[UUID] = (),
    version_epoch: int = 0,
) -> Recomputed:
    """Evaluates the accounts at their creditors' business dates, saves what differs and publishes what is seen.

    Args:
        tx: The transaction; it holds the accounts' locks and their creditors' shared ones.
        account_ids: The accounts touched. One without a snapshot waits: its facts are kept.
        changed_from: The first snapshot date that is or contains something new, of accounts with a new snapshot or
            posting. None: nothing is known, all is told from the first snapshot on.
        before: Their rows, where the caller has loaded them under the locks.
        newcomers: Who the accounts are that may have no row yet.
        causes: The event that touched each account, for the trace.
        restated: Accounts of whose row the caller has changed something that others see: published in any case.
        version_epoch: The service's, the high bits of versions.
    """
    ids = sorted(set(account_ids))
    before = await load_accounts(tx, ids) if before is None else before
    seen = {account_id: row["snapshot_on"] for account_id, row in before.items()}
    loaded = await load_facts(tx, ids, seen=seen)
    if not loaded:
        return Recomputed()
    await add_commitments(tx, loaded)
    who = {**(newcomers or {}), **{account_id: _newcomer(row) for account_id, row in before.items()}}
    points = await load_turning_points(tx, loaded, before, changed_from)
    creditor_ids = {who[account_id].creditor_id for account_id in loaded}
    dates = await _business_dates(tx, creditor_ids)
    judge = _Judge(dates, await load_policies(tx, creditor_ids), points, restated, version_epoch)
    changes = [
        judge.change(account_id, who[account_id], before.get(account_id), one)
        for account_id, one in loaded.items()
        if who[account_id].creditor_id in dates
    ]
    placements = await _place(tx, changes, dates)
    await _save(tx, changes)
    _publish(tx, changes, causes or {})
    await record_history(tx, _history(changes))
    moved = await move_items(tx, placements, version_epoch=version_epoch)
    return Recomputed({each.account_id: each.reasons for each in changes if each.reasons}, moved.changed)


async def _business_dates(tx: Tx, creditor_ids: Collection[UUID]) -> dict[UUID, date]:
    """Those of the creditors that have one: the accounts of the others wait."""
    return {
        creditor_id: creditor.business_date
        for creditor_id, creditor in (await load_creditors(tx, creditor_ids)).items()
        if creditor.business_date is not None
    }


async def _place(tx: Tx, changes: Sequence[_Change], dates: Mapping[UUID, date]) -> Sequence[Placement]:
    """Finds the queue of each account, which new ones can only be in with what else they begin with."""
    await _add_own(tx, [each for each in changes if each.before is None])
    placements = await find_queues(tx, [row_to_place(e.account_id, e.who, e.before, e.after) for e in changes], dates)
    queues = {each.account_id: each.queue for each in placements}
    for each in changes:
        each.after["queue"] = queues[each.account_id]
    return placements


async def _add_own(tx: Tx, opened: Sequence[_Change]) -> None:
    """What else accounts begin with: the restrictions that were told before they came, and when they may be called."""
    own = await newcomer_columns(
        tx, {each.account_id: (each.who.creditor_id, each.after["party_id"]) for each in opened}
    )
    for each in opened:
        each.after |= own[each.account_id]


def _newcomer(row: Row) -> Newcomer:
    return Newcomer(row["creditor_id"], row["core_account_number"], row["currency"])


@dataclass(frozen=True, slots=True)
class _Judge:
    """What a batch judges its accounts by."""

    dates: Mapping[UUID, date]
    policies: Policies
    points: TurningPoints
    restated: Collection[UUID]
    version_epoch: int

    def change(self, account_id: UUID, who: Newcomer, before: Row | None, one: Loaded) -> _Change:
        business_date = self.dates[who.creditor_id]
        facts = one.facts
        standing = evaluate(facts, business_date, self.policies.of(who.creditor_id, facts.snapshot.product_class))
        committed = commitments(one.promises, one.arrangements, standing.oldest_unpaid_due_on)
        after = account_row(one.row, standing, committed, is_absent=facts.is_absent)
        after |= self.points.columns(account_id, one)
        found: tuple[Reason, ...] = ()
        is_restated = account_id in self.restated
        if before is None or is_restated or is_public_change(before, after) or _took_in(before["snapshot_on"], one):
            found = reasons(None if before is None else judged(before), judged(after))
        version = max(0 if before is None else before["version"], self.version_epoch << EPOCH_BITS)
        return _Change(account_id, who, before, after, standing, business_date, found, version)


def _took_in(seen: date, one: Loaded) -> bool:
    """Whether the ruling snapshot contains a posting that the one before it did not.

    Its components then stand after that posting: a reader must learn it, even where all amounts are the same.
    """
    if seen == one.facts.snapshot.business_date:
        return False

    def crossed(booking: Booking) -> bool:
        return (booking.contained_on <= seen) != (booking.contained_on <= one.facts.snapshot.business_date)

    facts = one.facts
    bookings = [each.booking for each in facts.entries] + [each.booking for each in facts.reversals.values()]
    return any(map(crossed, bookings))


async def _save(tx: Tx, changes: Sequence[_Change]) -> None:
    opened: list[Row] = []
    changed: list[tuple[Row, Row]] = []
    for each in changes:
        version = each.version + len(each.reasons)
        if each.before is None:
            opened.append(
                {
                    "account_id": each.account_id,
                    "creditor_id": each.who.creditor_id,
                    "core_account_number": each.who.core_account_number,
                    "currency": each.who.currency,
                    **each.after,
                    "version": version,
                }
            )
        elif each.reasons or differs(each.before, each.after):
            changed.append((each.before, {"account_id": each.account_id, **each.after, "version": version}))
    await save_accounts(tx, opened, changed)


def _publish(tx: Tx, changes: Sequence[_Change], causes: Mapping[UUID, UUID]) -> None:
    for each in changes:
        if not each.reasons:
            continue
        own = each.before or each.after
        state = account_state(each.account_id, each.who, each.after, each.standing, each.business_date, own=own)
        for nth, reason in enumerate(each.reasons, start=1):
            tx.emit(f"account.{reason}", state, version=each.version + nth, causation=causes.get(each.account_id))


def _history(changes: Sequence[_Change]) -> list[HistoryFact]:
    return [
        HistoryFact(
            account_id=each.account_id,
            creditor_id=each.who.creditor_id,
            business_date=each.business_date,
            kind=f"account.{reason}",
            detail={
                "bucket": each.standing.bucket,
                "stage": each.standing.stage,
                "days_past_due": each.standing.days_past_due,
                "balance_minor": each.standing.balance_minor,
                "past_due_minor": each.standing.past_due_minor,
            },
        )
        for each in changes
        for reason in each.reasons
        if reason != "updated"
    ]
