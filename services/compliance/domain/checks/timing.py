"""Checks of the time: usual hours where the consumer may be, and times that the consumer called inconvenient."""

from functools import lru_cache
from typing import Any

from services.compliance.domain.calendar_days import local, minute_of
from services.compliance.domain.case import Case
from services.compliance.domain.checks.finding import NOT_APPLICABLE, Finding, Result
from services.compliance.domain.checks.params import DesignatedTime, LocalTimeWindow
from services.compliance.domain.consents import fits, holds, in_order
from services.compliance.domain.facts import Direction
from services.compliance.domain.windows import (
    inconvenient,
    inconvenient_now,
    is_within,
    next_convenient,
    next_within,
    opens_within,
)

_CONVENIENT = Finding(Result.PASS, {"inconvenient_times": []})
_minute = lru_cache(maxsize=512)(minute_of)


def local_time_window(case: Case, params: LocalTimeWindow) -> Finding:
    """12 CFR 1006.6(b)(1)(i): within these hours in every zone where the consumer may be, or with consent to the time.

    The one reply to a message of the consumer stays within the time of the message (comment 6(b)(1)-2.i).

    Not for a contact that the consumer initiated. Without any zone the hour is not known.
    """
    if case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    label = case.point.label if case.point is not None else None
    if params.labels and label is not None and label not in params.labels:
        return NOT_APPLICABLE
    facts: dict[str, Any] = {"hours": f"{params.start}-{params.end}"}
    if not case.is_located:
        return Finding(Result.UNKNOWN, {**facts, "missing": "where the consumer is"})
    facts["local_times"] = case.local_times()
    start, end = _minute(params.start), _minute(params.end)
    if is_within(case.clocks, start, end, params.weekdays):
        return Finding(Result.PASS, facts)
    consents = _consents(case)
    held = [str(each.consent_id) for each in consents if holds(case, each, case.at)]
    if held or (params.reply_once and _is_reply_outside(case, start, end, params.weekdays)):
        return Finding(Result.PASS, {**facts, **({"consents": held} if held else {"reply": True})})
    return Finding(Result.FAIL, facts, next_within(case, start, end, params.weekdays, consents))


def _is_reply_outside(case: Case, start: int, end: int, weekdays: tuple[str, ...]) -> bool:
    """Whether the consumer wrote outside the hours too, and they have not opened since."""
    asked_at = case.reply_to()
    if asked_at is None or is_within([local(asked_at, zone) for zone in case.zones], start, end, weekdays):
        return False
    opened = opens_within(case.zones, asked_at, start, end, weekdays)
    return opened is None or opened > case.at


def designated_time(case: Case, params: DesignatedTime) -> Finding:
    """Comment 6(b)(1)-1: not at a time that the consumer called inconvenient; one reply to the consumer's own message.

    The reply must come within the same inconvenient time as the message (comment 6(b)(1)-2.i).
    """
    if case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    found = inconvenient_now(case) if case.facts.inconvenient_times else []
    if not found:
        return _CONVENIENT
    facts: dict[str, Any] = {
        "inconvenient_times": [str(each.designation_id) for each in found],
        "local_times": case.local_times(),
    }
    if not case.is_located:
        return Finding(Result.UNKNOWN, {**facts, "missing": "where the consumer is"})
    consents = _consents(case)
    held = [str(each.consent_id) for each in consents if holds(case, each, case.at)]
    if held:
        return Finding(Result.PASS, {**facts, "consents": held})
    if params.reply_once and _is_reply(case):
        return Finding(Result.PASS, {**facts, "reply": True})
    return Finding(Result.FAIL, facts, next_convenient(case, case.at, consents))


def _is_reply(case: Case) -> bool:
    asked_at = case.reply_to()
    if asked_at is None:
        return False
    opened = next_convenient(case, asked_at, []) if inconvenient(case, asked_at) else asked_at
    return opened is None or opened > case.at


def _consents(case: Case) -> list[Any]:
    return in_order(each for each in case.facts.consents if fits(case, each, "time", None))
