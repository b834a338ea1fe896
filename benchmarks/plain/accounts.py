"""An account's state the plain way: its rows loaded one by one, its state set on the object, its queue found by `if`.

`refresh` is what a payment, a night and an imported row all end with; the rules of the state are the domain's own.
"""

from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.plain.outbox import CLOCK, publish
from services.accounts.domain.account import AccountFacts, AccountStanding, Judged, evaluate, reasons
from services.accounts.domain.commitments import Arrangement, Promise, commitments
from services.accounts.domain.delinquency import LOAN_STAGES, StagePolicy
from services.accounts.domain.ledger import Booking
from services.accounts.domain.ledger import Entry as Posting
from services.accounts.domain.ledger import Reversal as Return
from services.accounts.store.facts import to_snapshot
from services.accounts.tables.accounts import Account
from services.accounts.tables.commitments import ArrangementView, PromiseView
from services.accounts.tables.creditors import AgingPolicy
from services.accounts.tables.entries import Entry, Reversal
from services.accounts.tables.queues import AccountHistory, WorkItem
from services.accounts.tables.registry import MESSAGING
from services.accounts.tables.snapshots import AccountSnapshot
from shared.events.accounts import AccountState, QueueItemChanged
from shared.ids import new_id

_HIGH_BALANCE_MINOR = 1_000_000
_BY_STAGE = {
    "recovery": "recovery",
    "pre_charge_off": "pre_charge_off",
    "late": "late",
    "mid": "mid",
    "early": "early_stage",
}
_SEEN = ("balance_minor", "past_due_minor", "oldest_unpaid_due_on", "bucket", "stage")


async def refresh(session: AsyncSession, account: Account, business_date: date, *, is_new: bool = False) -> None:
    """Bring an account's row up to date with its facts, publish what changed, and move it to its queue."""
    snapshot = await _snapshot(session, account.account_id)
    facts = await _facts(session, account.account_id, snapshot)
    policy = await session.get(AgingPolicy, (account.creditor_id, account.product_class))
    stages = (
        LOAN_STAGES
        if policy is None
        else StagePolicy(policy.early_from, policy.mid_from, policy.late_from, policy.pre_charge_off_from)
    )
    standing = evaluate(facts, business_date, stages)
    before = None if is_new else _judged(account)
    seen = [getattr(account, name) for name in _SEEN]
    account.snapshot_on = snapshot.business_date
    for name in _SEEN:
        setattr(account, name, getattr(standing, name))
    account.next_due_on = standing.next_due.due_on if standing.next_due else None
    account.next_aging_on = standing.next_aging_on
    await _commit_to(session, account)
    found = reasons(before, _judged(account)) if is_new or seen != [getattr(account, name) for name in _SEEN] else ()
    for reason in found:
        account.version += 1
        state = _state(account, standing, business_date)
        await publish(session, MESSAGING.outbox, f"account.{reason}", state, version=account.version)
        if reason != "updated":
            await _remember(session, account, standing, business_date, f"account.{reason}")
    await _move(session, account, business_date)
    session.add(account)
    await session.flush()


async def _snapshot(session: AsyncSession, account_id: UUID) -> AccountSnapshot:
    found = await session.exec(
        select(AccountSnapshot)
        .where(AccountSnapshot.account_id == account_id, col(AccountSnapshot.is_absent).is_(False))
        .order_by(col(AccountSnapshot.business_date).desc())
        .limit(1)
    )
    return found.one()


async def _facts(session: AsyncSession, account_id: UUID, snapshot: AccountSnapshot) -> AccountFacts:
    entries = await session.exec(
        select(Entry).where(Entry.account_id == account_id, col(Entry.contained_on) > snapshot.business_date)
    )
    returned = await session.exec(select(Reversal).where(Reversal.account_id == account_id))
    return AccountFacts(
        to_snapshot(snapshot.model_dump()),
        entries=[
            Posting(
                each.payment_id,
                each.amount_minor,
                each.dues_minor,
                each.effective_on,
                Booking("core" if each.origin == "core" else "ours", each.posted_on, each.booked_on),
                (each.source_ref, each.source),
            )
            for each in entries
        ],
        reversals={
            each.payment_id: Return(
                each.payment_id,
                each.effective_on,
                Booking("core" if each.origin == "core" else "ours", each.posted_on, each.booked_on),
            )
            for each in returned
        },
    )


