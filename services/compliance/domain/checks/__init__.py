"""The closed set of checks that a rule may name: `CHECKS[name]` has the function and the type of its parameters.

`read_params(name, raw)` makes a rule's `params` into that type, or says what is wrong with them. A check is pure: it
sees one case (request and facts) and its parameters, and returns a Finding.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, get_type_hints

from services.compliance.domain.case import Case
from services.compliance.domain.checks import (
    basis,
    conditions,
    frequency,
    media,
    persons,
    places,
    restrictions,
    timing,
)
from services.compliance.domain.checks import params as p
from services.compliance.domain.checks.finding import Finding

Evaluate = Callable[[Case, Any], Finding]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its parameters' type and its function."""

    params_type: type
    evaluate: Evaluate


CHECKS: Mapping[str, Check] = {
    # Frequency (12 CFR 1006.14(b), state and city counters)
    "call_count": Check(p.CallCount, frequency.call_count),
    "conversation_cooldown": Check(p.ConversationCooldown, frequency.conversation_cooldown),
    "contact_count": Check(p.ContactCount, frequency.contact_count),
    "min_gap": Check(p.MinGap, frequency.min_gap),
    "open_attempt": Check(
        p.NoParams, frequency.open_attempt
    ),  # an attempt of the debt, or a permit, has no outcome yet
    # Time and place: 12 CFR 1006.6(b)(1) and (3)
    "local_time_window": Check(p.LocalTimeWindow, timing.local_time_window),
    "designated_time": Check(p.DesignatedTime, timing.designated_time),
    "designated_place": Check(p.DesignatedPlace, places.designated_place),
    "workplace": Check(p.Workplace, places.workplace),
    # Restrictions, representation, disputes, the debt itself
    "restriction_absent": Check(p.RestrictionAbsent, restrictions.restriction_absent),
    "not_represented": Check(p.NotRepresented, restrictions.not_represented),
    "dispute_absent": Check(p.DisputeAbsent, restrictions.dispute_absent),
    "debt_collectable": Check(
        p.NoParams, restrictions.debt_collectable
    ),  # not paid, settled, sold, discharged or closed
    # Medium, contact point and its basis (1006.14(h), 1006.6(d)(3)-(5), 1006.22(f))
    "medium_refused": Check(p.MediumRefused, media.medium_refused),
    "reply_answers": Check(p.NoParams, media.reply_answers),  # purpose reply: the consumer's own contact is unanswered
    "opted_out": Check(p.NoParams, media.opted_out),  # an opt-out of this address or number, electronic channels
    "contact_point_usable": Check(p.ContactPointUsable, media.contact_point_usable),
    "consent_required": Check(p.ConsentRequired, media.consent_required),
    "email_basis": Check(p.EmailBasis, basis.email_basis),
    "employer_email": Check(p.NoParams, basis.employer_email),  # 1006.22(f)(3), unless (d)(4)(i) or (iii)
    "leaked_address": Check(p.NoParams, basis.leaked_address),  # 1006.6(d)(3)(ii), e-mail and text
    "sms_basis": Check(p.SmsBasis, basis.sms_basis),
    "reassigned_number_check": Check(p.ReassignedNumberCheck, media.reassigned_number_check),
    "trait_forbidden": Check(
        p.TraitForbidden, media.trait_forbidden
    ),  # postcard, marked_envelope, public, automated, prerecorded
    # Third parties (1006.6(d)(1), 1006.10(c))
    "recipient_allowed": Check(p.RecipientAllowed, persons.recipient_allowed),
    "location_once": Check(p.NoParams, persons.location_once),
    # What the contact must carry
    "disclosure": Check(p.Disclosure, conditions.disclosure),
    "language": Check(p.Language, conditions.language),
    # Rules that need no fact
    "prohibited": Check(p.NoParams, conditions.prohibited),  # always fails: for what `applies_when` alone describes
    "jurisdiction_known": Check(
        p.NoParams, conditions.jurisdiction_known
    ),  # unknown while no state of the consumer is known
}

SCOPE_KEYS = frozenset(
    {
        "channel",  # list of channels
        "purpose",  # list of purposes
        "direction",  # list: outbound, inbound
        "recipient",  # list of recipients
        "trait",  # list: the contact has any of them
        "trait_not",  # list: the contact has none of them
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
