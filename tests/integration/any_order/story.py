"""Random histories of a few accounts of one creditor: what happened, not yet in which order it arrives.

A story holds facts only. What an HTTP call means can depend on when it is made, so calls stand at fixed points: the
start, the middle and the end. Messages, files and business dates may come in any order around them.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

PRODUCTS = ["closed_end_loan", "credit_card", "share_negative", "mortgage", "commercial"]
FREQUENCIES = ["weekly", "biweekly", "semimonthly", "monthly", "quarterly", "once", None]
STARTS = [date(2024, 1, 31), date(2024, 2, 28), date(2025, 2, 15), date(2025, 12, 31), date(2026, 3, 30)]
DIRECTED = [["interest", "principal"], ["principal", "fees"], ["principal_only"], ["escrow", "costs"], ["fees"]]

USED_AGAIN = 0.4
"""How often an account with a promise or an arrangement is paid off and used again."""


@dataclass
class Row:
    """What the core says of an account at the close of a day; an absence is a complete file without it."""

    on: date
    balance: int
    past_due: int = 0
    oldest: date | None = None
    installment: int | None = None
    frequency: str | None = None
    next_due: date | None = None
    status: str = "open"
    is_absent: bool = False


@dataclass
class Payment:
    """A payment of the core, or of ours with the phase of its call; with its echo and its reversal."""

    ref: str
    amount: int
    effective: date
    posted: date
    allocation: list[tuple[str, int]] | None = None
    phase: int | None = None
    booked: date | None = None
    reversed_on: date | None = None
    reversal_phase: int | None = None
    reversal_booked: date | None = None
    moved_from: "Payment | None" = None
    """Its money was misapplied to this one; a reallocation moved it here."""

    @property
    def is_core(self) -> bool:
        return self.phase is None

    @property
    def dues(self) -> int:
        if self.allocation is None:
            return self.amount
        return sum(amount for component, amount in self.allocation if component in {"interest", "principal", "escrow"})


@dataclass(eq=False)
class Word:
    """A promise or an arrangement, made at the START; `at` is its place among the calls there."""

    kind: str
    at: int
    installments: list[tuple[date, int]]
    tolerance: int = 0
    grace: int = 0


@dataclass
class AccountStory:
    """One account: the rows in the order of their dates, the payments, and what was promised."""

    number: str
    product: str
    rows: list[Row]
    payments: list[Payment] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)


class Story:
    """A creditor with some accounts; the same seed tells the same story."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.start = self.chance.choice(STARTS)
        self.middle = self.start + timedelta(days=self.chance.randint(8, 25))
        self.end = self.middle + timedelta(days=self.chance.randint(8, 45))
        self.phases = [self.start, self.middle, self.end]
        self.payday = self._day(1, 20)
        self.absent_on = self._day(3, 40) if self.chance.random() < 0.5 else None
        self.absent_again_on = None
        if self.absent_on and self.chance.random() < 0.5:
            self.absent_again_on = self.absent_on + timedelta(days=self.chance.randint(2, 15))
        self.accounts = [self._account(n) for n in range(self.chance.randint(2, 3))]
        for account in self.accounts:
            for one in list(account.payments):
                if one.phase is not None and one.reversed_on is None and self.chance.random() < 0.3:
                    self._move(one)

    def moved(self, one: Payment) -> tuple[AccountStory, Payment] | None:
        """Where the money of a misapplied payment went."""
        return next(
            ((account, other) for account in self.accounts for other in account.payments if other.moved_from is one),
            None,
        )

    def _day(self, first: int, last: int) -> date:
        return self.start + timedelta(days=self.chance.randint(first, last))

    def _account(self, n: int) -> AccountStory:
        chance = self.chance
        product = chance.choice(PRODUCTS)
        has_words = chance.random() < 0.6
        rows = [self._row(self.start, is_begun=has_words)]
        taken = {self.start}
        if has_words and chance.random() < USED_AGAIN:
            rows += self._used_again()
            taken |= {row.on for row in rows}
        for offset in chance.sample(range(-20, 45), chance.randint(0, 3)):
            on = self.start + timedelta(days=offset)
            if on not in taken | {self.absent_on, self.absent_again_on}:
                rows.append(self._row(on))
                taken.add(on)
        if n == 0:
            rows += [Row(on, 0, is_absent=True) for on in (self.absent_on, self.absent_again_on) if on]
        story = AccountStory(f"A{n}", product, sorted(rows, key=lambda row: row.on))
        story.payments = [self._payment(f"A{n}-P{k}") for k in range(chance.randint(1, 5))]
        if has_words:
            self._promise(story)
        return story

    def _used_again(self) -> list[Row]:
        """Its money paid it off, or a row says so; soon after something small is owed again."""
        paid_off_on = self._day(2, 20)
        again = Row(paid_off_on + timedelta(days=self.chance.randint(1, 8)), self.chance.choice([137, 4_000, 20_000]))
        rows = [Row(paid_off_on, self.chance.choice([0, 0, -250])), again][self.chance.randint(0, 1) :]
        return [row for row in rows if row.on not in {self.absent_on, self.absent_again_on}]

    def _move(self, one: Payment) -> None:
        """A reallocation: its money belongs to another account, or to another day."""
        phase = self.chance.choice([phase for phase in (0, 1, 2) if phase >= (one.phase or 0)])
        day = self.phases[phase]
        one.reversal_phase, one.reversed_on = phase, day
        effective = self.chance.choice([one.effective, one.effective - timedelta(days=4)])
        moved = Payment(f"{one.ref}-moved", one.amount, effective, day, None, phase, moved_from=one)
        self.chance.choice(self.accounts).payments.append(moved)

    def _row(self, on: date, *, is_begun: bool = False) -> Row:
        """One close; `is_begun`: something is promised on it, so that it is open and owes."""
        chance = self.chance
        installment = chance.choice([None, 4_000, 5_000, 10_000])
        behind = chance.randint(0, 4)
        past_due = behind * (installment or 3_000) - (chance.choice([0, 0, 1_500]) if behind else 0)
        return Row(
            on=on,
            balance=chance.choice([1, 1, 1, 0]) * chance.randint(20_000, 120_000)
            if not is_begun
            else chance.choice([20_000, 90_000, 900_000]),
            past_due=past_due,
            oldest=on - timedelta(days=chance.choice([1, 12, 28, 31, 45, 60, 75, 130])) if past_due else None,
            installment=installment,
            frequency=chance.choice(FREQUENCIES),
            next_due=on + timedelta(days=chance.randint(-30, 40)) if chance.random() < 0.7 else None,
            status="open" if is_begun else chance.choice(["open"] * 5 + ["charged_off"] * 2 + ["closed"]),
        )

    def _payment(self, ref: str) -> Payment:
        chance = self.chance
        amount = chance.choice([1_500, 4_000, 5_000, 10_000, 25_000])
        allocation = None
        if chance.random() < 0.35:
            components = chance.choice(DIRECTED)
            first = amount if len(components) == 1 else chance.randint(1, amount - 1)
            allocation = list(zip(components, [first, amount - first], strict=False))
        if chance.random() < 0.5:
            return self._of_ours(ref, amount, allocation)
        effective = self.payday if chance.random() < 0.4 else self._day(-12, 40)
        posted = effective + timedelta(days=chance.choice([0, 0, 1, 4]))
        if effective == self.start:  # whether it came before or after a promise of that day would depend on the order
            posted = effective + timedelta(days=1)
        made = Payment(ref, amount, effective, posted, allocation)
        if chance.random() < 0.4:
            made.reversed_on = posted + timedelta(days=chance.randint(0, 12))
        return made

    def _of_ours(self, ref: str, amount: int, allocation: list[tuple[str, int]] | None) -> Payment:
        chance = self.chance
        phase = chance.choice([0, 1, 1, 2])
        day = self.phases[phase]
        made = Payment(ref, amount, day + timedelta(days=chance.choice([-9, -1, 0, 0, 3])), day, allocation, phase)
        if chance.random() < 0.2:
            made.posted += timedelta(days=chance.choice([-3, 1, 5]))
        if chance.random() < 0.6:
            made.booked = day + timedelta(days=chance.randint(0, 4))
        if chance.random() < 0.4:
            made.reversal_phase = chance.choice([one for one in (0, 1, 2) if one >= phase])
            made.reversed_on = self.phases[made.reversal_phase]
            if chance.random() < 0.5:
                made.reversal_booked = made.reversed_on + timedelta(days=chance.randint(0, 3))
        return made

    def _promise(self, story: AccountStory) -> None:
        chance = self.chance
        calls = len([one for one in story.payments if one.phase == 0])
        for kind in chance.choice([["promise"], ["promise", "promise"], ["arrangement"], ["promise", "arrangement"],
                                   ["arrangement", "promise"]]):  # fmt: skip
            at = chance.randint(0, calls)
            if kind == "promise":
                story.words.append(Word(kind, at, [(self._day(0, 25), chance.choice([2_000, 5_000, 12_000]))]))
                continue
            days = sorted(chance.sample(range(30), chance.randint(1, 3)))
            amounts = [chance.choice([2_000, 5_000, 9_000]) for _ in days]
            installments = [(self.start + timedelta(days=n), amount) for n, amount in zip(days, amounts, strict=True)]
            story.words.append(Word(kind, at, installments, chance.choice([0, 0, 500]), chance.choice([0, 0, 3])))
        story.words.sort(key=lambda word: word.at)


def sent_row(account: AccountStory, row: Row) -> dict[str, Any]:
    """A row as the core writes it."""
    stated = {
        "core_account_number": account.number,
        "product_class": account.product,
        "currency": "USD",
        "balance_minor": row.balance,
        "past_due_minor": row.past_due,
        "oldest_unpaid_due_on": row.oldest and row.oldest.isoformat(),
        "installment_minor": row.installment,
        "frequency": row.frequency,
        "next_due_on": row.next_due and row.next_due.isoformat(),
        "status": row.status,
        "party_number": f"M-{account.number}",
    }
    return {name: value for name, value in stated.items() if value is not None}
