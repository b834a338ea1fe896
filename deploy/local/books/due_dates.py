"""The due dates of a snapshot row, found by walking the calendar a day at a time."""

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

from deploy.local.books.postings import Snapshot

ONE_DAY = timedelta(days=1)
MIDDLE = 15
"""The day of a semimonthly month that pairs with its end."""


def due_dates(snapshot: Snapshot, first: date, until: date) -> tuple[date, ...]:
    """Every due date from the first to the last day, both with them."""
    given = (snapshot.oldest if snapshot.past_due else None, snapshot.next_due)
    return _walk(tuple(on for on in given if on), snapshot.frequency, first, until)


@lru_cache(maxsize=65536)
def _walk(given: tuple[date, ...], frequency: str | None, first: date, until: date) -> tuple[date, ...]:
    """Found a day at a time; remembered, for thousands of accounts share their dates."""
    if frequency == "semimonthly":
        fitting = [low for low in range(1, 16) if all(on.day in _pair(on, low) for on in given)]
        largest = max(on.day for on in given)
        day_of_month = fitting[0] if fitting else largest if largest <= MIDDLE else min(largest - MIDDLE, MIDDLE)
    else:
        day_of_month = max(on.day for on in given)
    dates, day = [], first
    while day <= until:
        if day == first or _is_due(day, first, frequency, day_of_month):
            dates.append(day)
        day += ONE_DAY
    return tuple(dates)


def _is_due(day: date, first: date, frequency: str | None, day_of_month: int) -> bool:
    last = monthrange(day.year, day.month)[1]
    months = day.year * 12 + day.month - first.year * 12 - first.month
    match frequency:
        case "weekly":
            return (day - first).days % 7 == 0
        case "biweekly":
            return (day - first).days % 14 == 0
        # "every `frequency` after it": a month after a date is in another month, where the two dates' days differ too
        case "monthly":
            return day.day == min(day_of_month, last) and months > 0
        case "quarterly":
            return day.day == min(day_of_month, last) and months > 0 and months % 3 == 0
        case "semimonthly":
            return day.day in _pair(day, day_of_month)
        case _:
            return False


def _pair(day: date, low: int) -> set[int]:
    """The two days of a semimonthly month: d and d+15; the 15th pairs with month end."""
    last = monthrange(day.year, day.month)[1]
    return {low, last if low == MIDDLE else min(low + MIDDLE, last)}
