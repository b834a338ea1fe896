"""Every rule in force for one case, each with what its check found and what that alone makes of the contact."""

from collections.abc import Container
from enum import StrEnum
from typing import NamedTuple

from services.compliance.domain.case import Case
from services.compliance.domain.checks import CHECKS
from services.compliance.domain.checks.finding import NOT_APPLICABLE, Finding, Result
from services.compliance.domain.facts import Creditor
from services.compliance.domain.rules import InScope, Question, Rule, RuleBook, Shape

_NATURAL_PERSON = "natural_person"


class Outcome(StrEnum):
    """What a decision says, from the least to the most restrictive."""

    ALLOW = "allow"
    ALLOW_WITH = "allow_with"
    NEEDS_REVIEW = "needs_review"
    BLOCK_UNTIL = "block_until"
    BLOCK = "block"


BLOCKING = frozenset({Outcome.BLOCK, Outcome.BLOCK_UNTIL})
"""The outcomes that forbid a contact, for now or for good."""


class RuleResult(NamedTuple):
    """One rule and what its check found; `outcome` is what the rule alone would make of the contact."""

    rule: Rule
    finding: Finding
    outcome: Outcome


def evaluate(
    case: Case,
    book: RuleBook,
    findings: dict[Question, Finding],
    settled: Container[Question] = (),
    *,
    with_drafts: bool,
) -> tuple[RuleResult, ...]:
    """Each rule in force at the case's moment, with its result; none while the creditor is not known.

    `findings` gets what was found, by question: rules that ask the same share one answer. A rule whose question is
    `settled` is left out.
    """
    creditor = case.facts.creditor
    if creditor is None:
        return ()
    results = []
    for rule, question in _in_force(case, creditor, book, with_drafts=with_drafts):
        if question is None:
            results.append(RuleResult(rule, NOT_APPLICABLE, _ALLOW))
        elif question in settled:
            continue
        elif rule.rule_id in creditor.policies_off and rule.force(creditor.kind) == "policy":
            results.append(RuleResult(rule, _SWITCHED_OFF, _ALLOW))
        else:
            finding = findings.get(question)
            if finding is None:
                finding = findings[question] = _EVALUATE[question.check](case, question.params)
            is_plain = (finding.result is _PASS or finding.result is _NOT_APPLICABLE) and not finding.disclosures
            results.append(RuleResult(rule, finding, _ALLOW if is_plain else _outcome(rule, finding)))
    return tuple(results)


def _in_force(case: Case, creditor: Creditor, book: RuleBook, *, with_drafts: bool) -> tuple[InScope, ...]:
    shape = case.memo.get(Shape)
    if shape is None:
        shape = case.memo[Shape] = _shape(case, book)
    return book.in_scope(creditor.kind, case.jurisdictions, case.days, shape, with_drafts=with_drafts)


def _shape(case: Case, book: RuleBook) -> Shape:
    request, party = case.request, case.facts.party
    return Shape(
        request.channel,
        request.purpose,
        request.direction,
        request.recipient,
        request.traits,
        (party.kind if party is not None else None) or _NATURAL_PERSON,
        frozenset([book.shape_of(debt) for debt in case.asked_debts]),
    )


_EVALUATE = {name: check.evaluate for name, check in CHECKS.items()}
_SWITCHED_OFF = Finding(Result.NOT_APPLICABLE, {"switched_off": True})
_PASS, _NOT_APPLICABLE = Result.PASS, Result.NOT_APPLICABLE
_ALLOW = Outcome.ALLOW


def _outcome(rule: Rule, finding: Finding) -> Outcome:
    """What one rule makes of its finding: a failed review rule, and a fact that is missing, go to a person or block."""
    if finding.result is Result.FAIL:
        if rule.effect == "require_review":
            return Outcome.NEEDS_REVIEW
        return Outcome.BLOCK if finding.not_before is None else Outcome.BLOCK_UNTIL
    if finding.result is Result.UNKNOWN:
        return Outcome.BLOCK if rule.fail_mode == "block" else Outcome.NEEDS_REVIEW
    return Outcome.ALLOW_WITH if finding.disclosures else Outcome.ALLOW
