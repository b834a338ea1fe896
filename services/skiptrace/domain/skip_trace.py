"""A skip trace: one search for one person, from the event or the hand that opened it to its end.

Its status is a judgement over facts (what is owed, whom somebody talked to, candidates, searches, restrictions), made
anew whenever one of them changes; only a cancel that somebody asked for is final.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.skiptrace.domain.waterfall import Choice
from shared.events.skiptrace import SkipTraceReason, SkipTraceStatus

NOT_LOOKED: frozenset[SkipTraceReason] = frozenset({"account_settled", "restricted"})
"""Reasons of an end that answers nothing: when it no longer holds, what opened the case opens another."""
OPEN: frozenset[SkipTraceStatus] = frozenset({"requested", "searching", "candidates"})
_ENDS: frozenset[SkipTraceStatus] = frozenset({"located", "exhausted", "cancelled"})


def _to(*statuses: SkipTraceStatus) -> frozenset[SkipTraceStatus]:
    return frozenset(statuses)


TRANSITIONS: Mapping[SkipTraceStatus, frozenset[SkipTraceStatus]] = {
    "requested": _to("searching", "candidates") | _ENDS,
    "searching": _to("candidates") | _ENDS,
    # Rejected candidates send it back into the waterfall.
    "candidates": _to("requested", "searching") | _ENDS,
    # A talk with the right party may become known late.
    "exhausted": _to("located"),
    "located": _to(),
    "cancelled": _to(),
}

NO_SEARCH: frozenset[str] = frozenset({"bankruptcy_stay", "discharged", "identity_theft"})
"""Restrictions under which nobody is searched for: nothing may be collected from this person."""
NO_CASE_BY_ITSELF: frozenset[str] = NO_SEARCH | {"attorney", "deceased", "cease"}
"""Restrictions under which no event opens a case: it is known whom to reach, or it takes a person's judgement."""


class TransitionError(AssertionError):
    """A judgement that the table of transitions does not allow: a defect."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a case is judged by.

    `found_at`: when the right party was reached, or a candidate verified, after the case was opened. `candidates`:
    those neither verified nor rejected. `is_asked`: a vendor has been asked and has not answered. `is_uncalled_for`: an
    event opened it, and a restriction says now that no event should have.
    """

    is_cancelled: bool = False
    is_erased: bool = False
    is_owed: bool = True
    is_restricted: bool = False
    is_uncalled_for: bool = False
    found_at: datetime | None = None
    candidates: int = 0
    is_asked: bool = False
    has_searched: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a case stands, and what is to be done: ask the chosen vendor now, or look again at `look_again_at`."""

    status: SkipTraceStatus
    reason: SkipTraceReason | None = None
    choice: Choice | None = None
    look_again_at: datetime | None = None


def judge(status: SkipTraceStatus, reason: SkipTraceReason | None, facts: Facts, choice: Choice) -> Judgement:
    """Judge a case that stands at `status` for `reason`. `choice` is what the waterfall would do next."""
    judged = _ended(status, reason, facts) or _going_on(status, facts, choice)
    return _allowed(status, judged)


def _going_on(status: SkipTraceStatus, facts: Facts, choice: Choice) -> Judgement:
    has_begun = facts.has_searched or facts.is_asked or status == "searching"
    waiting: SkipTraceStatus = "searching" if has_begun else "requested"
    if facts.candidates:
        return Judgement("candidates")
    if facts.is_asked or facts.is_restricted:
        return Judgement(waiting)
    if choice.vendor is not None or choice.wait_until is not None:
        return Judgement(waiting, choice=choice, look_again_at=choice.wait_until)
    return Judgement("exhausted", "budget_spent" if choice.is_for_money else "no_candidate_left")


def _ended(status: SkipTraceStatus, reason: SkipTraceReason | None, facts: Facts) -> Judgement | None:
    """How a case ends, by the first of these that is so; None: it goes on. One that has ended may only be located."""
    if status in {"located", "cancelled"}:
        return Judgement(status, reason)
    is_open = status in OPEN
    judged: tuple[tuple[bool, SkipTraceStatus, SkipTraceReason | None], ...] = (
        (facts.is_erased and is_open, "cancelled", "erased"),
        (facts.found_at is not None and not facts.is_erased, "located", "verified"),
        (not is_open, status, reason),
        (facts.is_cancelled, "cancelled", "cancelled"),
        (not facts.is_owed, "cancelled", "account_settled"),
        (facts.is_uncalled_for, "cancelled", "restricted"),
    )
    return next((Judgement(to, why) for is_so, to, why in judged if is_so), None)


def _allowed(status: SkipTraceStatus, judged: Judgement) -> Judgement:
    if judged.status != status and judged.status not in TRANSITIONS[status]:
        raise TransitionError(f"{status} -> {judged.status}")
    return judged
