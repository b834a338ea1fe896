"""Counting telephone calls and conversations as 12 CFR 1006.14(b) and its comments do.

The key is the person called and the particular debt; the days are the consumer's local calendar days and, where the
zone is in doubt, those of every plausible zone at once, so that a count is never too low.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.compliance.domain.case import NEVER, Case, Key
from services.compliance.domain.consents import holds, in_order
from services.compliance.domain.facts import CALLS, PROFESSIONALS, Attempt, Consent, Direction, Request
from services.compliance.domain.history import Contact
from services.compliance.domain.results import Effect

SCOPE = "call_frequency"


class Call(NamedTuple):
    """One call with the person: the debts `called` about, none when it does not count, and those `talked` about."""

    at: datetime
    attempt_id: UUID
    contact_point_id: UUID | None
    called: frozenset[Key]
    talked: frozenset[Key]
    is_open: bool


def ledger_of(case: Case, window_days: int, consent_days: int) -> "CallLedger":
    """The ledger of the case at its moment, made once."""
    key = (case.at, window_days, consent_days)
    found: CallLedger | None = case.memo.get(key)
    if found is None:
        found = case.memo[key] = CallLedger(case, window_days, consent_days)
    return found


def places_call(request: Request) -> bool:
    """Whether the request is a call that the rule counts: ours, and not to an attorney, bureau, creditor (14(b)(3))."""
    return (
        request.channel in CALLS and request.direction is Direction.OUTBOUND and request.recipient not in PROFESSIONALS
    )


class CallLedger:
    """The calls that count, for the person asked about, over as many days as a rule looks back."""

    __slots__ = ("_case", "_consents", "_counted", "_overs", "_window_days", "calls")

    def __init__(self, case: Case, window_days: int, consent_days: int) -> None:
        self._case = case
        self._window_days = window_days
        self._counted: dict[Key, list[Call]] = {}
        self._consents = _frequency_consents(case, case.days_back(window_days + consent_days))
        self._overs = {each.consent_id: case.first_over(each.granted_at, consent_days) for each in self._consents}
        looked_back = window_days + (consent_days if self._consents else 0)
        self.calls = calls_since(case, case.days_back(looked_back))

    def counted(self, key: Key) -> list[Call]:
        """The calls that count for the debt: connected, to this person's number, without consent. Oldest first."""
        found = self._counted.get(key)
        if found is None:
            found = [call for call in self.calls if key in call.called]
            if self._consents:
                found = [call for call in found if self._consent_to(call, key) is None]
            self._counted[key] = found
        return found

    def released_from_count(self, key: Key, max_calls: int) -> datetime | None:
        """From when one more call is within the limit; None: it always is. A limit of 0 never is (`datetime.max`)."""
        counted = self.counted(key)
        if len(counted) < max_calls:
            return None
        if max_calls <= 0:
            return NEVER
        return self._case.after_days(counted[len(counted) - max_calls].at, self._window_days)

    def released_from_cooldown(self, key: Key) -> datetime | None:
        """From when the last conversation about the debt is far enough back; None: there was none."""
        talks = [call.at for call in self.calls if key in call.talked]
        return self._case.after_days(talks[-1], self._window_days) if talks else None

    def earliest(self, released: dict[Key, datetime | None]) -> datetime | None:
        """The first moment, from the case's on, at which each debt is released or the person consented; None: never."""
        moment = self._case.at
        if not self._consents:
            latest = max([release for release in released.values() if release is not None], default=moment)
            return None if latest is NEVER else max(latest, moment)
        while True:
            latest = moment
            for key, release in released.items():
                found = self._free(key, release, moment)
                if found is None:
                    return None
                latest = max(latest, found)
            if latest == moment:
                return moment
            moment = latest

    def consent_now(self, key: Key, moment: datetime) -> Consent | None:
        """The consent that takes a call placed at the moment out of the count."""
        if not self._consents:
            return None
        point = self._case.request.contact_point_id
        for consent in self._consents:
            if _fits(consent, key, point, self._case) and self._lasts(consent, key, moment, is_asked=True):
                return consent
        return None

    def _free(self, key: Key, release: datetime | None, moment: datetime) -> datetime | None:
        if release is None or moment >= release or self.consent_now(key, moment) is not None:
            return moment
        starts = [self._case.day_begins(each.starts_on) for each in self._consents if each.starts_on is not None]
        freed = [each for each in starts if moment < each < release and self.consent_now(key, each) is not None]
        if freed:
            return min(freed)
        return None if release is NEVER else release

    def _consent_to(self, call: Call, key: Key) -> Consent | None:
        for consent in self._consents:
            if _fits(consent, key, call.contact_point_id, self._case) and self._lasts(consent, key, call.at):
                return consent
        return None

    def _lasts(self, consent: Consent, key: Key, moment: datetime, *, is_asked: bool = False) -> bool:
        """Whether consent lasts at the moment of a call (comment 14(b)(3)(i)-2): days, revocation, conversation.

        The call in which the conversation took place was still placed with consent; one that is asked for was not.
        """
        case, granted_at = self._case, consent.granted_at
        if moment < granted_at or (moment == granted_at and not is_asked):
            return False
        if moment >= self._overs[consent.consent_id] or not holds(case, consent, moment):
            return False
        return not any(
            key in call.talked and granted_at < call.at and (call.at < moment or (is_asked and call.at == moment))
            for call in self.calls
        )


