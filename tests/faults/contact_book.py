"""The agency's own book of contacts: what was acknowledged, and must therefore be there, once each."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tests.e2e.bank import Json
from tests.faults.book import Findings

Rows = Iterable[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Placed:
    """A call that was let out."""

    number: str
    permit_id: str
    placed_at: datetime


@dataclass(slots=True)
class ContactBook:
    """What the agency was told. Keys are ids that a service answered."""

    attempts: dict[str, Placed] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    permits: dict[str, str] = field(default_factory=dict)
    """Those that were asked for at compliance itself: permit to account number."""
    restrictions: dict[str, str] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)
    """Account numbers whose member must not be called any more, and since when, in words."""

    def compare(self, attempts: list[Json], restrictions: list[Json], permits: Rows) -> Findings:
        """Hold what is there against what was acknowledged."""
        findings = Findings()
        there = {row["attempt_id"]: row for row in attempts}
        findings.tally("attempts", self.attempts, [row["attempt_id"] for row in attempts])
        wrong = [
            attempt_id
            for attempt_id, placed in self.attempts.items()
            if attempt_id in there
            and (
                there[attempt_id]["permit_id"] != placed.permit_id
                or there[attempt_id]["result_code"] != self.outcomes.get(attempt_id)
            )
        ]
        findings.name("wrong", "attempts", wrong)
        findings.tally("restrictions", self.restrictions, [row["restriction_id"] for row in restrictions])
        counted = Counter(str(row["permit_id"]) for row in permits)
        used = {placed.permit_id for placed in self.attempts.values()}
        findings.name("lost", "permits", (used | self.permits.keys()) - counted.keys())
        return findings
