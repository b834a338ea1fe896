"""Checks of what stands against any contact: restrictions, an attorney, a dispute, a debt that is no longer owed."""

from typing import Any

from services.compliance.domain.case import NEVER, Case
from services.compliance.domain.checks.finding import NOT_APPLICABLE, Finding, Result
from services.compliance.domain.checks.params import DisputeAbsent, NoParams, NotRepresented, RestrictionAbsent
from services.compliance.domain.consents import consent_begins, held_consents
from services.compliance.domain.facts import PROFESSIONALS, Representation
from services.compliance.domain.instants import earliest

_UNDISPUTED = Finding(Result.PASS, {"disputes": []})
_UNREPRESENTED = Finding(Result.PASS, {"representations": []})
_UNRESTRICTED = Finding(Result.PASS, {"restrictions": []})
_NOT_COLLECTABLE = frozenset({"paid", "settled", "sold", "discharged", "closed"})


def restriction_absent(case: Case, params: RestrictionAbsent) -> Finding:
    """No restriction of these kinds in force. A cease holds from its receipt (comment 6(c)(1)-1)."""
    in_force = case.in_force
    if not in_force:
        return _UNRESTRICTED
    found = [each for kind in params.kinds if kind in in_force for each in in_force[kind]]
    if params.written_only:
        found = [each for each in found if each.is_written]
    if not found:
        return _UNRESTRICTED
    facts = {
        "restrictions": [
            {"id": str(each.restriction_id), "kind": each.kind, "effective_at": each.effective_at.isoformat()}
            for each in sorted(found, key=lambda each: str(each.restriction_id))
        ]
    }
    over = max(map(case.restriction_ends, found))
    return Finding(Result.FAIL, facts, None if over == NEVER else over)


def not_represented(case: Case, params: NotRepresented) -> Finding:
    """12 CFR 1006.6(b)(2): no contact past an attorney, save one reply to the consumer's own (comment 6(b)(2)-1)."""
    if case.request.recipient in PROFESSIONALS:
        return NOT_APPLICABLE
    found = [each for each in case.facts.representations if _stands(each, case)]
    if not found:
        return _UNREPRESENTED
    facts: dict[str, Any] = {"representations": sorted(str(each.representation_id) for each in found)}
    if held := [str(each.consent_id) for each in held_consents(case, "attorney")]:
        return Finding(Result.PASS, {**facts, "consents": held})
    if params.reply_once and case.reply_to() is not None:
        return Finding(Result.PASS, {**facts, "reply": True})
    known = [each for each in found if each.is_reachable]
    if not known:
        return Finding(Result.UNKNOWN, {**facts, "missing": "the attorney's name and address"})
    over = max(min(each.ended_at or NEVER, each.unresponsive_since or NEVER) for each in known)
    return Finding(Result.FAIL, facts, earliest(None if over == NEVER else over, consent_begins(case, "attorney")))


def _stands(each: Representation, case: Case) -> bool:
    """Whether the attorney stands between us and the consumer; not one whose name and address cannot be found."""
    return (
        each.known_at <= case.seen
        and case.at < min(each.ended_at or NEVER, each.unresponsive_since or NEVER)
        and not each.is_direct_allowed
        and each.is_reachable is not False
        and case.concerns(each.account_ids)
    )


def dispute_absent(case: Case, params: DisputeAbsent) -> Finding:
    """12 CFR 1006.38: no collection of what is disputed in writing until verification was sent."""
    if not case.disputes:
        return _UNDISPUTED
    found = [
        each
        for each in case.disputes
        if (not params.kinds or each.kind in params.kinds)
        and (each.is_written or not params.written_only)
        and (each.is_whole or not params.whole_only)
    ]
    facts = {"disputes": sorted(str(each.dispute_id) for each in found)}
    if not found:
        return Finding(Result.PASS, facts)
    over = max(min(each.answered_at or NEVER, each.closed_at or NEVER) for each in found)
    return Finding(Result.FAIL, facts, None if over == NEVER else over)


def debt_collectable(case: Case, _params: NoParams) -> Finding:
    """12 CFR 1006.30(b): no collection of a debt that is paid, settled, sold, discharged or closed."""
    debts = case.asked_debts
    facts = {"status": {str(debt.account_id): debt.status for debt in debts}}
    if any(debt.status in _NOT_COLLECTABLE for debt in debts):
        return Finding(Result.FAIL, facts)
    if len(debts) < len(case.request.account_ids):
        return Finding(Result.UNKNOWN, {**facts, "missing": "a debt"})
    return Finding(Result.PASS, facts)
