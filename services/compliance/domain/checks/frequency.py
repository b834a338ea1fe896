"""Checks that count calls and contacts: Regulation F, the limits of states and cities, our own gaps between calls."""

from typing import Any

from services.compliance.domain.call_count import CallLedger, ledger_of, places_call
from services.compliance.domain.case import Case, Key
from services.compliance.domain.checks.finding import NOT_APPLICABLE, Finding, Result
from services.compliance.domain.checks.params import (
    CallCount,
    ContactCount,
    ConversationCooldown,
    MinGap,
    NoParams,
)
from services.compliance.domain.contact_count import ContactCounter, is_counted_request, last_unanswered
from services.compliance.domain.facts import CALLS, Direction


def call_count(case: Case, params: CallCount) -> Finding:
    """12 CFR 1006.14(b)(2)(i)(A): calls placed to the person about each debt, this one included."""
    if not places_call(case.request):
        return NOT_APPLICABLE
    ledger = ledger_of(case, params.window_days, params.consent_days)
    released = {key: ledger.released_from_count(key, params.max_calls) for key in case.keys}
    start = case.days_back(params.window_days)
    facts: dict[str, Any] = {
        "calls": {str(key): len([call for call in ledger.counted(key) if call.at >= start]) for key in case.keys},
        "limit": params.max_calls,
        "window_days": params.window_days,
        "first_day": start.isoformat(),
    }
    return _judged(case, ledger, released, facts)


def conversation_cooldown(case: Case, params: ConversationCooldown) -> Finding:
    """1006.14(b)(2)(i)(B): no call within seven days of a conversation about the debt, its own day the first.

    A call whose outcome is not known may have been a conversation.
    """
    if not places_call(case.request):
        return NOT_APPLICABLE
    ledger = ledger_of(case, params.window_days, params.consent_days)
    released = {key: ledger.released_from_cooldown(key) for key in case.keys}
    facts: dict[str, Any] = {
        "last_conversation": {
            str(key): call.at.isoformat() for call in ledger.calls for key in case.keys if key in call.talked
        },
        "window_days": params.window_days,
    }
    finding = _judged(case, ledger, released, facts)
    if finding.result is Result.PASS and any(
        call.is_open and not call.called.isdisjoint(case.keys) for call in ledger.calls
    ):
        return Finding(Result.UNKNOWN, {**facts, "missing": "the outcome of a call"})
    return finding


def _judged(case: Case, ledger: CallLedger, released: dict[Key, Any], facts: dict[str, Any]) -> Finding:
    consents = {str(key): consent for key in case.keys if (consent := ledger.consent_now(key, case.at)) is not None}
    if consents:
        facts["consents"] = {key: str(consent.consent_id) for key, consent in consents.items()}
    earliest = ledger.earliest(released)
    if earliest == case.at:
        return Finding(Result.PASS, facts)
    facts["exceeded"] = sorted(
        str(key) for key, release in released.items() if release is not None and case.at < release
    )
    if case.request.rebuttals:
        facts["rebuttal_factors"] = list(case.request.rebuttals)
    return Finding(Result.FAIL, facts, earliest)


def contact_count(case: Case, params: ContactCount) -> Finding:
    """At most so many contacts on so many days, counted as the rule says (states, cities, policy)."""
    if not is_counted_request(case, params):
        return NOT_APPLICABLE
    counter = ContactCounter(case, params)
    counts = {str(key): len(moments) for key, moments in counter.moments.items()}
    facts: dict[str, Any] = {"contacts": counts, "limit": params.max_contacts, "window_days": params.window_days}
    released = counter.released()
    if released is None or released <= case.at:
        return Finding(Result.PASS, facts)
    return Finding(Result.FAIL, facts, None if params.max_contacts <= 0 else released)


def min_gap(case: Case, params: MinGap) -> Finding:
    """Comment 14(b)(2)(i)-2.i: unanswered calls in rapid succession speak against us even within the limits."""
    if case.request.direction is Direction.INBOUND or case.request.channel not in params.channels:
        return NOT_APPLICABLE
    last = last_unanswered(case, params)
    if last is None:
        return Finding(Result.PASS, {"minutes": params.minutes})
    attempt_at, until = last
    facts = {"last_unanswered_at": attempt_at.isoformat(), "minutes": params.minutes}
    return Finding(Result.FAIL, facts, until) if case.at < until else Finding(Result.PASS, facts)


def open_attempt(case: Case, _params: NoParams) -> Finding:
    """No second call about a debt while it is not known what came of the first, or a permit for one is out.

    The first may be a conversation, and then the second would be within its seven days.
    """
    if case.request.channel not in CALLS or case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    found = [
        attempt for attempt in case.history.open_calls() if not case.keys.isdisjoint(case.keys_of(attempt.account_ids))
    ]
    if not found:
        return Finding(Result.PASS, {"open": []})
    return Finding(Result.FAIL, {"open": sorted(str(attempt.attempt_id) for attempt in found)})