def _frequency_consents(case: Case, start: datetime) -> list[Consent]:
    """Direct consents of the person asked about since `start`; a third party's are not known here."""
    if case.request.recipient_id is not None or not case.facts.consents:
        return []
    found = [
        each
        for each in case.facts.consents
        if each.scope == SCOPE
        and each.given_to == "collector"
        and start <= each.granted_at <= case.known
        and (each.channel is None or each.channel in CALLS)
    ]
    return in_order(found)


def _fits(consent: Consent, key: Key, point: UUID | None, case: Case) -> bool:
    if consent.contact_point_id not in {None, point}:
        return False
    return not consent.account_ids or key in case.keys_of(consent.account_ids)


def calls_since(case: Case, start: datetime) -> list[Call]:
    """The calls with the person asked about since `start`, or a little longer, oldest first.

    Calls to a number of which we then learnt that it is not the person's count for nothing (comment 14(b)(2)(i)-3); a
    conversation with the person stays one.
    """
    since, calls = case.memo.get(calls_since, (None, []))
    if since is None or start < since:
        contacts = case.history.with_person(start)
        calls = [_call(case, each) for each in contacts if each.attempt.channel in CALLS]
        case.memo[calls_since] = (start, calls)
    found: list[Call] = calls
    return found


def _call(case: Case, contact: Contact) -> Call:
    at, attempt, effect, is_misdirected = contact
    called = case.keys_of(_called(attempt, effect)) if effect.is_connected and not is_misdirected else _NONE
    talked = case.keys_of(_talked(attempt)) if effect.is_conversation else _NONE
    return Call(at, attempt.attempt_id, attempt.contact_point_id, called, talked, attempt.result_code is None)


_NONE: frozenset[Key] = frozenset()


def _called(attempt: Attempt, effect: Effect) -> tuple[UUID, ...]:
    """The accounts for which the call counts (comments 14(b)(4)-1.i and -2).

    Ours alone, for the debts that we raised or left a message about; unanswered, for the first. While nothing is known
    of the outcome, and when a message named we do not know what: for all.
    """
    if attempt.direction is Direction.INBOUND:
        return ()
    if attempt.result_code is None:
        return attempt.account_ids
    if effect.is_conversation:
        return _raised(attempt)
    if effect.is_communication:
        return attempt.debts_discussed or attempt.account_ids
    return attempt.account_ids[:1]


def _talked(attempt: Attempt) -> tuple[UUID, ...]:
    """The accounts in the conversation, whoever raised them (comment 14(b)(4)-1.ii); none named: the first."""
    if attempt.direction is Direction.INBOUND:
        return attempt.debts_discussed or attempt.account_ids[:1]
    return (*attempt.debts_discussed, *_raised(attempt))


def _raised(attempt: Attempt) -> tuple[UUID, ...]:
    raised = tuple(each for each in attempt.account_ids if each in attempt.debts_discussed)
    return raised or attempt.account_ids[:1]
