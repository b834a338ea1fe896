"""The account row: what it says of a standing, and saving the rows that changed.

The work list's own columns (restrictions, calling group, escalation) and those of pauses are written here only when an
account is opened.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from services.accounts.domain.account import AccountStanding, Judged
from services.accounts.domain.commitments import Commitments
from services.accounts.domain.delinquency import delinquent_days
from services.accounts.store.pauses import paused
from services.accounts.store.payoffs import payoffs_of
from services.accounts.store.predicates import PLACED_BY
from services.accounts.store.restrictions import ended_by, restrictions_of
from services.accounts.tables.accounts import ACCOUNT
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx
from shared.events.accounts import AccountState, PausedDays, Payoff

Row = Mapping[str, Any]

# What other services see of an account. A change of anything else is saved and not published.
_PUBLIC = (
    "party_id",
    "product_class",
    "status",
    "balance_minor",
    "past_due_minor",
    "oldest_unpaid_due_on",
    "bucket",
    "stage",
    "principal_minor",
    "interest_minor",
    "fees_minor",
    "charged_off_on",
    "paid_off_on",
    "owed_again_on",
    "reversed_payments",
)
_FROM_SNAPSHOT = (
    "party_id",
    "product_class",
    "status",
    "opened_on",
    "credit_limit_minor",
    "principal_minor",
    "interest_minor",
    "fees_minor",
)
_DESCRIBED = (
    *_FROM_SNAPSHOT,
    "charged_off_on",
    "paid_off_on",
    "owed_again_on",
    "reversed_payments",
    "snapshot_on",
    "is_absent",
    "open_promise_due_on",
    "broken_promise_on",
    "broken_promise_count",
    "arrangement_status",
    "follow_up_due_on",
)
_MOVED = (
    "account_id",
    "balance_minor",
    "past_due_minor",
    "oldest_unpaid_due_on",
    "bucket",
    "stage",
    "next_due_on",
    "next_aging_on",
    "queue",
    "version",
)
_OWN = ("queue", "restrictions", "escalated_at", "calling_group")
_JUDGED_BY = tuple(name for name in PLACED_BY if name not in {"account_id", "creditor_id", *_OWN})
_TO_PLACE = ("account_id", "creditor_id", *_OWN, *_JUDGED_BY)
_public, _described, _moved = itemgetter(*_PUBLIC), itemgetter(*_DESCRIBED), itemgetter(*_MOVED)
_own, _judged_by = itemgetter(*_OWN), itemgetter(*_JUDGED_BY)


class Newcomer(NamedTuple):
    """What identifies an account that has no row yet."""

    creditor_id: UUID
    core_account_number: str
    currency: str


async def creditor_of(tx: Tx, account_id: UUID) -> UUID | None:
    """Whose the account is, or None when there is no such account."""
    creditor_id: UUID | None = await tx.fetchval("SELECT creditor_id FROM account WHERE account_id = $1", account_id)
    return creditor_id


async def load_accounts(tx: Tx, account_ids: Iterable[UUID]) -> dict[UUID, Row]:
    """The rows of the accounts that exist, by id."""
    return {row["account_id"]: row for row in await load_rows(tx, ACCOUNT, "account_id", sorted(set(account_ids)))}


def account_row(
    snapshot_row: Row, standing: AccountStanding, committed: Commitments, *, is_absent: bool
) -> dict[str, Any]:
    """The computed columns of an account."""
    return {
        **{name: snapshot_row[name] for name in _FROM_SNAPSHOT},
        "snapshot_on": snapshot_row["business_date"],
        "is_absent": is_absent,
        "balance_minor": standing.balance_minor,
        "past_due_minor": standing.past_due_minor,
        "oldest_unpaid_due_on": standing.oldest_unpaid_due_on,
        "bucket": standing.bucket,
        "stage": standing.stage,
        "next_due_on": standing.next_due.due_on if standing.next_due else None,
        "next_aging_on": standing.next_aging_on,
        "open_promise_due_on": committed.open_promise_due_on,
        "broken_promise_on": committed.broken_promise_on,
        "broken_promise_count": committed.broken_promise_count,
        "arrangement_status": committed.arrangement_status,
        "follow_up_due_on": committed.follow_up_due_on,
    }


def row_to_place(account_id: UUID, who: Newcomer, before: Row | None, after: Row) -> Row:
    """What decides the queue of an account that is about to be saved."""
    own = (None, after["restrictions"], None, after["calling_group"]) if before is None else _own(before)
    return dict(zip(_TO_PLACE, (account_id, who.creditor_id, *own, *_judged_by(after)), strict=True))


def differs(before: Row, after: Row) -> bool:
    """Whether any column changed."""
    return any(before[name] != value for name, value in after.items())


def is_public_change(before: Row, after: Row) -> bool:
    """Whether other services would see a difference."""
    return bool(_public(before) != _public(after))


def judged(row: Row) -> Judged:
    """What of a row decides why it is published."""
    return Judged(row["status"], row["bucket"], row["stage"], row["past_due_minor"])


def account_state(
    account_id: UUID,
    who: Newcomer,
    row: Row,
    standing: AccountStanding,
    business_date: date,
    *,
    own: Row,
) -> AccountState:
    """The event payload of an account. `own` is the row with its pauses and restrictions, which `row` may lack."""
    pauses = paused(own) if "paused" in own else ()  # an account that is being opened has none
    return AccountState(
        creditor_id=who.creditor_id,
        account_id=account_id,
        party_id=row["party_id"],
        product_class=row["product_class"],
        status=row["status"],
        currency=who.currency,
        balance_minor=standing.balance_minor,
        past_due_minor=standing.past_due_minor,
        days_past_due=standing.days_past_due,
        delinquent_days=delinquent_days(standing.oldest_unpaid_due_on, business_date, pauses),
        pauses=tuple(PausedDays(starts_on=each.starts_on, ends_on=each.ends_on) for each in pauses),
        oldest_unpaid_due_on=standing.oldest_unpaid_due_on,
        bucket=standing.bucket,
        stage=standing.stage,
        past_due_by_bucket=dict(standing.past_due_by_bucket),
        business_date=business_date,
        snapshot_on=row["snapshot_on"],
        principal_minor=row["principal_minor"],
        interest_minor=row["interest_minor"],
        fees_minor=row["fees_minor"],
        charged_off_on=row["charged_off_on"],
        payoffs=tuple(
            Payoff(paid_off_on=each.paid_off_on, owed_again_on=each.owed_again_on) for each in payoffs_of(row) or ()
        ),
        reversed_payments=row["reversed_payments"],
        restrictions=restrictions_of(own),
        ended_by=ended_by(own),
    )


async def save_accounts(tx: Tx, opened: Sequence[Row], changed: Sequence[tuple[Row, Row]]) -> None:
    """Writes new rows and changed ones (before and after), one statement each.

    Where money alone has moved, as in nearly every batch, only the columns that money moves are written.
    """
    await insert_rows(tx, ACCOUNT, opened)
    rows: Sequence[Row] = [after for _, after in changed]
    if all(_described(before) == _described(after) for before, after in changed):
        rows = [dict(zip(_MOVED, _moved(row), strict=True)) for row in rows]
    await update_rows(tx, ACCOUNT, rows, key=["account_id"])
