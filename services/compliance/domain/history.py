"""The contacts that were made, and the permits that are out, by the time of a request; what several checks ask of them.

Contacts after the request are not seen. Everything is worked out when first asked for, and once.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from services.compliance.domain.facts import (
    CALLS,
    PROFESSIONALS,
    Attempt,
    Channel,
    Direction,
    Facts,
    Permit,
    Request,
)
from services.compliance.domain.results import SILENT, Effect, effect_of

_MESSAGES = frozenset({Channel.VOICEMAIL, Channel.EMAIL, Channel.SMS, Channel.LETTER})
_at = attrgetter("at")
_LATEST = datetime.max.replace(tzinfo=UTC)
_MARGIN = timedelta(days=2)
_USUAL = timedelta(days=16)


class Contact(NamedTuple):
    """A contact with the person asked about, what came of it, and whether its number was another's all along."""

    at: datetime
    attempt: Attempt
    effect: Effect
    is_misdirected: bool


class History:
    """What was done by `known`; a permit that is out is a contact without an outcome."""

    __slots__ = ("_all", "_attempts", "_contacts", "_facts", "_from", "_known", "_open", "_recipient_id")

    def __init__(self, request: Request, facts: Facts, known: datetime) -> None:
        self._facts = facts
        self._known = known
        self._recipient_id = request.recipient_id
        self._attempts = (*facts.attempts, *_as_attempts(facts)) if facts.permits else facts.attempts
        self._all: list[Attempt] | None = None
        self._open: list[Attempt] | None = None
        self._contacts: list[Contact] = []
        self._from = _LATEST

    def all(self) -> list[Attempt]:
        """Every contact, oldest first; those of one moment in any order."""
        if self._all is None:
            self._all = sorted([each for each in self._attempts if each.at <= self._known], key=_at)
        return self._all

    def open_calls(self) -> list[Attempt]:
        """Our calls of which the outcome is not known, permits and those to other parties of the debts included."""
        if self._open is None:
            self._open = [
                each
                for each in chain(self._attempts, self._facts.open_elsewhere)
                if each.result_code is None
                and each.channel in CALLS
                and each.direction is Direction.OUTBOUND
                and each.at <= self._known
            ]
        return self._open

    def with_person(self, start: datetime) -> Sequence[Contact]:
        """The contacts with the person asked about since `start`, oldest first; those that were placed at all.

        Not those with an attorney, a bureau or a creditor (12 CFR 1006.14(b)(3)(iii)).
        """
        if start < self._from:
            self._from = min(start - _MARGIN, self._known - _USUAL)
            self._contacts = self._find(self._from)
        return self._contacts[bisect_left(self._contacts, start, key=_at) :]

    def _find(self, start: datetime) -> list[Contact]:
        known, person = self._known, self._recipient_id
        recent = [each for each in self._attempts if each.at >= start]
        recent = [each for each in recent if each.at <= known]
        recent.sort(key=_at)
        placed = [
            (each, effect)
            for each in recent
            if each.recipient_id == person
            and each.recipient not in PROFESSIONALS
            and (effect := effect_of(each.result_code, each.channel)).is_placed
            and not effect.is_excluded
        ]
        wrong = self._misdirected(recent)
        return [
            Contact(each.at, each, effect, effect.is_misdirected or _is_before(each, wrong)) for each, effect in placed
        ]

    def _misdirected(self, recent: list[Attempt]) -> dict[UUID, datetime]:
        """The contact points that turned out not to be the person's, with the moment when that was learnt last."""
        found = {
            each.contact_point_id: each.wrong_since
            for each in self._facts.contact_points
            if each.wrong_since is not None and each.wrong_since <= self._known
        }
        for each in recent:
            if each.contact_point_id is not None and effect_of(each.result_code, each.channel).is_misdirected:
                found[each.contact_point_id] = max(each.at, found.get(each.contact_point_id, each.at))
        return found

    def told(self) -> Iterator[Attempt]:
        """The contacts in which we conveyed something about a debt to the consumer, whoever began them.

        12 CFR 1006.18(e)(1), comment 18(e)(1)-1: our communication with the consumer. In what the consumer sent we said
        nothing, and what came back has reached nobody.
        """
        known = self._known
        for each in self._attempts:
            if (
                each.result_code not in SILENT
                and each.at <= known
                and each.recipient not in PROFESSIONALS
                and not each.is_bounced
                and not (each.direction is Direction.INBOUND and each.channel in _MESSAGES)
            ):
                yield each

    def unanswered_since(self, channel: Channel) -> datetime | None:
        """When the consumer's last contact through this medium began; None: we have answered it, or there is none.

        A talk on the consumer's own call was the answer to it (comment 6(b)(1)-2.ii).
        """
        media = CALLS if channel in CALLS else {channel}
        latest: datetime | None = None
        for each in reversed(self.all()):
            if latest is not None and each.at < latest:
                break
            effect = effect_of(each.result_code, each.channel)
            if each.channel in media and effect.is_placed:
                if each.direction is not Direction.INBOUND or effect.is_conversation:
                    return None
                latest = each.at
        return latest

    def session_since(self, at: datetime) -> datetime | None:
        """When the consumer's visit to our website or application began that still goes on at `at`."""
        latest: datetime | None = None
        for each in reversed(self.all()):
            if latest is not None and each.at < latest:
                break
            if each.channel is Channel.PORTAL and each.direction is Direction.INBOUND:
                if each.ended_at is None or each.ended_at > at:
                    return each.at
                latest = each.at
        return None


def _as_attempts(facts: Facts) -> list[Attempt]:
    """The permits that no attempt has used yet."""
    used = {attempt.permit_id for attempt in facts.attempts}
    return [as_attempt(permit) for permit in facts.permits if permit.permit_id not in used]


def as_attempt(permit: Permit) -> Attempt:
    """A permit that is out, as the contact without an outcome that it may be."""
    return Attempt(
        attempt_id=permit.permit_id,
        at=permit.reserved_at,
        channel=permit.channel,
        account_ids=permit.account_ids,
        result_code=None,
        permit_id=permit.permit_id,
        contact_point_id=permit.contact_point_id,
        recipient_id=permit.recipient_id,
    )


def _is_before(attempt: Attempt, learnt: dict[UUID, datetime]) -> bool:
    """Whether the contact was made before, or when, its number was learnt to be another's (comment 14(b)(2)(i)-3)."""
    if not learnt or attempt.contact_point_id is None:
        return False
    moment = learnt.get(attempt.contact_point_id)
    return moment is not None and attempt.at <= moment
