"""A brute-force account, written from "What the words mean" alone: what the checker and the property tests expect.

It shares nothing with the services. It walks calendars a day at a time and pays dues one after the other, so that it
is slow and plain. `docs/what-the-words-mean.md` holds the sentences; each rule here quotes the words it follows.
Amounts are minor units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from deploy.local.books.due_dates import ONE_DAY, due_dates
from deploy.local.books.postings import Entry, Snapshot, contained

FALL_DUE_BY_THEMSELVES = {"closed_end_loan", "mortgage", "commercial"}
BUCKETS = [
    (0, "current"), (29, "b1_29"), (59, "b30_59"), (89, "b60_89"), (119, "b90_119"), (149, "b120_149"),
    (179, "b150_179"), (10**9, "b180_plus"),
]  # fmt: skip
STAGE_NAMES = ("early", "mid", "late", "pre_charge_off")
STAGE_DAYS = {"share_negative": (1, 15, 30, 45)}
"""From which day past due each stage begins, where the creditor says nothing else."""
OTHER_STAGE_DAYS = (1, 30, 60, 90)
AHEAD = timedelta(days=3653)
"""As far ahead as the money of a part payment can reach: ten years."""


@dataclass(frozen=True)
class Standing:
    """What an account is now."""

    balance: int
    past_due: int
    days_past_due: int
    oldest: date | None
    bucket: str
    stage: str


@dataclass
class AccountModel:
    """Everything that was ever said of one account, in no order."""

    product: str = "closed_end_loan"
    snapshots: Sequence[Snapshot] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    stage_days: Sequence[int] | None = None

    def standing(self, business_date: date) -> Standing:
        """The account aged at the business date, counting every posted entry."""
        ruling, real = self.ruling()
        balance = real.balance
        credit = 0
        given_back: list[tuple[date, int]] = []
        for entry in self.entries.values():
            paid_on_top = not contained(real, entry.posted, entry.booked, is_core=entry.is_core)
            reversed_on_top = entry.reversal_posted is not None and not contained(
                real, entry.reversal_posted, None, is_core=entry.reversal_is_core
            )
            if paid_on_top:
                balance -= entry.amount
                credit += entry.dues
            if reversed_on_top:
                balance += entry.amount
                if paid_on_top:
                    credit -= entry.dues
                elif entry.dues:
                    given_back.append((self._oldest_paid_by(entry, real) or entry.effective, entry.dues))
        if balance <= 0:
            return _current(balance)
        if real.status == "charged_off":
            oldest = real.oldest or real.charged_off or real.on
            days = max(0, (business_date - oldest).days)
            return Standing(balance, balance, days, oldest, _band(BUCKETS, days), "recovery")
        if ruling.is_absent:
            return _current(balance)
        dues = sorted(self._dues(real, max(business_date, real.on)) + given_back)
        open_dues = _pay(dues, credit)
        open_dues = _cut(open_dues, balance)
        past = [(on, amount) for on, amount in open_dues if on < max(business_date, real.on)]
        if not past:
            return _current(balance)
        oldest = past[0][0]
        days = max(0, (business_date - oldest).days)
        return Standing(
            balance, sum(amount for _, amount in past), days, oldest, _band(BUCKETS, days), self._stage(days)
        )

    def _stage(self, days: int) -> str:
        """`current`, `early` from 1 day, `mid` 30, `late` 60, `pre_charge_off` 90 (data per creditor and product)."""
        begins = self.stage_days or STAGE_DAYS.get(self.product, OTHER_STAGE_DAYS)
        return ["current", *(name for name, day in zip(STAGE_NAMES, begins, strict=True) if days >= day)][-1]

    def ruling(self) -> tuple[Snapshot, Snapshot]:
        """The latest date rules (same date: last received)."""
        order = sorted(self.snapshots, key=lambda snapshot: (snapshot.on, snapshot.received))
        return order[-1], [snapshot for snapshot in order if not snapshot.is_absent][-1]

    def _dues(self, snapshot: Snapshot, until: date) -> list[tuple[date, int]]:
        """The dues of a snapshot row up to and with a day."""
        if snapshot.status == "charged_off":
            since = snapshot.oldest or snapshot.charged_off or snapshot.on
            return [(since, snapshot.balance)] if snapshot.balance > 0 else []
        dues: list[tuple[date, int]] = []
        if snapshot.past_due and snapshot.oldest:
            dates = due_dates(snapshot, snapshot.oldest, snapshot.on - ONE_DAY)
            rest = snapshot.past_due
            if snapshot.installment and len(dates) >= 1:
                rest = snapshot.past_due - snapshot.installment * (len(dates) - 1)
            if snapshot.installment and snapshot.frequency and 0 < rest <= snapshot.installment:
                dues = [(dates[0], rest)] + [(on, snapshot.installment) for on in dates[1:]]
            else:
                dues = [(snapshot.oldest, snapshot.past_due)]
        if self.product in FALL_DUE_BY_THEMSELVES and snapshot.status == "open" and snapshot.installment:
            first = self._next_due(snapshot)
            if first:
                dues += [(on, snapshot.installment) for on in due_dates(snapshot, first, until)]
        return dues

    def _next_due(self, snapshot: Snapshot) -> date | None:
        """The first due date on or after the snapshot's date."""
        start = snapshot.next_due
        if start is None and self.product == "closed_end_loan" and snapshot.past_due:
            start = snapshot.oldest
        if start is None:
            return None
        if start >= snapshot.on:
            return start
        dates = [on for on in due_dates(snapshot, start, snapshot.on + timedelta(days=200)) if on >= snapshot.on]
        return dates[0] if dates else None

    def _oldest_paid_by(self, entry: Entry, ruling: Snapshot) -> date | None:
        """The oldest date that a payment had paid, by the snapshot before it."""
        before = [
            snapshot
            for snapshot in self.snapshots
            if not snapshot.is_absent and not contained(snapshot, entry.posted, entry.booked, is_core=entry.is_core)
        ]
        if not before:
            return None
        base = max(before, key=lambda snapshot: (snapshot.on, snapshot.received))
        dues, paid = self._dues(base, ruling.on + AHEAD), 0
        booked = [
            other
            for other in self.entries.values()
            if not contained(base, other.posted, other.booked, is_core=other.is_core)
            and contained(ruling, other.posted, other.booked, is_core=other.is_core)
            and not (
                other.reversal_posted is not None
                and contained(ruling, other.reversal_posted, None, is_core=other.reversal_is_core)
            )
        ]
        for other in sorted(booked, key=lambda one: (one.effective, one.posted, one.id)):
            if other.id == entry.id:
                still_open = _cut(dues, max(0, base.balance - paid))
                return still_open[0][0] if still_open else None
            dues = _pay(dues, other.dues)
            paid += other.dues
        return None


def _pay(dues: list[tuple[date, int]], money: int) -> list[tuple[date, int]]:
    """It pays dues oldest first. A negative sum of money (more taken back than came) pays nothing."""
    left = max(money, 0)
    still_open = []
    for on, amount in dues:
        paid = min(amount, left)
        left -= paid
        if amount > paid:
            still_open.append((on, amount - paid))
    return still_open


def _cut(dues: list[tuple[date, int]], balance: int) -> list[tuple[date, int]]:
    """Open dues never exceed the balance (the latest are cut)."""
    room, kept = balance, []
    for on, amount in dues:
        part = min(amount, room)
        room -= part
        if part:
            kept.append((on, part))
    return kept


def _band(bands: list[tuple[int, str]], days: int) -> str:
    return next(name for last, name in bands if days <= last)


def _current(balance: int) -> Standing:
    return Standing(balance, 0, 0, None, "current", "current")
