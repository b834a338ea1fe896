"""Checks of the medium: what the person refused, whether the contact point is any good, consent, and how it is sent."""

from datetime import datetime, timedelta
from typing import Any

from services.compliance.domain.case import Case
from services.compliance.domain.checks.finding import NOT_APPLICABLE, Finding, Result
from services.compliance.domain.checks.params import (
    ConsentRequired,
    ContactPointUsable,
    MediumRefused,
    NoParams,
    ReassignedNumberCheck,
    TraitForbidden,
)
from services.compliance.domain.consents import consent_begins, held_consents, same_medium
from services.compliance.domain.facts import ELECTRONIC, Channel, ContactPoint, Direction, Purpose, Refusal

_KIND_OF = {
    Channel.PHONE: "phone",
    Channel.VOICEMAIL: "phone",
    Channel.SMS: "phone",
    Channel.EMAIL: "email",
    Channel.LETTER: "address",
    Channel.IN_PERSON: "address",
}


_NOT_REFUSED = Finding(Result.PASS, {"refusals": []})


def medium_refused(case: Case, params: MediumRefused) -> Finding:
    """12 CFR 1006.14(h): not by a medium, number or address that the person asked us not to use.

    One reply through it when the person uses it (14(h)(2)(ii)).
    """
    if case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    found = [
        each
        for each in case.facts.refusals
        if params.any_channel
        or (
            not each.is_opt_out
            and same_medium(each.channel, case.request.channel)
            and each.contact_point_id in {None, case.request.contact_point_id}
        )
    ]
    return _refused(case, found, can_reply=params.reply_once)


def reply_answers(case: Case, _params: NoParams) -> Finding:
    """Comment 6(b)(1)-2: a reply is the one answer to a contact of the consumer through the same medium."""
    if case.request.purpose is not Purpose.REPLY or case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    asked_at = case.reply_to()
    facts = {"answers": asked_at.isoformat() if asked_at is not None else None}
    return Finding(Result.FAIL if asked_at is None else Result.PASS, facts)


def opted_out(case: Case, _params: NoParams) -> Finding:
    """Comment 14(h)(1)-3.ii: no electronic message to an address or number that opted out, for any debt."""
    if case.request.channel not in ELECTRONIC or case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    point = case.request.contact_point_id
    found = [each for each in case.facts.refusals if each.is_opt_out and each.contact_point_id in {None, point}]
    found = [each for each in found if each.contact_point_id is not None or each.channel is case.request.channel]
    return _refused(case, found, can_reply=False)


def _refused(case: Case, refusals: list[Refusal], *, can_reply: bool) -> Finding:
    if not refusals:
        return _NOT_REFUSED
    held = [each for each in refusals if _holds(each, case)]
    facts: dict[str, Any] = {"refusals": sorted(str(each.refusal_id) for each in held)}
    if not held:
        return Finding(Result.PASS, facts)
    if can_reply and case.reply_to() is not None:
        return Finding(Result.PASS, {**facts, "reply": True})
    ends = [each.withdrawn_at for each in held]
    return Finding(Result.FAIL, facts, None if None in ends else max(each for each in ends if each is not None))


def _holds(each: Refusal, case: Case) -> bool:
    return each.requested_at <= case.seen and (each.withdrawn_at is None or case.at < each.withdrawn_at)


def contact_point_usable(case: Case, params: ContactPointUsable) -> Finding:
    """The contact point is known, of the channel's kind, and the party's as far as anyone knows."""
    kind = _KIND_OF.get(case.request.channel)
    if kind is None or case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    point = case.point
    if point is None:
        return Finding(Result.UNKNOWN, {"contact_point": None, "missing": "the contact point"})
    facts = {"contact_point": str(point.contact_point_id), "kind": point.kind, "label": point.label}
    why = _fault(point, kind, params, case)
    return Finding(Result.PASS, facts) if why is None else Finding(Result.FAIL, {**facts, "because": why})


def _fault(point: ContactPoint, kind: str, params: ContactPointUsable, case: Case) -> str | None:
    if point.kind != kind:
        return "kind"
    if not point.is_usable:
        return "invalid"
    if _is_wrong(point, case.at):
        return "wrong_number"
    if point.reassigned_since is not None and point.reassigned_since <= case.at:
        return "reassigned"
    if params.verified and not point.is_verified:
        return "not_verified"
    return "label" if params.labels and point.label not in params.labels else None


def _is_wrong(point: ContactPoint, at: datetime) -> bool:
    """Whether it is known to be another's, and was not found to be this person's since."""
    wrong, right = point.wrong_since, point.verified_at
    return wrong is not None and wrong <= at and not (right is not None and wrong <= right <= at)


def consent_required(case: Case, params: ConsentRequired) -> Finding:
    """The person consented to this, for each debt of the request; a creditor's consent does not carry over by itself.

    Comment 6(b)(4)(i)-2: a rule says whose consent is good.
    """
    if case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    if params.traits and case.request.traits.isdisjoint(params.traits):
        return NOT_APPLICABLE
    oldest = case.at - timedelta(days=params.max_age_days) if params.max_age_days else None
    found: dict[str, str] = {}
    begins = []
    for key in case.keys:
        held = [
            each
            for each in held_consents(case, params.scope, key, params.given_to)
            if oldest is None or oldest <= each.granted_at
        ]
        if held:
            found[str(key)] = str(held[-1].consent_id)
        else:
            begins.append(consent_begins(case, params.scope, key, params.given_to))
    facts = {"scope": params.scope, "consents": found}
    if not begins:
        return Finding(Result.PASS, facts)
    return Finding(Result.FAIL, facts, None if None in begins else max(each for each in begins if each is not None))


def reassigned_number_check(case: Case, params: ReassignedNumberCheck) -> Finding:
    """A complete database confirmed lately that the number is still the consumer's (comment 6(d)(5)-1)."""
    point = case.point
    if point is None or point.kind != "phone" or (point.label is not None and point.label not in params.labels):
        return NOT_APPLICABLE
    checked = point.not_reassigned_at
    facts = {"not_reassigned_at": checked.isoformat() if checked is not None else None}
    is_fresh = checked is not None and case.at - checked <= timedelta(days=params.max_age_days)
    return Finding(Result.PASS if is_fresh else Result.FAIL, facts)


def trait_forbidden(case: Case, params: TraitForbidden) -> Finding:
    """12 CFR 1006.22(f): no postcard, no marked envelope, nothing that others can see; or what else a rule names."""
    found = sorted(case.request.traits.intersection(params.traits))
    return Finding(Result.FAIL if found else Result.PASS, {"traits": found})
