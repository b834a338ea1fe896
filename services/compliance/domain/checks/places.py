"""Checks of the place: one that the consumer called inconvenient, and the place of work."""

from datetime import datetime, timedelta
from typing import Any

from services.compliance.domain.case import NEVER, Case
from services.compliance.domain.checks.finding import NOT_APPLICABLE, PASSED, Finding, Result
from services.compliance.domain.checks.params import DesignatedPlace, Workplace
from services.compliance.domain.consents import consent_begins, held_consents
from services.compliance.domain.facts import Direction, PlaceDesignation
from services.compliance.domain.instants import earliest

WORK, HOME, NOWHERE = "work", "home", "nowhere"


def place_of(case: Case) -> str | None:
    """The place that the contact is tied to; `nowhere` for media that go with the person; None: not known.

    Comment 6(b)(1)(ii)-1: addresses and landlines are tied to a place, e-mail and mobile telephones are not, unless we
    know where the consumer is.
    """
    if case.request.known_place is not None:
        return case.request.known_place
    point = case.point
    if case.request.channel in {"email", "sms", "portal"}:
        return NOWHERE
    if point is None:
        return None
    if point.kind == "address":
        return point.label or HOME
    return NOWHERE if point.label == "mobile" else point.label


def designated_place(case: Case, params: DesignatedPlace) -> Finding:
    """12 CFR 1006.6(b)(1)(ii): not at, nor by mail or landline of, a place that the consumer called inconvenient."""
    if case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    places = {each.place: each for each in case.facts.inconvenient_places if _is_held(each, case)}
    if not places:
        return Finding(Result.PASS, {"inconvenient_places": []})
    place = place_of(case)
    facts: dict[str, Any] = {"inconvenient_places": sorted(places), "place": place}
    if place is not None and place not in places:
        return Finding(Result.PASS, facts)
    if held := [str(each.consent_id) for each in held_consents(case, "place")]:
        return Finding(Result.PASS, {**facts, "consents": held})
    if params.reply_once and case.reply_to() is not None:
        return Finding(Result.PASS, {**facts, "reply": True})
    return _refused(place, facts, earliest(_over(case, place, 0), consent_begins(case, "place")))


def _refused(place: str | None, facts: dict[str, Any], not_before: datetime | None) -> Finding:
    """Refused at the place; unknown while it is not known whether the contact point is there."""
    if place is None:
        return Finding(Result.UNKNOWN, {**facts, "missing": "where this contact point is"})
    return Finding(Result.FAIL, facts, not_before)


def workplace(case: Case, params: Workplace) -> Finding:
    """12 CFR 1006.6(b)(3): not at work where we know or have reason to know that the employer prohibits it."""
    if case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    place = place_of(case)
    if place not in {WORK, None}:
        return PASSED
    prohibitions = [each for each in case.facts.inconvenient_places if _stands(each, case, params.oral_days)]
    facts: dict[str, Any] = {"place": place, "prohibited_by": sorted({each.source for each in prohibitions})}
    if params.when != "always" and not prohibitions:
        return Finding(Result.PASS, facts)
    if held := [str(each.consent_id) for each in held_consents(case, "work")]:
        return Finding(Result.PASS, {**facts, "consents": held})
    over = None if params.when == "always" else _over(case, WORK, params.oral_days)
    return _refused(place, facts, earliest(over, consent_begins(case, "work")))


def _stands(each: PlaceDesignation, case: Case, oral_days: int) -> bool:
    return each.place == WORK and _is_held(each, case) and case.at < _end(each, oral_days)


def _is_held(each: PlaceDesignation, case: Case) -> bool:
    return each.known_at <= case.seen and case.at < min(each.ends_at or NEVER, each.withdrawn_at or NEVER)


def _end(each: PlaceDesignation, oral_days: int) -> datetime:
    """When the designation is over; one that was only said, after so many days where the rule gives it a term."""
    spoken = NEVER
    if oral_days and not each.is_written and each.source == "consumer":
        spoken = each.known_at + timedelta(days=oral_days)
    return min(each.ends_at or NEVER, each.withdrawn_at or NEVER, spoken)


def _over(case: Case, place: str | None, oral_days: int) -> datetime | None:
    """When every designation of the place that holds now is over; None: one of them has no end."""
    ends = [
        _end(each, oral_days)
        for each in case.facts.inconvenient_places
        if each.place == place and _is_held(each, case) and case.at < _end(each, oral_days)
    ]
    latest = max(ends, default=NEVER)
    return None if latest == NEVER else latest
