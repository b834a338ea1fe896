"""The client's own book: what it sent, what was acknowledged, and what must therefore be there, once each.

An acknowledgement is a 2xx answer, or the broker's word that it has a message. What was sent without one may be there
or not, but never twice. Nothing here asks the services how they count.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Json = dict[str, Any]
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """A payment as the client knows it: from the core (a message) or taken by us (HTTP)."""

    number: str
    amount: int
    day: date
    is_core: bool = False


@dataclass(slots=True)
class Findings:
    """What an observer found that must not be. All zero: the promise was kept."""

    lost: int = 0
    twice: int = 0
    wrong: int = 0
    details: list[str] = field(default_factory=list)

    def add(self, kind: str, count: int, detail: str) -> None:
        """Count a finding; only the first details are kept."""
        if not count:
            return
        setattr(self, kind, getattr(self, kind) + count)
        self.details.append(f"{kind}: {detail}")

    def name(self, kind: str, what: str, found: Iterable[str]) -> None:
        """Count findings by their names; the first are told."""
        every = sorted(found)
        self.add(kind, len(every), f"{len(every)} {what}: {_some(every)}")

    def tally(self, what: str, told: Collection[str], there: Iterable[str]) -> None:
        """Each that somebody was told of is there once, and no other is."""
        found = Counter(there)
        self.name("lost", what, set(told) - found.keys())
        self.name("twice", what, [key for key, count in found.items() if count > 1])
        self.name("twice", f"{what} that nobody was told of", found.keys() - set(told))

    def merge(self, other: "Findings") -> None:
        """Add what another observer found."""
        self.lost += other.lost
        self.twice += other.twice
        self.wrong += other.wrong
        self.details += other.details

    @property
    def is_clean(self) -> bool:
        """True when nothing was found."""
        return not (self.lost or self.twice or self.wrong)


@dataclass(slots=True)
class Book:
    """Everything that one client did. References are source references, ids those that the service answered."""

    opening: dict[str, int] = field(default_factory=dict)
    payments: dict[str, Sent] = field(default_factory=dict)
    """Acknowledged, by source reference."""
    doubtful: dict[str, Sent] = field(default_factory=dict)
    """Sent, and given up before an answer came."""
    ids: dict[str, str] = field(default_factory=dict)
    """The payment id of the first acknowledgement of a source reference."""
    reversed: set[str] = field(default_factory=set)
    """Source references whose reversal was acknowledged."""
    promises: dict[str, str] = field(default_factory=dict)
    """Promise id to account number."""
    arrangements: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    """Answers that must never be given, as they came."""

    def acknowledge(self, reference: str, sent: Sent, payment_id: str | None = None) -> None:
        """Note a payment as acknowledged; the second acknowledgement of one must name the same payment."""
        self.payments[reference] = sent
        self.doubtful.pop(reference, None)
        if payment_id is not None and self.ids.setdefault(reference, payment_id) != payment_id:
            self.complaints.append(f"{reference} is payment {self.ids[reference]} and {payment_id}")

    def complain_to(self, findings: Findings) -> None:
        """Say which answers should not have been given. It needs nothing that must be at rest, or even up."""
        findings.add("wrong", len(self.complaints), _some(self.complaints))

    def compare(self, seen: "Seen") -> Findings:
        """Hold what is there against what was acknowledged."""
        findings = Findings()
        self._compare_payments(seen, findings)
        self._compare_balances(seen, findings)
        findings.tally("promises", self.promises, [each["id"] for each in seen.promises])
        findings.tally("arrangements", self.arrangements, [each["id"] for each in seen.arrangements])
        findings.name("wrong", "arrangements", [each["id"] for each in seen.arrangements if not _is_judged_right(each)])
        return findings

    def _compare_payments(self, seen: "Seen", findings: Findings) -> None:
        rows: dict[str, list[Json]] = defaultdict(list)
        for row in seen.payments:
            rows[row["source_ref"]].append(row)
        findings.name("lost", "payments", self.payments.keys() - rows.keys())
        findings.name("twice", "payments", [reference for reference, found in rows.items() if len(found) > 1])
        known = self.payments | self.doubtful
        findings.name("wrong", "payments that nobody sent", rows.keys() - known.keys())
        wrong = [
            reference
            for reference, (row, *_) in rows.items()
            if reference in known
            and (
                row["amount_minor"] != known[reference].amount
                or self.ids.get(reference, row["payment_id"]) != row["payment_id"]
                or row["status"] not in {"posted", "reversed"}
                or sum(line["amount_minor"] for line in row["allocation"]) != row["amount_minor"]
            )
        ]
        findings.name("wrong", "payments", wrong)
        reversed_now = {reference for reference, (row, *_) in rows.items() if row["status"] == "reversed"}
        findings.name("lost", "reversals", self.reversed - reversed_now)
        findings.name("wrong", "reversals that nobody sent", reversed_now - self.reversed)

    def _compare_balances(self, seen: "Seen", findings: Findings) -> None:
        """By what the client knows, and the doubtful payments that turned out to be there."""
        there = {row["source_ref"] for row in seen.payments}
        expected = dict(self.opening)
        for reference, sent in (self.payments | self.doubtful).items():
            if (reference in self.payments or reference in there) and reference not in self.reversed:
                expected[sent.number] -= sent.amount
        wrong = [
            f"{number}: {seen.balances.get(number)} for {amount}"
            for number, amount in expected.items()
            if seen.balances.get(number) != amount
        ]
        findings.name("wrong", "balances", wrong)


@dataclass(slots=True)
class Seen:
    """What the services show of one creditor when they have come to rest."""

    payments: list[Json]
    promises: list[Json]
    arrangements: list[Json]
    balances: dict[str, int]


def _is_judged_right(arrangement: Json) -> bool:
    """An arrangement is completed exactly when its scheduled sum was paid; broken ones stay so though money comes."""
    if arrangement["status"] in {"broken", "cancelled"}:
        return True
    is_paid = arrangement["paid_minor"] >= arrangement["total_minor"] - arrangement["tolerance_minor"]
    return bool((arrangement["status"] == "completed") == is_paid)


def _some(found: list[str]) -> str:
    return ", ".join(found[:_SHOWN]) + (" ..." if len(found) > _SHOWN else "")
