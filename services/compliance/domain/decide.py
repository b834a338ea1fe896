"""May this contact be made? `decide(request, facts, book)`: facts in, decision out, nothing read and nothing changed.

Every rule in force for the role, the places and the day is evaluated, and the most restrictive result stands:
block > block_until (the latest) > needs_review > allow_with > allow. What is not known is never an allow.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from services.compliance.domain.case import NEVER, STATED, Case
from services.compliance.domain.checks import CHECKS
from services.compliance.domain.checks.finding import NOT_APPLICABLE, Finding, Result
from services.compliance.domain.facts import Creditor, Facts, Request
from services.compliance.domain.rules import InScope, Question, Rule, RuleBook, Shape

SEARCHED = timedelta(days=400)
"""How far ahead the earliest lawful time is looked for."""
_STEPS = 200
_NATURAL_PERSON = "natural_person"


class Outcome(StrEnum):
    """What a decision says, from the least to the most restrictive."""

    ALLOW = "allow"
    ALLOW_WITH = "allow_with"
    NEEDS_REVIEW = "needs_review"
    BLOCK_UNTIL = "block_until"
    BLOCK = "block"


class RuleResult(NamedTuple):
    """One rule and what its check found; `outcome` is what the rule alone would make of the contact."""

    rule: Rule
    finding: Finding
    outcome: Outcome


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


def decide(request: Request, facts: Facts, book: RuleBook, *, with_drafts: bool = False) -> Decision:
    """Decide on one contact at `request.at`, by the rules of the book that are in force then.

    `with_drafts`: as if draft rules were active, for simulations. The facts may come in any order.
    """
    case = Case(request, facts)
    findings: dict[Question, Finding] = {}
    results = _evaluate(case, book, findings, with_drafts=with_drafts)
    missing = case.missing if results else (*case.missing, "rules")
    outcome = _strictest(results, is_complete=not missing)
    not_before = None
    if outcome in {Outcome.BLOCK, Outcome.BLOCK_UNTIL}:
        not_before = _earliest(case, results, findings, book, with_drafts=with_drafts)
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


def _evaluate(
    case: Case, book: RuleBook, findings: dict[Question, Finding], *, with_drafts: bool
) -> tuple[RuleResult, ...]:
    """Each rule in force at the case's moment, with its result; none while the creditor is not known.

    `findings` gets what was found, by question: rules that ask the same share one answer.
    """
    creditor = case.facts.creditor
    if creditor is None:
        return ()
    results = []
    for rule, question in _in_force(case, creditor, book, with_drafts=with_drafts):
        if question is None:
            results.append(RuleResult(rule, NOT_APPLICABLE, _ALLOW))
        elif rule.rule_id in creditor.policies_off and rule.force(creditor.kind) == "policy":
            results.append(RuleResult(rule, _SWITCHED_OFF, _ALLOW))
        else:
            finding = findings.get(question)
            if finding is None:
                finding = findings[question] = _EVALUATE[question.check](case, question.params)
            is_plain = (finding.result is _PASS or finding.result is _NOT_APPLICABLE) and not finding.disclosures
            results.append(RuleResult(rule, finding, _ALLOW if is_plain else _outcome(rule, finding)))
    return tuple(results)


def _forbidding(
    case: Case, book: RuleBook, settled: Container[Question], findings: dict[Question, Finding], *, with_drafts: bool
) -> list[RuleResult]:
    """The rules that forbid the contact at the case's moment; a question that is `settled` is not asked again.

    `findings` gets what was found, by question.
    """
    creditor = case.facts.creditor
    if creditor is None:
        return []
    found = []
    for rule, question in _in_force(case, creditor, book, with_drafts=with_drafts):
        if question is None or question in settled:
            continue
        if rule.rule_id in creditor.policies_off and rule.force(creditor.kind) == "policy":
            continue
        finding = findings.get(question)
        if finding is None:
            finding = findings[question] = _EVALUATE[question.check](case, question.params)
        if finding.result is not _PASS and (outcome := _outcome(rule, finding)) in _BLOCKING:
            found.append(RuleResult(rule, finding, outcome))
    return found


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


_BLOCKING = frozenset({Outcome.BLOCK, Outcome.BLOCK_UNTIL})


def _strictest(results: tuple[RuleResult, ...], *, is_complete: bool) -> Outcome:
    found = {result.outcome for result in results}
    if not found.isdisjoint(_BLOCKING):
        return Outcome.BLOCK
    if Outcome.NEEDS_REVIEW in found or not is_complete:
        return Outcome.NEEDS_REVIEW
    return Outcome.ALLOW_WITH if Outcome.ALLOW_WITH in found else Outcome.ALLOW


def _earliest(
    case: Case,
    results: tuple[RuleResult, ...],
    findings: dict[Question, Finding],
    book: RuleBook,
    *,
    with_drafts: bool,
) -> datetime | None:
    """The earliest moment at which no rule forbids the contact; None: there is none that is known.

    Each rule says when it alone would let go; no earlier moment than the latest of these can be lawful, so the search
    goes there, looks at all rules again, those that come into force included, and on until nothing forbids.
    """
    settled: set[Question] = set()
    is_static = _is_static(case.facts, case.known)
    blocking = [each for each in results if each.outcome in _BLOCKING]
    for _ in range(_STEPS):
        moment = _next(case, blocking)
        if moment is None or moment > case.known + SEARCHED:
            return None
        settled |= _settled(findings, is_static=is_static)
        findings = {}
        case = case.later(moment)
        blocking = _forbidding(case, book, settled, findings, with_drafts=with_drafts)
        if not blocking:
            return moment
    return None


_TIMELESS = frozenset({"trait_forbidden", "debt_collectable", "disclosure", "language", "jurisdiction_known"})
"""Checks whose result no passing of time changes, on the same facts."""
_EASING = frozenset(
    {
        "contact_count", "min_gap", "open_attempt", "restriction_absent", "dispute_absent", "opted_out",
        "contact_point_usable", "leaked_address", "location_once",
    }
)  # fmt: skip
"""Checks that, once passed, stay passed: counts fall and restrictions end, unless a fact is dated after the request."""
_LASTING = _TIMELESS | _EASING
_EXCUSED = frozenset(
    {
        "call_count", "conversation_cooldown", "designated_place", "workplace", "not_represented", "medium_refused",
        "recipient_allowed",
    }
)  # fmt: skip
"""The same, but a pass may rest on what ends again: a consent, or the one reply."""
_EXCUSES = frozenset({"consents", "reply", "exception"})
_NONE: frozenset[str] = frozenset()


def _settled(findings: Mapping[Question, Finding], *, is_static: bool) -> set[Question]:
    """The questions that will not forbid the contact later either, so that the search need not ask them again."""
    lasting, excused = (_LASTING, _EXCUSED) if is_static else (_TIMELESS, _NONE)
    found = set()
    for question, finding in findings.items():
        check = question.check
        if finding.result is _NOT_APPLICABLE or (
            finding.result is _PASS and (check in lasting or (check in excused and _EXCUSES.isdisjoint(finding.facts)))
        ):
            found.add(question)
    return found


def _is_static(facts: Facts, known: datetime) -> bool:
    """Whether nothing that is known begins after the request, and the consumer is said to be nowhere for a time."""
    later = [each.effective_at for each in facts.restrictions]
    later += [each.requested_at for each in facts.refusals]
    later += [each.known_at for each in facts.representations]
    later += [each.known_at for each in facts.inconvenient_places]
    later += [each.received_at for each in facts.disputes]
    for point in facts.contact_points:
        later += [each for each in (point.wrong_since, point.reassigned_since, point.leaked_since) if each is not None]
    return all(moment <= known for moment in later) and all(each.source != STATED for each in facts.locations)


def _next(case: Case, blocking: list[RuleResult]) -> datetime | None:
    """The first moment worth looking at: when all that forbids has let go, or the consumer is elsewhere."""
    latest = case.at
    for result in blocking:
        ends = result.rule.effective_to
        over = case.day_begins(ends) if ends is not None else NEVER
        latest = max(latest, min(result.finding.not_before or NEVER, over))
    moved = [
        moment
        for location in case.facts.locations
        if location.source == STATED
        for moment in (location.since, location.until)
        if moment is not None and case.at < moment < latest
    ]
    found = min([latest, *moved])
    return None if found in {NEVER, case.at} else found
