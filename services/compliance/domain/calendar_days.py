"""Local days and wall-clock times in IANA zones, exact over every change of the clocks.

All instants are aware datetimes in UTC. A day that has no midnight begins when its first minute does.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name.

    Raises:
        ZoneInfoNotFoundError: a KeyError: no zone is called that.
    """
    return ZoneInfo(name)


def local(moment: datetime, zone: str) -> datetime:
    """The wall-clock time of an instant."""
    return moment.astimezone(zone_of(zone))


@lru_cache(maxsize=65536)
def midnight(zone: str, day: date) -> datetime:
    """The instant at which `day` begins in the zone."""
    return first_instant(zone, day, 0)


def first_instant(zone: str, day: date, minute: int) -> datetime:
    """The first instant of `day` at which its wall clock shows `minute` of the day or, where that is skipped, later."""
    tz = zone_of(zone)
    wall = datetime.combine(day, time.min, tz) + timedelta(minutes=minute)
    found = wall.astimezone(UTC)
    if found.astimezone(tz).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return found
    return _change(tz, wall.replace(fold=1).astimezone(UTC), found)


def _change(tz: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant between these two at which the zone's offset changes (to the minute, as all changes since 1972)."""
    offset = before.astimezone(tz).utcoffset()
    low, high = 0, (after - before) // _MINUTE
    while low + 1 < high:
        middle = (low + high) // 2
        if (before + middle * _MINUTE).astimezone(tz).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return before + high * _MINUTE


@lru_cache(maxsize=16384)
def _marks_of_day(zone: str, day: date, minutes: tuple[int, ...]) -> tuple[datetime, ...]:
    """Every instant of the day at which its wall clock can enter or leave one of these minutes, ascending."""
    tz = zone_of(zone)
    begin, end = midnight(zone, day), midnight(zone, day + _DAY)
    found = {begin, *(first_instant(zone, day, minute) for minute in minutes)}
    if begin.astimezone(tz).utcoffset() != end.astimezone(tz).utcoffset():
        found.add(_change(tz, begin, end))
        naive = datetime.combine(day, time.min, tz)
        found |= {(naive + timedelta(minutes=each)).replace(fold=1).astimezone(UTC) for each in minutes}
    return tuple(sorted(each for each in found if begin <= each < end))


@lru_cache(maxsize=16384)
def _marks_of_utc_day(zones: tuple[str, ...], day: date, minutes: tuple[int, ...]) -> tuple[datetime, ...]:
    """The same for all the zones together, on one day of UTC."""
    begin = datetime.combine(day, time.min, UTC)
    near = (day - _DAY, day, day + _DAY)
    found = {moment for zone in zones for each in near for moment in _marks_of_day(zone, each, minutes)}
    return tuple(sorted(moment for moment in found if begin <= moment < begin + _DAY))


def marks(zones: tuple[str, ...], after: datetime, minutes: tuple[int, ...], days: int) -> Iterator[datetime]:
    """The instants after `after` at which the wall clock of any zone enters or leaves one of the minutes, ascending.

    Days and changes of the clocks are among them; they end `days` days on.
    """
    first = after.astimezone(UTC).date()
    for offset in range(days + 1):
        for moment in _marks_of_utc_day(zones, first + offset * _DAY, minutes):
            if moment > after:
                yield moment


def minute_of(clock: str) -> int:
    """The minute of the day of `HH:MM`; 24:00 is the end of the day.

    Raises:
        ValueError: it is no time of the day.
    """
    hour, colon, minute = clock.partition(":")
    if not colon or len(hour) != 2 or len(minute) != 2 or not (hour + minute).isdecimal():  # noqa: PLR2004 - HH:MM
        raise ValueError(f"{clock!r} is not HH:MM")
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > 1440:  # noqa: PLR2004 - minutes of an hour and of a day
        raise ValueError(f"{clock!r} is no time of the day")
    return found
