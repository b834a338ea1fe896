"""A worked example: a comment of Supplement I to 12 CFR part 1006, told anew, and what the decision has to be.

An example is a function that yields claims. Each claim names the rule that is asked, what the comment expects of it,
and the decision that came; the register holds them all, for the tests and for the report.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from services.compliance.domain.decide import Decision
from services.compliance.domain.evaluate import RuleResult

FORBIDDEN, FREE = "forbidden", "not forbidden"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is asked, and whether the rule is expected to forbid it; `not_before`: when it must let go."""

    asked: str
    rule_id: str
    expected: str
    decision: Decision
    not_before: datetime | None = None
    disclosure: str | None = None

    @property
    def result(self) -> RuleResult | None:
        """What the rule said; None: it was not in force, or did not look at this contact."""
        return next((each for each in self.decision.rules if each.rule.rule_id == self.rule_id), None)

    @property
    def got(self) -> str:
        """What the rule made of it."""
        result = self.result
        if result is None:
            return "not looked at"
        return FORBIDDEN if result.outcome in {"block", "block_until"} else FREE

    @property
    def holds(self) -> bool:
        """Whether the decision is what the comment says: the rule, the whole, the time, the disclosure."""
        result = self.result
        if self.got != self.expected or result is None:
            return False
        if self.expected == FREE and not self.decision.is_allowed:
            return False
        if self.disclosure is not None and self.disclosure not in result.finding.disclosures:
            return False
        return self.not_before is None or result.finding.not_before == self.not_before

    @property
    def citation(self) -> str:
        """Where the rule stands."""
        return self.result.rule.citation if self.result is not None else ""


Tell = Callable[[], Iterator[Claim]]


@dataclass(frozen=True, slots=True)
class Example:
    """One worked example, by the number of its comment."""

    comment: str
    told: str
    tell: Tell

    @property
    def claims(self) -> list[Claim]:
        """What the example claims, decided now."""
        return list(self.tell())


EXAMPLES: list[Example] = []


def example(comment: str, told: str) -> Callable[[Tell], Tell]:
    """Register a worked example under its comment's number, told in a sentence."""

    def register(tell: Tell) -> Tell:
        EXAMPLES.append(Example(comment, told, tell))
        return tell

    return register


def forbidden(asked: str, rule_id: str, decision: Decision, *, not_before: datetime | None = None) -> Claim:
    """The comment says that this contact is prohibited, or presumed to violate; `not_before` when it no longer is."""
    return Claim(asked, rule_id, FORBIDDEN, decision, not_before)


def free(asked: str, rule_id: str, decision: Decision, *, disclosure: str | None = None) -> Claim:
    """The comment says that this rule does not prohibit the contact; no other rule of law may do so here either."""
    return Claim(asked, rule_id, FREE, decision, disclosure=disclosure)
