"""Frequency arithmetic: on which dates something falls that repeats.

A `Schedule` is a start date, a frequency and the day of the month it keeps to. Date 0 is the start itself, whatever
its day; every later one keeps the day of the month, clipped to the length of shorter months: the 31st falls on the
30th of April and comes back in May. There is no weekend shift. All of it is exact and takes constant time.
Source: the published surface, "snapshot row -> dues".
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Literal

Frequency = Literal["weekly", "biweekly", "semimonthly", "monthly", "quarterly", "once"]

_DAYS: dict[str, int] = {"weekly": 7, "biweekly": 14}
_MONTHS: dict[str, int] = {"monthly": 1, "quarterly": 3}
_MID_MONTH = 15
_MONTHS_PER_YEAR = 12


@dataclass(frozen=True, slots=True)
class Schedule:
    """Dates that repeat from `start` on.

    Attributes:
        start: Date 0.
        frequency: How often; `once` has date 0 only.
        day: The day of the month that later dates keep to (1 to 31); for `semimonthly` the first of the two (1 to 15),
            the second being `day + 15`, and month end for 15. Weekly schedules ignore it.
    """

    start: date
    frequency: Frequency
    day: int

    def nth(self, n: int) -> date:
        """Date `n`, counted from 0.

        Raises:
            ValueError: `n` is negative, or above 0 of a schedule that happens once.
            OverflowError: The date lies after the year 9999.
        """
        if n < 0 or (n > 0 and self.frequency == "once"):
            raise ValueError(f"a {self.frequency} schedule has no date {n}")
        if n == 0:
            return self.start
        if self.frequency in _DAYS:
            return self.start + timedelta(days=n * _DAYS[self.frequency])
        if self.frequency == "semimonthly":
            return self._half_month(self._half_months(self.start) + n)
        return _day_of_month(_month_number(self.start) + n * _MONTHS[self.frequency], self.day)

    def __iter__(self) -> Iterator[date]:
        """Every date in order. Ends after one for `once`, and with the calendar."""
        if self.frequency == "once":
            yield self.start
            return
        try:
            for n in count():
                yield self.nth(n)
        except OverflowError:
            return

    def first_on_or_after(self, day: date) -> date | None:
        """The first date that is not before `day`; None when a `once` schedule lies before it."""
        if self.start >= day:
            return self.start
        if self.frequency == "once":
            return None
        n = self.count_before(day)
        return self.nth(n)

    def count_before(self, day: date) -> int:
        """How many dates lie before `day`: 0 when it starts on or after it."""
        if self.start >= day:
            return 0
        if self.frequency == "once":
            return 1
        # The estimate is never too high: it counts whole periods from the start; the loop adds at most two.
        n = max(1, self._periods_between(day) - 1)
        while self.nth(n) < day:
            n += 1
        return n

    def _periods_between(self, day: date) -> int:
        if self.frequency in _DAYS:
            return (day - self.start).days // _DAYS[self.frequency]
        months = _month_number(day) - _month_number(self.start)
        return months * 2 if self.frequency == "semimonthly" else months // _MONTHS[self.frequency]

    def _half_months(self, day: date) -> int:
        """The number of the last date of the semimonthly series that is not after `day` (two to a month)."""
        month = _month_number(day)
        first, second = _pair(month, self.day)
        if day >= second:
            return 2 * month + 1
        return 2 * month if day >= first else 2 * month - 1

    def _half_month(self, number: int) -> date:
        return _pair(number // 2, self.day)[number % 2]


def schedule_from(start: date, frequency: Frequency, *others: date) -> Schedule:
    """The schedule from `start` that also fits the dates `others` as well as it can.

    The larger of the days is the day of the month that it keeps to: a due on 28 February whose next is on 31 March
    belongs to a schedule of the 31st. For `semimonthly` it is the first pair {d, d + 15} that holds all the dates,
    else the pair of the larger day.
    """
    days = (start, *others)
    largest = max(day.day for day in days)
    if frequency != "semimonthly":
        return Schedule(start, frequency, largest)
    for first in range(1, _MID_MONTH + 1):
        if all(day in _pair(_month_number(day), first) for day in days):
            return Schedule(start, frequency, first)
    return Schedule(start, frequency, largest if largest <= _MID_MONTH else min(largest - _MID_MONTH, _MID_MONTH))


def _pair(month: int, first: int) -> tuple[date, date]:
    second = 31 if first == _MID_MONTH else first + _MID_MONTH
    return _day_of_month(month, first), _day_of_month(month, second)


def _month_number(day: date) -> int:
    return day.year * _MONTHS_PER_YEAR + day.month - 1


def _day_of_month(month: int, day: int) -> date:
    """Day `day` of a month counted from year 0, or the month's last day when it is shorter."""
    year, index = divmod(month, _MONTHS_PER_YEAR)
    if year > date.max.year:
        raise OverflowError("date value out of range")
    if day > 28:  # noqa: PLR2004  # every month has 28 days
        day = min(day, monthrange(year, index + 1)[1])
    return date(year, index + 1, day)
