"""The instalments of an arrangement, from `{count, first_due_on, frequency, total_minor}` or from an explicit list.

Equal instalments in whole minor units; what does not divide is on the last one, so that no earlier amount changes when
a total is corrected. The first instalment falls on `first_due_on`; a day that a month does not have falls on its last
day and comes back in the next; semimonthly is d and d+15, where the 15th pairs with month end; no weekend shift.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, Literal

from services.payments.domain.arrangement import Installment
from shared.errors import Refusal

Frequency = Literal["weekly", "biweekly", "semimonthly", "monthly", "quarterly", "once"]

MAX_INSTALLMENTS: Final = 360
"""Thirty years of months: a longer plan is a typing error."""
MAX_TOTAL_MINOR: Final = 10**15
LAST_DUE_DAY: Final = date(2200, 12, 31)
"""A later day is a typing error, and days of grace could not be added to the last ones of the calendar."""
_MID_MONTH: Final = 15


def even_schedule(
    *, count: int, first_due_on: date, frequency: Frequency, total_minor: int
) -> tuple[Installment, ...] | Refusal:
    """Make `count` equal instalments of `total_minor`; `schedule-invalid` where one would be nothing."""
    if frequency == "once" and count != 1:
        return Refusal("schedule-invalid", "A schedule with frequency once has one instalment.", "installments.count")
    if not 0 < count <= MAX_INSTALLMENTS:
        detail = f"A schedule has 1 to {MAX_INSTALLMENTS} instalments."
        return Refusal("schedule-invalid", detail, "installments.count")
    each, rest = divmod(total_minor, count)
    if each <= 0:
        detail = "The total is too small for that many instalments."
        return Refusal("schedule-invalid", detail, "installments.total_minor")
    if first_due_on > LAST_DUE_DAY:
        return Refusal("schedule-invalid", f"No first due date is after {LAST_DUE_DAY}.", "installments.first_due_on")
    days = due_dates(first_due_on, frequency, count)
    return tuple(Installment(day, each + (rest if k == count - 1 else 0)) for k, day in enumerate(days))


def explicit_schedule(installments: Sequence[Installment]) -> tuple[Installment, ...] | Refusal:
    """Sort a list of instalments by due date; refuse an empty or too long one and a due date that stands twice."""
    if not 0 < len(installments) <= MAX_INSTALLMENTS:
        return Refusal("schedule-invalid", f"A schedule has 1 to {MAX_INSTALLMENTS} instalments.", "installments")
    if len({installment.due_on for installment in installments}) != len(installments):
        return Refusal("schedule-invalid", "Two instalments have the same due date.", "installments")
    if any(installment.amount_minor <= 0 for installment in installments):
        return Refusal("schedule-invalid", "An instalment is an amount above zero.", "installments")
    if sum(installment.amount_minor for installment in installments) > MAX_TOTAL_MINOR:
        return Refusal("schedule-invalid", "The total is too large.", "installments")
    return tuple(sorted(installments, key=lambda installment: installment.due_on))


def check_terms(installments: Sequence[Installment], *, tolerance_minor: int, business_date: date) -> Refusal | None:
    """Refuse a due date that has passed (`due-on-in-past`) and a tolerance that would pay the whole arrangement."""
    if installments[0].due_on < business_date:
        detail = f"The first due date {installments[0].due_on} is before the business date {business_date}."
        return Refusal("due-on-in-past", detail, "installments")
    if tolerance_minor >= sum(installment.amount_minor for installment in installments):
        return Refusal("schedule-invalid", "The tolerance is as large as the total.", "tolerance_minor")
    return None


def due_dates(first: date, frequency: Frequency, count: int) -> tuple[date, ...]:
    """The first `count` due dates from `first` on, `first` included."""
    nth = _NTH[frequency]
    return tuple(nth(first, k) for k in range(count))


def _month_day(first: date, months: int, day: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(day, monthrange(year, month + 1)[1]))


def _semimonthly(first: date, k: int) -> date:
    early = _early_day(first)
    late = 31 if early == _MID_MONTH else early + 15
    # A short month can clip the late day onto `first` itself, so the place of `first` follows from its own half.
    place = k + (0 if first.day == early else 1)
    return first if k == 0 else _month_day(first, place // 2, late if place % 2 else early)


def _early_day(first: date) -> int:
    """The first d in 1 to 15 whose pair {d, d+15} holds the date, clipped to its month; else d from the day itself."""
    length = monthrange(first.year, first.month)[1]
    for day in range(1, _MID_MONTH + 1):
        late = 31 if day == _MID_MONTH else day + 15
        if first.day in {day, min(late, length)}:
            return day
    return first.day - 15


_NTH: Final[Mapping[Frequency, Callable[[date, int], date]]] = {
    "weekly": lambda first, k: first + timedelta(days=7 * k),
    "biweekly": lambda first, k: first + timedelta(days=14 * k),
    "semimonthly": _semimonthly,
    "monthly": lambda first, k: _month_day(first, k, first.day),
    "quarterly": lambda first, k: _month_day(first, 3 * k, first.day),
    "once": lambda first, _: first,
}
