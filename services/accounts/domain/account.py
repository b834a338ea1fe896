"""The state of an account: one pure function of its facts and a business date, and the reasons to publish a change.

Nothing here remembers: the same snapshots, entries, reversals and date give the same standing in whatever order they
came (invariant 8). Source: the published surface, "What the words mean". Amounts are minor units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

from services.accounts.domain.delinquency import (
    Bucket,
    Stage,
    StagePolicy,
    bucket_of,
    days_past_due,
    next_aging_on,
    past_due_by_bucket,
)
from services.accounts.domain.dues import Due, Dues, Snapshot, dues_of
from services.accounts.domain.ledger import Entry, OnTop, Reversal, Settled, on_top, settle

Reason = Literal["opened", "charged_off", "cured", "aged", "updated"]


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Everything that decides the state of an account.

    Attributes:
        snapshot: The latest one (of one date: the last received) that states the account.
        is_absent: A complete file, later than it, left the account out.
        entries: Payments: at least all that the snapshot does not contain, and all that were returned on top of it.
        reversals: By payment id.
        history: The earlier snapshots, where `ledger.needs_history`.
    """

    snapshot: Snapshot
    is_absent: bool = False
    entries: Sequence[Entry] = ()
    reversals: Mapping[UUID, Reversal] = field(default_factory=dict)
    history: Sequence[Snapshot] = ()


class AccountStanding(NamedTuple):
    """The state of an account at a business date.

    `past_dues` are the unpaid dues past due, oldest first; `next_due` is the first unpaid one that is not.
    """

    balance_minor: int
    past_due_minor: int
    days_past_due: int
    oldest_unpaid_due_on: date | None
    bucket: Bucket
    stage: Stage
    past_due_by_bucket: Mapping[str, int]
    past_dues: tuple[Due, ...]
    next_due: Due | None
    next_aging_on: date | None


def evaluate(facts: AccountFacts, business_date: date, stages: StagePolicy) -> AccountStanding:
    """The state of the account at `business_date`, counting every posted entry."""
    snapshot = facts.snapshot
    effect = on_top(snapshot, facts.entries, facts.reversals, facts.history)
    balance = snapshot.balance_minor + effect.balance_minor
    is_charged_off = snapshot.status == "charged_off"
    if balance <= 0:
        settled = Settled((), None)
    elif is_charged_off:
        settled = _owed(snapshot, balance)
    elif facts.is_absent:
        settled = Settled((), None)
    else:
        # A file dated after the business date takes effect at once.
        settled = _settled(dues_of(snapshot), effect, balance, max(business_date, snapshot.business_date))
    past_dues, next_due = settled.past_due, settled.next_due
    oldest = past_dues[0].due_on if past_dues else None
    days = days_past_due(oldest, business_date)
    next_due_on = next_due.due_on if next_due else None
    return AccountStanding(
        balance_minor=balance,
        past_due_minor=sum(due.amount_minor for due in past_dues),
        days_past_due=days,
        oldest_unpaid_due_on=oldest,
        bucket=bucket_of(days),
        stage="recovery" if is_charged_off and past_dues else stages.stage(days),
        past_due_by_bucket=past_due_by_bucket(past_dues, business_date),
        past_dues=past_dues,
        next_due=next_due,
        # A due at the cut-off date of a file from the future is past due only once the business date has passed it.
        next_aging_on=next_aging_on(oldest, next_due_on, business_date, None if is_charged_off else stages),
    )


def _owed(snapshot: Snapshot, balance: int) -> Settled:
    """A charged-off debt: all that is owed is past due since the same day; part payments neither re-age nor cure."""
    return Settled(dues_of(snapshot._replace(balance_minor=balance)).past, None)


def _settled(dues: Dues, effect: OnTop, balance: int, cutoff: date) -> Settled:
    single = sorted((*dues.past, *effect.returned))
    return settle(single, dues.upcoming, effect.dues_money_minor, balance, cutoff)


def as_of(facts: AccountFacts, day: date) -> AccountFacts:
    """The facts that count for a past day: entries and reversals effective by then, as known now.

    The snapshot must be the one that ruled that day.
    """
    return replace(
        facts,
        entries=[entry for entry in facts.entries if entry.effective_on <= day],
        reversals={key: reversal for key, reversal in facts.reversals.items() if reversal.effective_on <= day},
    )


class Judged(NamedTuple):
    """What of an account's state decides why a change is published."""

    status: str
    bucket: str
    stage: str
    past_due_minor: int


def reasons(before: Judged | None, after: Judged) -> tuple[Reason, ...]:
    """Why a changed account is published, one event for each: `updated` only where nothing else says it.

    `before` is None for an account that was not there.
    """
    found: list[Reason] = []
    if before is None:
        found.append("opened")
    if after.status == "charged_off" and (before is None or before.status != "charged_off"):
        found.append("charged_off")
    if before is not None:
        if before.past_due_minor > 0 and after.past_due_minor == 0:
            found.append("cured")
        if (before.bucket, before.stage) != (after.bucket, after.stage):
            found.append("aged")
    return tuple(found) or ("updated",)