async def _commit_to(session: AsyncSession, account: Account) -> None:
    """Set what predicates read of promises and arrangements."""
    promises = await session.exec(select(PromiseView).where(PromiseView.account_id == account.account_id))
    agreed = await session.exec(select(ArrangementView).where(ArrangementView.account_id == account.account_id))
    found = commitments(
        [Promise(each.status, each.due_on, each.made_on, each.resolved_on) for each in promises],
        [Arrangement(each.status, each.made_at, each.next_due_on) for each in agreed],
        account.oldest_unpaid_due_on,
    )
    account.open_promise_due_on = found.open_promise_due_on
    account.broken_promise_on = found.broken_promise_on
    account.broken_promise_count = found.broken_promise_count
    account.arrangement_status = found.arrangement_status
    account.follow_up_due_on = found.follow_up_due_on


def _judged(account: Account) -> Judged:
    return Judged(account.status, account.bucket, account.stage, account.past_due_minor)


def _state(account: Account, standing: AccountStanding, business_date: date) -> AccountState:
    names = AccountState.model_fields.keys() & Account.model_fields.keys()
    return AccountState(
        **{name: getattr(account, name) for name in names},
        days_past_due=standing.days_past_due,
        past_due_by_bucket=dict(standing.past_due_by_bucket),
        business_date=business_date,
    )


async def _remember(
    session: AsyncSession, account: Account, standing: AccountStanding, business_date: date, kind: str
) -> None:
    session.add(
        AccountHistory(
            history_id=new_id(),
            account_id=account.account_id,
            creditor_id=account.creditor_id,
            at=CLOCK.now(),
            business_date=business_date,
            kind=kind,
            detail={
                "bucket": standing.bucket,
                "stage": standing.stage,
                "days_past_due": standing.days_past_due,
                "balance_minor": standing.balance_minor,
                "past_due_minor": standing.past_due_minor,
            },
        )
    )


def queue_of(account: Account) -> str | None:
    """The queue of an account by the shipped definitions, as far as the books of the benchmarks need them."""
    if account.open_promise_due_on or account.arrangement_status in ("active", "at_risk"):
        return "arrangement_follow_up"
    if account.past_due_minor <= 0:
        return None
    if account.stage in ("recovery", "pre_charge_off"):
        return account.stage
    if account.balance_minor >= _HIGH_BALANCE_MINOR:
        return "high_balance"
    return _BY_STAGE.get(account.stage)


async def _move(session: AsyncSession, account: Account, business_date: date) -> None:
    """Close the account's open item when it leaves its queue, and open one where it goes."""
    found = await session.exec(
        select(WorkItem).where(WorkItem.account_id == account.account_id, col(WorkItem.closed_at).is_(None))
    )
    item = found.first()
    queue = queue_of(account)
    priority = (
        account.balance_minor if queue in ("recovery", "pre_charge_off", "high_balance") else account.past_due_minor
    )
    if item is not None and item.queue == queue:
        item.priority = priority
        session.add(item)
        return
    if item is not None:
        item.status, item.closed_at, item.version = "superseded", CLOCK.now(), item.version + 1
        item.exited_on, item.exit_reason = business_date, "left" if queue is None else "moved"
        session.add(item)
        await session.flush()
        await publish(session, MESSAGING.outbox, "queue.item_exited", _event(item), version=item.version)
    if queue is not None:
        item = WorkItem(
            work_item_id=new_id(),
            account_id=account.account_id,
            creditor_id=account.creditor_id,
            queue=queue,
            priority=priority,
            reasons=[queue],
            is_offerable=True,
            status="open",
            entered_on=business_date,
            entered_at=CLOCK.now(),
        )
        session.add(item)
        await session.flush()
        await publish(session, MESSAGING.outbox, "queue.item_entered", _event(item), version=item.version)
    account.queue = queue


def _event(item: WorkItem) -> QueueItemChanged:
    return QueueItemChanged(
        creditor_id=item.creditor_id,
        account_id=item.account_id,
        work_item_id=item.work_item_id,
        queue=item.queue,
        priority=item.priority,
        reasons=tuple(item.reasons),
        exit_reason=item.exit_reason,
    )
