"""All promises and arrangements of one account judged together: windows, payoff, and what cancels what.

Pure: the same facts give the same verdict, in whatever order they came. What the account does (a charge-off, the
activation of an arrangement) cancels what was open at that moment, judged by the money that was effective by then; so
money of the days before it that arrives late still keeps a promise. A cancel by request is a fact, and final.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal
from uuid import UUID

from services.payments.domain import arrangement, promise
from services.payments.domain.account_facts import AccountFacts, EndReason
from services.payments.domain.arrangement import ArrangementStanding, ArrangementTerms, judge_arrangement
from services.payments.domain.counting import Entry, Start
from services.payments.domain.promise import PromiseStanding, PromiseTerms, judge_promises
from shared.errors import ArrearsError

REQUEST: Final = "request"
CancelReason = Literal["request", "arrangement"] | EndReason


class IllegalTransitionError(ArrearsError):
    """A state was reached that no rule leads to: the terms or the dates of a case changed under it."""


@dataclass(frozen=True, slots=True)
class AccountCase:
    """Everything that decides on the promises and arrangements of one account. `business_date` is the date judged.

    Terms carry a cancel by request only. `activations`: when arrangements of the account became active.
    `made_charged_off`: what was made on an account that was known to be charged off; a charge-off spares it.
    """

    promises: Sequence[PromiseTerms]
    arrangements: Sequence[ArrangementTerms]
    entries: Sequence[Entry]
    account: AccountFacts
    business_date: date
    activations: Sequence[Start] = ()
    made_charged_off: Collection[UUID] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The terms as they stand now (windows, payoff and cancels filled in), each with its standing, by id."""

    promises: Mapping[UUID, tuple[PromiseTerms, PromiseStanding]]
    arrangements: Mapping[UUID, tuple[ArrangementTerms, ArrangementStanding]]
    cancelled: Mapping[UUID, CancelReason] = field(default_factory=dict)
    """What the account has cancelled, and why."""


def judge_account(case: AccountCase) -> Verdict:
    """Judge a case: first what was open at each moment that cancels, in their order, then all of it as of now."""
    promises, arrangements = list(case.promises), _with_windows(case)
    reasons: dict[UUID, CancelReason] = {}
    for moment in _moments(case):
        found = _open_at(moment, promises, arrangements, case.entries)
        reasons |= dict.fromkeys(found, moment.reason)
        promises = [replace(one, cancelled_on=moment.on) if one.promise_id in found else one for one in promises]
        arrangements = [
            replace(one, cancelled_on=moment.on) if one.arrangement_id in found else one for one in arrangements
        ]
    standings = judge_promises(promises, case.entries, case.business_date)
    return Verdict(
        promises={terms.promise_id: (terms, standings[terms.promise_id]) for terms in promises},
        arrangements={
            terms.arrangement_id: (terms, judge_arrangement(terms, case.entries, case.business_date))
            for terms in arrangements
        },
        cancelled=reasons,
    )


def check_promise_step(before: promise.PromiseStatus, after: promise.PromiseStatus) -> None:
    """Hold a change of a promise against its TRANSITIONS."""
    if before != after and after not in promise.TRANSITIONS[before]:
        raise IllegalTransitionError(f"a promise went from {before} to {after}")


def check_arrangement_step(before: arrangement.ArrangementStatus, after: arrangement.ArrangementStatus) -> None:
    """Hold a change of an arrangement against its TRANSITIONS."""
    if before != after and after not in arrangement.TRANSITIONS[before]:
        raise IllegalTransitionError(f"an arrangement went from {before} to {after}")


@dataclass(frozen=True, slots=True)
class _Moment:
    """When something cancels what is open: an instant within a day (an activation), or the close of one (an end)."""

    on: date
    reason: CancelReason
    instant: Start | None = None
    spared: Collection[UUID] = ()
    """What was made on an account that was charged off already: it is recovery, and stays."""

    def has_seen(self, entry: Entry) -> bool:
        """Tell if the money was effective by then, or had come before a person acted."""
        if self.instant is None:
            return entry.effective_on <= self.on
        return entry.taken_at < self.instant.made_at or not self.instant.precedes(entry)

    def meets(self, key: UUID, start: Start) -> bool:
        """Tell if it comes after this start."""
        if self.instant is not None:
            return (start.made_on, start.made_at) < (self.instant.made_on, self.instant.made_at)
        return start.made_on <= self.on and key not in self.spared


def _moments(case: AccountCase) -> list[_Moment]:
    activations = sorted(case.activations, key=lambda one: one.made_at)
    found = [_Moment(one.made_on, "arrangement", one) for one in activations]
    return sorted([*found, *_ends(case)], key=lambda one: (one.on, one.instant is None))


def _ends(case: AccountCase) -> list[_Moment]:
    return [
        _Moment(end.on, end.reason, spared=case.made_charged_off if end.reason == "charge_off" else ())
        for end in case.account.ends
    ]


def _open_at(
    moment: _Moment,
    promises: Sequence[PromiseTerms],
    arrangements: Sequence[ArrangementTerms],
    entries: Sequence[Entry],
) -> set[UUID]:
    """What the moment cancels: what had been made by then and was open, by the money that was effective by then."""
    words = [one for one in promises if moment.meets(one.promise_id, one.start)]
    # An activation cancels promises; no arrangement is open beside another.
    plans = [] if moment.instant else [one for one in arrangements if moment.meets(one.arrangement_id, one.start)]
    if not words and not plans:
        return set()
    money = [entry for entry in entries if moment.has_seen(entry)]
    found = {key for key, one in judge_promises(words, money, moment.on).items() if one.status in promise.OPEN}
    for terms in plans:
        is_paid_off = terms.paid_off_on is not None and terms.paid_off_on <= moment.on
        known = terms if is_paid_off else replace(terms, paid_off_on=None)
        if judge_arrangement(known, money, moment.on).status in arrangement.OPEN:
            found.add(terms.arrangement_id)
    return found


def _with_windows(case: AccountCase) -> list[ArrangementTerms]:
    """Give each arrangement the start of the next one as its end, and its payoff.

    A proposal that was cancelled before anyone approved it opens no window.
    """
    ends = _ends(case)
    windowed: list[ArrangementTerms] = []
    next_start = None
    for terms in sorted(case.arrangements, key=lambda one: (one.start.made_at, one.arrangement_id), reverse=True):
        paid_off_on = case.account.paid_off_on(terms.start.made_on)
        windowed.append(replace(terms, superseded_by=next_start, paid_off_on=paid_off_on))
        is_ended = terms.cancelled_on is not None or any(end.meets(terms.arrangement_id, terms.start) for end in ends)
        if terms.is_approved or not is_ended:
            next_start = terms.start
    return windowed
