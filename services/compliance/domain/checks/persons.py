"""Checks of the person who is contacted: 12 CFR 1006.6(d)(1)-(2) and 1006.10(c)."""

from services.compliance.domain.case import Case
from services.compliance.domain.checks.finding import NOT_APPLICABLE, Finding, Result
from services.compliance.domain.checks.params import NoParams, RecipientAllowed
from services.compliance.domain.consents import consent_begins, held_consents
from services.compliance.domain.facts import Attempt, Direction, Purpose, Recipient
from services.compliance.domain.results import effect_of


def recipient_allowed(case: Case, params: RecipientAllowed) -> Finding:
    """1006.6(d): nobody but the consumer and these; a third party with the consumer's consent, or to be asked where."""
    request = case.request
    facts = {"recipient": str(request.recipient)}
    if request.recipient in params.recipients:
        return Finding(Result.PASS, facts)
    if request.purpose is Purpose.LOCATION and params.location_allowed:
        return Finding(Result.PASS, {**facts, "exception": "1006.6(d)(2)(i)"})
    if held := [str(each.consent_id) for each in held_consents(case, "third_party")]:
        return Finding(Result.PASS, {**facts, "exception": "1006.6(d)(2)(ii)", "consents": held})
    return Finding(Result.FAIL, facts, consent_begins(case, "third_party"))


def location_once(case: Case, _params: NoParams) -> Finding:
    """1006.10(c): a third party is asked once, unless it asks us to, or its answer is believed wrong and known now."""
    request = case.request
    if request.purpose is not Purpose.LOCATION or request.recipient is not Recipient.THIRD_PARTY:
        return NOT_APPLICABLE
    if request.recipient_id is None:
        return Finding(Result.UNKNOWN, {"missing": "who is asked"})
    asked = [each for each in case.history.all() if each.recipient_id == request.recipient_id and _has_asked(each)]
    facts = {"asked_at": [each.at.isoformat() for each in asked]}
    if not asked:
        return Finding(Result.PASS, facts)
    if any(each.result_code is None for each in asked):
        return Finding(Result.UNKNOWN, {**facts, "missing": "what came of asking"})
    grounds = [
        each
        for each in case.facts.location_answers
        if each.recipient_id == request.recipient_id
        and each.asked_at >= asked[-1].at
        and (each.is_again_requested or each.is_believed_wrong)
    ]
    return Finding(Result.PASS if grounds else Result.FAIL, {**facts, "grounds": len(grounds)})


def _has_asked(attempt: Attempt) -> bool:
    """Whether the third party was reached; a call that nobody answered has asked nothing."""
    effect = effect_of(attempt.result_code, attempt.channel)
    return (
        attempt.direction is Direction.OUTBOUND
        and attempt.purpose is Purpose.LOCATION
        and (
            attempt.result_code in {None, "third_party_no_message"} or effect.is_communication or effect.is_conversation
        )
    )
