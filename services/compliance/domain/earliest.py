"""The earliest moment at which no rule forbids a contact that is forbidden now."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.compliance.domain.case import NEVER, STATED, Case
from services.compliance.domain.checks.finding import Finding, Result
from services.compliance.domain.evaluate import BLOCKING, RuleResult, evaluate
from services.compliance.domain.facts import Facts
from services.compliance.domain.rules import Question, RuleBook

SEARCHED = timedelta(days=400)
"""How far ahead the earliest lawful time is looked for."""
_STEPS = 200


def earliest_lawful_time(
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
    is_static = _is_static(case.facts, case.at)
    blocking = [each for each in results if each.outcome in BLOCKING]
    for _ in range(_STEPS):
        moment = _next(case, blocking)
        if moment is None or moment > case.known + SEARCHED:
            return None
        settled |= _settled(findings, is_static=is_static)
        findings = {}
        case = case.later(moment)
        results = evaluate(case, book, findings, settled, with_drafts=with_drafts)
        blocking = [each for each in results if each.outcome in BLOCKING]
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
        stays = check in lasting or (check in excused and _EXCUSES.isdisjoint(finding.facts))
        if finding.result is Result.NOT_APPLICABLE or (finding.result is Result.PASS and stays):
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
        marks = (point.verified_at, point.wrong_since, point.reassigned_since, point.leaked_since)
        later += [each for each in marks if each is not None]
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
