"""When the consumer may be contacted: hours of the day, and the times that the consumer called inconvenient.

An hour is open only when it is open in every zone where the consumer may be (comment 6(b)(1)(i)-2). Hours are half
open: 21:00 itself is closed. Everything is by the wall clock, so the change to and from daylight saving time is exact.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache

from services.compliance.domain.calendar_days import local, marks
from services.compliance.domain.case import Case
from services.compliance.domain.checks.params import WEEKDAYS
from services.compliance.domain.consents import holds
from services.compliance.domain.facts import Consent, TimeDesignation

HORIZON_DAYS = 15
"""How far an opening is looked for: hours and weekdays repeat within a week, changes of the clock and ends apart."""


def is_within(clocks: Iterable[datetime], start: int, end: int, weekdays: Iterable[str]) -> bool:
    """Whether every wall clock shows a minute of the day in [start, end), on one of the weekdays."""
    for clock in clocks:
        if not start <= clock.hour * 60 + clock.minute < end or WEEKDAYS[clock.weekday()] not in weekdays:
            return False
    return True


def covers(designation: TimeDesignation, moment: datetime, zones: Iterable[str]) -> bool:
    """Whether the moment is one that the consumer called inconvenient, in any of the zones."""
    if moment < designation.known_at or (designation.withdrawn_at is not None and designation.withdrawn_at <= moment):
        return False
    return _shows(designation, [local(moment, zone) for zone in zones])


def inconvenient_now(case: Case) -> list[TimeDesignation]:
    """The designations that cover the case's moment, in a fixed order."""
    found = [
        each
        for each in case.facts.inconvenient_times
        if each.known_at <= case.seen
        and (each.withdrawn_at is None or case.at < each.withdrawn_at)
        and _shows(each, case.clocks)
    ]
    return sorted(found, key=lambda each: str(each.designation_id)) if len(found) > 1 else found


def _shows(designation: TimeDesignation, clocks: Iterable[datetime]) -> bool:
    for clock in clocks:
        if (
            clock.weekday() in designation.weekdays
            and designation.start_minute <= clock.hour * 60 + clock.minute < designation.end_minute
            and (designation.until is None or clock.date() <= designation.until)
        ):
            return True
    return False


def inconvenient(case: Case, moment: datetime) -> list[TimeDesignation]:
    """The designations that cover the moment, in a fixed order."""
    found = [each for each in case.facts.inconvenient_times if covers(each, moment, case.zones)]
    return sorted(found, key=lambda each: str(each.designation_id))


def next_convenient(case: Case, after: datetime, consents: list[Consent]) -> datetime | None:
    """The first moment after `after` that no designation covers, or to which the consumer consented."""
    designations = case.facts.inconvenient_times
    minutes = {0} | {edge for each in designations for edge in (each.start_minute, each.end_minute)}

    def is_open(moment: datetime) -> bool:
        return not inconvenient(case, moment) or any(holds(case, each, moment) for each in consents)

    starts = [after]
    for each in designations:
        starts += [case.day_ends(each.until)] if each.until is not None else []
        starts += [each.withdrawn_at] if each.withdrawn_at is not None else []
    starts += [case.day_begins(each.starts_on) for each in consents if each.starts_on is not None]
    return first_open(case, starts, minutes, consents, is_open)


def next_within(
    case: Case, start: int, end: int, weekdays: tuple[str, ...], consents: list[Consent]
) -> datetime | None:
    """The first moment after the case's that is within these hours everywhere, or to which the consumer consented."""
    if not consents:
        return opens_within(case.zones, case.at, start, end, weekdays)

    def is_open(moment: datetime) -> bool:
        clocks = [local(moment, zone) for zone in case.zones]
        return is_within(clocks, start, end, weekdays) or any(holds(case, each, moment) for each in consents)

    starts = [case.at, *(case.day_begins(each.starts_on) for each in consents if each.starts_on is not None)]
    return first_open(case, starts, {start, end}, consents, is_open)


@lru_cache(maxsize=4096)
def opens_within(
    zones: tuple[str, ...], after: datetime, start: int, end: int, weekdays: tuple[str, ...]
) -> datetime | None:
    """The first moment after `after` that is within these hours in all the zones."""
    for moment in marks(zones, after, tuple(each for each in (start, end) if 0 < each < 1440), HORIZON_DAYS):  # noqa: PLR2004
        if is_within([local(moment, zone) for zone in zones], start, end, weekdays):
            return moment
    return None


def first_open(
    case: Case,
    starts: list[datetime],
    minutes: set[int],
    consents: list[Consent],
    is_open: Callable[[datetime], bool],
) -> datetime | None:
    """The first moment after the first of `starts` that is open: looked for from each of them, two weeks on.

    Openings begin only where a wall clock enters or leaves one of the minutes, a day begins, or the clock is changed.
    """
    edges = tuple(sorted(minutes | {edge for each in consents for edge in (each.start_minute, each.end_minute)}))
    edges = tuple(edge for edge in edges if 0 < edge < 1440)  # noqa: PLR2004 - days begin anyhow
    first: datetime | None = None
    for start in sorted({each for each in starts if each >= starts[0]}):
        if first is not None and first <= start:
            break
        if start > starts[0] and is_open(start):
            return start
        opened = (moment for moment in marks(case.zones, start, edges, HORIZON_DAYS) if is_open(moment))
        first = min(filter(None, (first, next(opened, None))), default=None)
    return first
