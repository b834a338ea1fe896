"""Checks of the basis for e-mail to an address and texts to a number: 12 CFR 1006.6(d)(3)-(5), 1006.22(f)(3)."""

from datetime import datetime, timedelta
from typing import Any

from services.compliance.domain.case import Case
from services.compliance.domain.checks.finding import NOT_APPLICABLE, Finding, Result
from services.compliance.domain.checks.params import EmailBasis, NoParams, SmsBasis
from services.compliance.domain.consents import consent_begins, held_consents
from services.compliance.domain.facts import ELECTRONIC, Channel, ContactPoint, Direction
from services.compliance.domain.instants import earliest

SCOPE = "electronic"


def email_basis(case: Case, params: EmailBasis) -> Finding:
    """12 CFR 1006.6(d)(4): the consumer used the address or consented, the creditor's notice, or the prior collectors'.

    With a fail, `not_before` is the end of the creditor's opt-out period where only that is missing.
    """
    if case.request.channel is not Channel.EMAIL or case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    point = case.point
    if point is None:
        return Finding(Result.UNKNOWN, {"missing": "the contact point"})
    held = _from_consumer(case, point) or _from_prior_collectors(point)
    if held is not None:
        return Finding(Result.PASS, {"basis": held})
    opens = _creditor_opens(case, point, params)
    if opens is not None and point.is_public_domain is None:
        return Finding(Result.UNKNOWN, {"basis": None, "missing": "whether the domain is open to the public"})
    if opens is not None and opens <= case.at:
        return Finding(Result.PASS, {"basis": "1006.6(d)(4)(ii)"})
    return Finding(Result.FAIL, {"basis": None}, earliest(consent_begins(case, SCOPE), opens))


def _from_consumer(case: Case, point: ContactPoint) -> str | None:
    """(d)(4)(i): the consumer used it and has not opted out since, or consented to its use directly to us."""
    used = point.used_by_consumer_at
    if used is not None and used <= case.at and not _opted_out_since(case, used):
        return "1006.6(d)(4)(i)(A)"
    if any(not _opted_out_since(case, each.granted_at) for each in held_consents(case, SCOPE)):
        return "1006.6(d)(4)(i)(B)"
    return None


def _opted_out_since(case: Case, moment: datetime) -> bool:
    point = case.request.contact_point_id
    return any(
        each.contact_point_id == point and each.is_opt_out and moment <= each.requested_at <= case.seen
        for each in case.facts.refusals
    )


def _creditor_opens(case: Case, point: ContactPoint, params: EmailBasis) -> datetime | None:
    """(d)(4)(ii): when the opt-out period of the creditor's notice is over; None: the notice is no basis."""
    notice = point.creditor_notice
    if (
        notice is None
        or notice.is_opted_out
        or not (notice.is_complete and notice.is_obtained_from_consumer and notice.is_used_by_creditor)
        or notice.opt_out_by < notice.sent_on + timedelta(days=params.opt_out_days)
        or point.is_public_domain is False
        or point.is_employer_provided
        or _opted_out_since(case, case.day_begins(notice.sent_on))
    ):
        return None
    return case.day_ends(notice.opt_out_by)


def _from_prior_collectors(point: ContactPoint) -> str | None:
    """(d)(4)(iii): some prior collector obtained it lawfully, the one before us used it, nobody opted out."""
    priors = point.prior_collectors
    is_basis = (
        any(each.is_obtained_lawfully for each in priors)
        and any(each.position == 1 and each.is_used for each in priors)
        and not any(each.is_opted_out for each in priors)
    )
    return "1006.6(d)(4)(iii)" if is_basis else None


def employer_email(case: Case, _params: NoParams) -> Finding:
    """12 CFR 1006.22(f)(3): no e-mail to an address known to be the employer's, save by (d)(4)(i) or (iii).

    Known when anybody has said so; nobody has to look (comment 6(d)(4)(ii)(E)-2).
    """
    point = case.point
    if case.request.channel is not Channel.EMAIL or case.request.direction is Direction.INBOUND or point is None:
        return NOT_APPLICABLE
    facts: dict[str, Any] = {"is_employer_provided": point.is_employer_provided}
    if not point.is_employer_provided:
        return Finding(Result.PASS, facts)
    basis = _from_consumer(case, point) or _from_prior_collectors(point)
    if basis is not None:
        return Finding(Result.PASS, {**facts, "basis": basis})
    return Finding(Result.FAIL, facts, consent_begins(case, SCOPE))


def leaked_address(case: Case, _params: NoParams) -> Finding:
    """12 CFR 1006.6(d)(3)(ii): not to an address of which somebody told us that it disclosed the debt to another."""
    point = case.point
    if case.request.channel not in ELECTRONIC or point is None:
        return NOT_APPLICABLE
    leaked = point.leaked_since
    facts = {"leaked_since": leaked.isoformat() if leaked is not None else None}
    return Finding(Result.FAIL if leaked is not None and leaked <= case.seen else Result.PASS, facts)


def sms_basis(case: Case, params: SmsBasis) -> Finding:
    """12 CFR 1006.6(d)(5): the consumer texted or consented, and did it again or was confirmed in the last 60 days.

    The one answer to the consumer's text goes to the number that it came from: to confirm an opt-out too (14(h)(2)(i)).
    """
    if case.request.channel is not Channel.SMS or case.request.direction is Direction.INBOUND:
        return NOT_APPLICABLE
    if (answered := case.reply_to()) is not None:
        return Finding(Result.PASS, {"answers": answered.isoformat()})
    point = case.point
    if point is None:
        return Finding(Result.UNKNOWN, {"missing": "the contact point"})
    texted = point.used_by_consumer_at
    if texted is not None and (texted > case.at or _opted_out_since(case, texted)):
        texted = None
    consents = [each.granted_at for each in held_consents(case, SCOPE) if not _opted_out_since(case, each.granted_at)]
    facts: dict[str, Any] = {
        "last_text_at": texted.isoformat() if texted is not None else None,
        "consented_at": max(consents).isoformat() if consents else None,
        "not_reassigned_at": point.not_reassigned_at.isoformat() if point.not_reassigned_at is not None else None,
    }
    if any(_is_fresh(case, point, each, params) for each in (*consents, texted) if each is not None):
        return Finding(Result.PASS, facts)
    return Finding(Result.FAIL, facts, consent_begins(case, SCOPE))


def _is_fresh(case: Case, point: ContactPoint, since: datetime, params: SmsBasis) -> bool:
    """Whether the text or consent is recent, or a check made after it is."""
    oldest = case.at - timedelta(days=params.fresh_days)
    checked = point.not_reassigned_at
    return since >= oldest or (checked is not None and checked >= since and oldest <= checked <= case.at)
