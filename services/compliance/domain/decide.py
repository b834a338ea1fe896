"""May this contact be made? `decide(request, facts, book)`: facts in, decision out, nothing read and nothing changed.

Every rule in force for the role, the places and the day is evaluated, and the most restrictive result stands:
block > block_until (the latest) > needs_review > allow_with > allow. What is not known is never an allow.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.compliance.domain.case import NO_LEEWAY, Case
from services.compliance.domain.checks.finding import Finding
from services.compliance.domain.earliest import earliest_lawful_time
from services.compliance.domain.evaluate import BLOCKING, Outcome, RuleResult, evaluate
from services.compliance.domain.facts import Facts, Request
from services.compliance.domain.rules import Question, RuleBook


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and all that it rests on.

    `not_before`, with block_until alone: the earliest time at which no rule forbids the contact, on what is known now;
    a rule that lacks a fact may still ask for a review then. `missing`: what had to be known and is not. `disclosures`
    and `language` are conditions of an allow; `zones` and `jurisdictions` say where the consumer may be.
    """

    outcome: Outcome
    at: datetime
    not_before: datetime | None
    disclosures: tuple[str, ...]
    language: str | None
    rules: tuple[RuleResult, ...]
    missing: tuple[str, ...]
    zones: tuple[str, ...]
    jurisdictions: tuple[str, ...]

    @property
    def is_allowed(self) -> bool:
        """Whether the contact may be made."""
        return self.outcome in {Outcome.ALLOW, Outcome.ALLOW_WITH}


def decide(
    request: Request, facts: Facts, book: RuleBook, *, with_drafts: bool = False, leeway: timedelta = NO_LEEWAY
) -> Decision:
    """Decide on one contact at `request.at`, by the rules of the book that are in force then.

    `with_drafts`: as if draft rules were active, for simulations. `leeway`: how far the clocks of those who recorded
    the facts may be ahead of the one that shows `request.at`; a call that seems to come after it counts. The facts may
    come in any order.
    """
    case = Case(request, facts, leeway)
    findings: dict[Question, Finding] = {}
    results = evaluate(case, book, findings, with_drafts=with_drafts)
    missing = case.missing if results else (*case.missing, "rules")
    outcome = _strictest(results, is_complete=not missing)
    not_before = None
    if outcome in BLOCKING:
        not_before = earliest_lawful_time(case, results, findings, book, with_drafts=with_drafts)
        outcome = Outcome.BLOCK if not_before is None else Outcome.BLOCK_UNTIL
    case.memo.clear()  # what is in it holds the case: all facts of a decision would wait for the collector
    return Decision(
        outcome=outcome,
        at=case.at,
        not_before=not_before,
        disclosures=tuple(dict.fromkeys(code for result in results for code in result.finding.disclosures)),
        language=next((each.finding.language for each in results if each.finding.language is not None), None),
        rules=results,
        missing=missing,
        zones=case.zones if case.is_located else (),
        jurisdictions=tuple(sorted(case.jurisdictions)),
    )


def _strictest(results: tuple[RuleResult, ...], *, is_complete: bool) -> Outcome:
    found = {result.outcome for result in results}
    if not found.isdisjoint(BLOCKING):
        return Outcome.BLOCK
    if Outcome.NEEDS_REVIEW in found or not is_complete:
        return Outcome.NEEDS_REVIEW
    return Outcome.ALLOW_WITH if Outcome.ALLOW_WITH in found else Outcome.ALLOW
