"""The closed set of checks that a rule may name: `CHECKS[name]` has the function and the type of its parameters.

`read_params(name, raw)` makes a rule's `params` into that type, or says what is wrong with them. A check is pure: it
sees one case (request and facts) and its parameters, and returns a Finding.

Proposed by the rules (take or say no; then delete these lines): a scope key `trait_not`, for 18(e) is not owed in a
limited-content message; `RestrictionAbsent.written_only = False` beside `Restriction.is_written`, for a written cease
is law (1006.6(c)(1)) and an oral one policy; the restriction kind `codebtor_stay` (11 USC 1301) on a debt of another's
chapter 13. Rules carry `rank`, the order of evaluation, 1 (cheap and absolute) to 15 (cadence). And
`MediumRefused.any_channel = False`: a refusal by any medium counts for all of them (47 CFR 64.1200(a)(10), 2027-01-31).
`regf.lcm` makes every voicemail a limited-content one, so the rules of 18(e) leave the channel voicemail out.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, get_type_hints

from services.compliance.domain.checks import params as p

Evaluate = Callable[[Any, Any], Any]


def _later(case: Any, params: Any) -> Any:
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its parameters' type and its function."""

    params_type: type
    evaluate: Evaluate


CHECKS: Mapping[str, Check] = {
    # Frequency (12 CFR 1006.14(b), state and city counters)
    "call_count": Check(p.CallCount, _later),
    "conversation_cooldown": Check(p.ConversationCooldown, _later),
    "contact_count": Check(p.ContactCount, _later),
    "min_gap": Check(p.MinGap, _later),
    "open_attempt": Check(p.NoParams, _later),  # an attempt of the debt, or a permit, has no outcome yet
    # Time and place: 12 CFR 1006.6(b)(1) and (3)
    "local_time_window": Check(p.LocalTimeWindow, _later),
    "designated_time": Check(p.DesignatedTime, _later),
    "designated_place": Check(p.DesignatedPlace, _later),
    "workplace": Check(p.Workplace, _later),
    # Restrictions, representation, disputes, the debt itself
    "restriction_absent": Check(p.RestrictionAbsent, _later),
    "not_represented": Check(p.NotRepresented, _later),
    "dispute_absent": Check(p.DisputeAbsent, _later),
    "debt_collectable": Check(p.NoParams, _later),  # not paid, settled, sold, discharged or closed
    # Medium, contact point and its basis (1006.14(h), 1006.6(d)(3)-(5), 1006.22(f))
    "medium_refused": Check(p.MediumRefused, _later),
    "opted_out": Check(p.NoParams, _later),  # an opt-out of this address or number, electronic channels
    "contact_point_usable": Check(p.ContactPointUsable, _later),
    "consent_required": Check(p.ConsentRequired, _later),
    "email_basis": Check(p.EmailBasis, _later),
    "employer_email": Check(p.NoParams, _later),  # 1006.22(f)(3), unless (d)(4)(i) or (iii)
    "leaked_address": Check(p.NoParams, _later),  # 1006.6(d)(3)(ii), e-mail and text
    "sms_basis": Check(p.SmsBasis, _later),
    "reassigned_number_check": Check(p.ReassignedNumberCheck, _later),
    "trait_forbidden": Check(p.TraitForbidden, _later),  # postcard, marked_envelope, public, automated, prerecorded
    # Third parties (1006.6(d)(1), 1006.10(c))
    "recipient_allowed": Check(p.RecipientAllowed, _later),
    "location_once": Check(p.NoParams, _later),
    # What the contact must carry
    "disclosure": Check(p.Disclosure, _later),
    "language": Check(p.Language, _later),
    # Rules that need no fact
    "prohibited": Check(p.NoParams, _later),  # always fails: for what `applies_when` alone describes
    "jurisdiction_known": Check(p.NoParams, _later),  # unknown while no state of the consumer is known
}

SCOPE_KEYS = frozenset(
    {
        "channel",  # list of channels
        "purpose",  # list of purposes
        "direction",  # list: outbound, inbound
        "recipient",  # list of recipients
        "trait",  # list: the contact has any of them
        "party_kind",  # list: natural_person, business, estate; unknown counts as natural_person
        "debt_purpose",  # list: consumer, commercial; unknown counts as consumer
        "product_class",  # list; an unknown class is in scope
        "product_class_not",  # list
        "secured_by_not",  # list: real_estate, motor_vehicle
        "days_past_due_gte",  # integer; unknown days past due are in scope
    }
)
"""The closed keys of a rule's `applies_when`. Absent: no condition. Of several debts, one in scope is enough."""


def read_params(name: str, raw: Mapping[str, Any]) -> Any:
    """Make the parameters of a check from a rule's data.

    Raises:
        ValueError: no such check, an unknown or missing parameter, or a value of another type.
    """
    check = CHECKS.get(name)
    if check is None:
        raise ValueError(f"no check is called {name!r}")
    known = {each.name: each for each in fields(check.params_type)}
    if unknown := sorted(raw.keys() - known.keys()):
        raise ValueError(f"{name} has no parameter {unknown[0]!r}")
    required = {key for key, each in known.items() if each.default is MISSING}
    if missing := sorted(required - raw.keys()):
        raise ValueError(f"{name} needs the parameter {missing[0]!r}")
    types = get_type_hints(check.params_type)
    return check.params_type(**{key: _value(f"{name}.{key}", types[key], value) for key, value in raw.items()})


def _value(place: str, wanted: Any, value: Any) -> Any:
    if wanted == tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            raise ValueError(f"{place} is a list of words")
        return tuple(value)
    if type(value) is not wanted:
        raise ValueError(f"{place} is a {wanted.__name__}")
    return value
