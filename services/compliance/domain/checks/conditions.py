"""Checks that attach conditions to a contact, and those that need no fact at all."""

from services.compliance.domain.case import Case
from services.compliance.domain.checks.finding import NOT_APPLICABLE, Finding, Result
from services.compliance.domain.checks.params import Disclosure, Language, NoParams
from services.compliance.domain.facts import Channel

_WRITTEN = frozenset({Channel.EMAIL, Channel.SMS, Channel.LETTER, Channel.PORTAL})


def disclosure(case: Case, params: Disclosure) -> Finding:
    """What the contact must say, always or by what was said before about its debts (12 CFR 1006.18(e), 1006.6(e)).

    Where one debt of several has not been talked about yet, the contact is the initial one.
    """
    if params.when == "always":
        return Finding(Result.PASS, {"when": params.when}, disclosures=params.codes)
    if params.when == "first_written":
        is_owed = case.request.channel in _WRITTEN and not _was_written(case)
    else:
        is_owed = case.tells_first() == (params.when == "initial")
    if not is_owed:
        return NOT_APPLICABLE
    return Finding(Result.PASS, {"when": params.when}, disclosures=params.codes)


def _was_written(case: Case) -> bool:
    """Whether every debt of the request has been written about before."""
    unwritten = set(case.keys)
    for attempt in case.history.told():
        if attempt.channel in _WRITTEN:
            unwritten -= case.keys_of(attempt.account_ids)
            if not unwritten:
                return True
    return False


def language(case: Case, params: Language) -> Finding:
    """The contact speaks the party's language; one that is not offered is for a person to decide.

    The primary subtag decides (BCP 47, 2.2.1): who speaks es-MX is spoken to in Spanish.
    """
    wanted = case.facts.party.language if case.facts.party is not None else None
    if wanted is None:
        return Finding(Result.PASS, {"language": None}, language=params.default)
    primary = wanted.replace("_", "-").partition("-")[0].lower()
    if primary in params.offered:
        return Finding(Result.PASS, {"language": wanted}, language=primary)
    return Finding(Result.UNKNOWN, {"language": wanted, "missing": "text in this language"})


def prohibited(_case: Case, _params: NoParams) -> Finding:
    """What the rule's scope describes is never done."""
    return Finding(Result.FAIL)


def jurisdiction_known(case: Case, _params: NoParams) -> Finding:
    """Some state of the consumer is known: else no state's rule can be looked at."""
    places = sorted(case.jurisdictions)
    if not places:
        return Finding(Result.UNKNOWN, {"jurisdictions": [], "missing": "the state"})
    return Finding(Result.PASS, {"jurisdictions": places})
