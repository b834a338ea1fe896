"""All promises and arrangements of one account judged together: windows, payoff, charge-off and what cancels what.

Pure. A charge-off cancels what is open (also what a reversal opens again afterwards), and the activation of an
arrangement cancels the account's open promises. A cancel frees money for the other promises, so the case is judged
again until nothing more is cancelled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal
from uuid import UUID

from services.payments.domain import arrangement, promise
from services.payments.domain.account_facts import Seen, charged_off_on, paid_off_by, paid_off_on
from services.payments.domain.arrangement import ArrangementStanding, ArrangementTerms, judge_arrangement
from services.payments.domain.counting import Entry
from services.payments.domain.promise import PromiseStanding, PromiseTerms, judge_promises
from shared.errors import ArrearsError

CancelReason = Literal["charge_off", "arrangement", "request"]
_ACTIVE: Final = frozenset({"active", "at_risk"})


class IllegalTransitionError(ArrearsError):
    """A state was reached that no rule leads to: the terms or the dates of a case changed under it."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """How the account stood when the undertaking was made: only a later charge-off cancels it."""

    account_version: int
    was_charged_off: bool


@dataclass(frozen=True, slots=True)
class Activation:
    """An arrangement that becomes active in this step, and the creditor's business date on which it does."""

    arrangement_id: UUID
    activated_on: date


@dataclass(frozen=True, slots=True)
class AccountCase:
    """Everything that decides on the promises and arrangements of one account. `business_date` is the date judged.

    `balance_minor` is the account's in its newest state, None when it is not known.
    """

    promises: Sequence[PromiseTerms]
    arrangements: Sequence[ArrangementTerms]
    baselines: Mapping[UUID, Baseline]
    entries: Sequence[Entry]
    seen: Sequence[Seen]
    business_date: date
    activation: Activation | None = None
    balance_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The terms as they stand now (windows, payoff and cancels filled in), each with its standing, by id."""

    promises: Mapping[UUID, tuple[PromiseTerms, PromiseStanding]]
    arrangements: Mapping[UUID, tuple[ArrangementTerms, ArrangementStanding]]
    cancelled: Mapping[UUID, CancelReason] = field(default_factory=dict)
    """What this step cancelled, and why."""


def judge_account(case: AccountCase) -> Verdict:
    """Judge a case. The same facts give the same verdict, in whatever order they came."""
    cancelled: dict[UUID, CancelReason] = {}
    while True:
        verdict = _judge(case)
        new = _cancels(case, verdict)
        if not new:
            return replace(verdict, cancelled=cancelled)
        cancelled |= {key: reason for key, (_, reason) in new.items()}
        days = {key: day for key, (day, _) in new.items()}
        case = replace(
            case,
            promises=[replace(one, cancelled_on=days.get(one.promise_id, one.cancelled_on)) for one in case.promises],
            arrangements=[
                replace(one, cancelled_on=days.get(one.arrangement_id, one.cancelled_on)) for one in case.arrangements
            ],
        )


def check_promise_step(before: promise.PromiseStatus, after: promise.PromiseStatus) -> None:
    """Hold a change of a promise against its TRANSITIONS."""
    if before != after and after not in promise.TRANSITIONS[before]:
        raise IllegalTransitionError(f"a promise went from {before} to {after}")


def check_arrangement_step(before: arrangement.ArrangementStatus, after: arrangement.ArrangementStatus) -> None:
    """Hold a change of an arrangement against its TRANSITIONS."""
    if before != after and after not in arrangement.TRANSITIONS[before]:
        raise IllegalTransitionError(f"an arrangement went from {before} to {after}")


def _judge(case: AccountCase) -> Verdict:
    standings = judge_promises(case.promises, case.entries, case.business_date)
    return Verdict(
        promises={terms.promise_id: (terms, standings[terms.promise_id]) for terms in case.promises},
        arrangements={
            terms.arrangement_id: (terms, judge_arrangement(terms, case.entries, case.business_date))
            for terms in _with_windows(case)
        },
    )


def _with_windows(case: AccountCase) -> list[ArrangementTerms]:
    """Give each arrangement the start of the next one as its end; one that was cancelled unapproved opens no window."""
    paid_off = paid_off_on(case.seen)
    if paid_off is not None and case.balance_minor is not None and case.balance_minor <= 0:
        paid_off = paid_off_by(case.entries, case.balance_minor) or paid_off
    windowed: list[ArrangementTerms] = []
    next_start = None
    for terms in sorted(case.arrangements, key=lambda one: (one.start.made_at, one.arrangement_id), reverse=True):
        since = None if paid_off is None else max(paid_off, terms.start.made_on)
        windowed.append(replace(terms, superseded_by=next_start, paid_off_on=since))
        if terms.cancelled_on is None or terms.is_approved:
            next_start = terms.start
    return windowed


def _cancels(case: AccountCase, verdict: Verdict) -> dict[UUID, tuple[date, CancelReason]]:
    found: dict[UUID, tuple[date, CancelReason]] = {}
    opened = [
        *(
            (key, terms.start.made_on)
            for key, (terms, standing) in verdict.arrangements.items()
            if standing.status in arrangement.OPEN
        ),
        *(
            (key, terms.start.made_on)
            for key, (terms, standing) in verdict.promises.items()
            if standing.status in promise.OPEN
        ),
    ]
    for key, made_on in opened:
        baseline = case.baselines[key]
        day = charged_off_on(
            case.seen, made_at_version=baseline.account_version, made_charged_off=baseline.was_charged_off
        )
        if day is not None:
            found[key] = (max(day, made_on), "charge_off")
    activation = case.activation
    if activation is not None and verdict.arrangements[activation.arrangement_id][1].status in _ACTIVE:
        for key, (_, standing) in verdict.promises.items():
            if standing.status in promise.OPEN and key not in found:
                found[key] = (activation.activated_on, "arrangement")
    return found
