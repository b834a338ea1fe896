"""What the work list reads of all promises and arrangements of an account, from "What the words mean" alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from deploy.local.books.commitments import Case, Judged
from deploy.local.books.terms import OPEN_ARRANGEMENT


@dataclass(frozen=True)
class Summary:
    """The facts of the default queues `broken_promise`, `arrangement_follow_up` and `high_risk`."""

    open_promise_due_on: date | None = None
    broken_promise_on: date | None = None
    broken_promise_count: int = 0
    arrangement_status: str | None = None
    follow_up_due_on: date | None = None


def summary(case: Case, now: Judged, oldest_unpaid_due_on: date | None) -> Summary:
    """Sums up an account whose oldest unpaid due (None: nothing is past due) is given."""
    made = [one.due_on for one in case.promises if now.promises[one.id].status == "made"]
    is_open = {key for key, standing in now.arrangements.items() if standing.status in OPEN_ARRANGEMENT}
    latest = max(case.arrangements, key=lambda one: (one.id in is_open, one.made), default=None)
    return Summary(
        open_promise_due_on=min(made, default=None),
        broken_promise_on=_broken_promise_on(case, now, oldest_unpaid_due_on),
        broken_promise_count=sum(standing.status == "broken" for standing in now.promises.values()),
        arrangement_status=None if latest is None else now.arrangements[latest.id].status,
        follow_up_due_on=_earliest([*made, *(now.arrangements[key].next_due_on for key in is_open)]),
    )


def _broken_promise_on(case: Case, now: Judged, oldest: date | None) -> date | None:
    """Also partially kept; until a new promise, or a cure."""
    broken = [one.resolved_on for one in now.promises.values() if one.status in {"broken", "partially_kept"}]
    latest = max((day for day in broken if day is not None), default=None)
    # A cure: the oldest unpaid due fell due after the break, so all that was past due then has been paid.
    if latest is None or oldest is None or oldest >= latest:
        return None
    is_promised_anew = any(
        one.made_on >= latest and now.promises[one.id].status != "cancelled" for one in case.promises
    )
    return None if is_promised_anew else latest


def _earliest(days: Iterable[date | None]) -> date | None:
    return min((day for day in days if day is not None), default=None)
