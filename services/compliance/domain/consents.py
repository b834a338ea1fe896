"""Which consents of the person hold for a contact: the ones of a scope that fit its medium, point and debts.

Consent is to a scope (`facts.Consent`); a rule says whose is good. What was given after the request is not seen.
"""

from collections.abc import Iterable
from datetime import datetime

from services.compliance.domain.calendar_days import local
from services.compliance.domain.case import Case, Key
from services.compliance.domain.facts import CALLS, Channel, Consent

TIME = "time"


def held_consents(
    case: Case, scope: str, key: Key | None = None, given_to: Iterable[str] = ("collector",)
) -> list[Consent]:
    """The consents of this scope that fit the request's medium and contact point, in force at the moment.

    `key`: only those for this particular debt. Oldest first.
    """
    return in_order(
        each for each in case.facts.consents if fits(case, each, scope, key, given_to) and holds(case, each, case.at)
    )


def in_order(consents: Iterable[Consent]) -> list[Consent]:
    """Oldest first: a decision says the same of the same facts, in whichever order they were read."""
    return sorted(consents, key=lambda each: (each.granted_at, str(each.consent_id)))


def consent_begins(
    case: Case, scope: str, key: Key | None = None, given_to: Iterable[str] = ("collector",)
) -> datetime | None:
    """When the first consent of this scope that has been given, but not begun, begins; None: there is none."""
    begins = [
        case.day_begins(each.starts_on)
        for each in case.facts.consents
        if each.starts_on is not None and fits(case, each, scope, key, given_to)
    ]
    return min((each for each in begins if each > case.at), default=None)


def fits(case: Case, consent: Consent, scope: str, key: Key | None, given_to: Iterable[str] = ("collector",)) -> bool:
    """Whether a consent known at the request is of this scope, for this medium, contact point and debts.

    `key`: for this debt; else for all that are asked about.
    """
    return (
        consent.scope == scope
        and consent.granted_at <= case.known
        and consent.given_to in given_to
        and (consent.channel is None or same_medium(consent.channel, case.request.channel))
        and consent.contact_point_id in {None, case.request.contact_point_id}
        and (
            not consent.account_ids or case.keys_of(consent.account_ids).issuperset(case.keys if key is None else {key})
        )
    )


def holds(case: Case, consent: Consent, moment: datetime) -> bool:
    """Whether the consent's days and hours hold at a moment, in every plausible zone, and it is not revoked."""
    if consent.revoked_at is not None and consent.revoked_at <= (case.seen if moment == case.at else moment):
        return False
    if consent.starts_on is None and consent.ends_on is None and consent.scope != TIME:
        return True
    for zone in case.zones:
        clock = local(moment, zone)
        minute = clock.hour * 60 + clock.minute
        if consent.scope == TIME and not consent.start_minute <= minute < consent.end_minute:
            return False
        if consent.starts_on is not None and clock.date() < consent.starts_on:
            return False
        if consent.ends_on is not None and clock.date() > consent.ends_on:
            return False
    return True


def same_medium(one: Channel, other: Channel) -> bool:
    """Whether two channels are one medium: a voicemail is a telephone call."""
    return one is other or (one in CALLS and other in CALLS)
