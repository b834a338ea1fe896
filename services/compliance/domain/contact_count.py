"""Counting contacts as states, cities and our own policies do: which media, per what, over how many local days.

A rule says what it counts (`ContactCount`). An unanswered call counts for every debt for which it was made: the choice
of one debt is Regulation F's alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.compliance.domain.case import Case, Key
from services.compliance.domain.checks.params import ContactCount, MinGap
from services.compliance.domain.facts import CALLS, PROFESSIONALS, Attempt, Direction
from services.compliance.domain.results import Effect

ALL = "all"
"""The one key of a rule that counts per party."""


def is_counted_request(case: Case, params: ContactCount) -> bool:
    """Whether the contact that is asked for is one that the rule counts."""
    request = case.request
    return (
        request.channel in params.channels
        and request.direction is Direction.OUTBOUND
        and request.recipient not in PROFESSIONALS
        and _is_labelled(case.point.label if case.point is not None else None, params)
    )


def _is_labelled(label: str | None, params: ContactCount) -> bool:
    """A contact point whose label is not known is one of every kind."""
    if label is None:
        return True
    return (not params.labels or label in params.labels) and label not in params.labels_except


class ContactCounter:
    """When the counted contacts of the window were, per debt, number or party, oldest first."""

    __slots__ = ("_case", "_params", "moments")

    def __init__(self, case: Case, params: ContactCount) -> None:
        self._case = case
        self._params = params
        self.moments: dict[Key, list[datetime]] = {key: [] for key in _asked(case, params)}
        labels: dict[UUID | None, str | None] = {}
        if params.labels or params.labels_except:
            labels |= {point.contact_point_id: point.label for point in case.facts.contact_points}
        channels, moments = params.channels, self.moments
        for at, attempt, effect, is_misdirected in case.history.with_person(case.days_back(params.window_days)):
            if is_misdirected or attempt.channel not in channels or not _is_counted(params, attempt, effect):
                continue
            if labels and not _is_labelled(labels.get(attempt.contact_point_id), params):
                continue
            for key in self._keys(attempt):
                if key in moments:
                    moments[key].append(at)

    def released(self) -> datetime | None:
        """From when one more contact is within the limit for all that was asked; None: it always is."""
        limit = self._params.max_contacts
        full = [moments for moments in self.moments.values() if len(moments) >= limit]
        if not full:
            return None
        if limit <= 0:
            return self._case.at + timedelta(days=1)
        return max(self._case.after_days(each[len(each) - limit], self._params.window_days) for each in full)

    def _keys(self, attempt: Attempt) -> Sequence[Key] | frozenset[Key]:
        if self._params.per == "party":
            return (ALL,)
        if self._params.per == "number":
            return (attempt.contact_point_id,) if attempt.contact_point_id is not None else ()
        discussed = attempt.debts_discussed
        return self._case.keys_of((*attempt.account_ids, *discussed) if discussed else attempt.account_ids)


def _is_counted(params: ContactCount, attempt: Attempt, effect: Effect) -> bool:
    if attempt.result_code in params.uncounted_results:
        return False
    if attempt.direction is Direction.INBOUND and not params.includes_inbound:
        return False
    return _is_of_kind(params.counts, attempt, effect)


def _is_of_kind(counts: str, attempt: Attempt, effect: Effect) -> bool:
    """Whether the outcome is of the kind that is counted; one that is not known yet is of every kind."""
    if attempt.result_code is None or counts == "attempts":
        return True
    if counts == "connected":
        return effect.is_connected
    return effect.is_conversation if counts == "conversations" else effect.is_communication


def _asked(case: Case, params: ContactCount) -> Sequence[Key] | frozenset[Key]:
    if params.per == "party":
        return (ALL,)
    if params.per == "number":
        return (case.request.contact_point_id,) if case.request.contact_point_id is not None else ()
    return case.keys


def last_unanswered(case: Case, params: MinGap) -> tuple[datetime, datetime] | None:
    """The last unanswered call to the person, or the number, and the moment when the gap after it is over."""
    gap = timedelta(minutes=params.minutes)
    found = [
        contact.at
        for contact in case.history.with_person(case.at - gap)
        if contact.attempt.channel in params.channels
        and contact.attempt.channel in CALLS
        and contact.attempt.direction is Direction.OUTBOUND
        and not (params.same_number and contact.attempt.contact_point_id != case.request.contact_point_id)
        and contact.effect.is_connected
        and not contact.effect.is_conversation
    ]
    return (found[-1], found[-1] + gap) if found else None
