"""What an account's promises and arrangements mean to the work list: open, broken, and when to follow up.

The states come from payments as it published them; nothing here judges a promise again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

_OPEN_ARRANGEMENT = frozenset({"active", "at_risk"})
_BROKEN_PROMISE = frozenset({"broken", "partially_kept"})


@dataclass(frozen=True, slots=True)
class Promise:
    """The latest published state of a promise, as far as the work list reads it."""

    status: str
    due_on: date
    made_on: date
    resolved_on: date | None = None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The latest published state of an arrangement, as far as the work list reads it."""

    status: str
    made_at: datetime
    next_due_on: date | None


@dataclass(frozen=True, slots=True)
class Commitments:
    """What predicates of queues read about an account's promises and arrangements."""

    open_promise_due_on: date | None = None
    broken_promise_on: date | None = None
    broken_promise_count: int = 0
    arrangement_status: str | None = None
    follow_up_due_on: date | None = None


_NONE = Commitments()


def commitments(
    promises: Sequence[Promise], arrangements: Sequence[Arrangement], oldest_unpaid_due_on: date | None
) -> Commitments:
    """Sums up an account's promises and arrangements.

    A broken (or partly kept) promise counts until a new one is made, and until a cure: when the oldest unpaid due lies
    after the break, all that was past due then has been paid since.
    """
    if not promises and not arrangements:
        return _NONE
    open_due_on = min((promise.due_on for promise in promises if promise.status == "made"), default=None)
    return Commitments(
        open_promise_due_on=open_due_on,
        broken_promise_on=_broken_on(promises, oldest_unpaid_due_on),
        broken_promise_count=sum(promise.status == "broken" for promise in promises),
        arrangement_status=_arrangement_status(arrangements),
        follow_up_due_on=_earliest(
            open_due_on, *(each.next_due_on for each in arrangements if each.status in _OPEN_ARRANGEMENT)
        ),
    )


def _broken_on(promises: Sequence[Promise], oldest_unpaid_due_on: date | None) -> date | None:
    broken = [
        (promise.resolved_on, promise)
        for promise in promises
        if promise.status in _BROKEN_PROMISE and promise.resolved_on is not None
    ]
    if not broken or oldest_unpaid_due_on is None:
        return None
    latest, last = max(broken, key=lambda each: each[0])
    is_cured_since = oldest_unpaid_due_on >= latest
    # Promises break when a business date opens: another one made on that date was made after the break.
    is_promised_anew = any(
        promise is not last and promise.status != "cancelled" and promise.made_on >= latest for promise in promises
    )
    return None if is_cured_since or is_promised_anew else latest


def _arrangement_status(arrangements: Sequence[Arrangement]) -> str | None:
    """The open one's status, else the latest one's."""
    if not arrangements:
        return None
    return max(arrangements, key=lambda each: (each.status in _OPEN_ARRANGEMENT, each.made_at)).status


def _earliest(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)
