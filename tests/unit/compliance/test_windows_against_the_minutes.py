"""When a consumer may be contacted, against a search that looks at the wall clocks of every zone minute by minute.

The days are chosen around both changes of the clocks; windows and inconvenient times may begin or end in the hour that
is skipped, or in the one that comes twice.
"""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.compliance.domain.calendar_days import first_instant, midnight, minute_of
from services.compliance.domain.case import Case
from services.compliance.domain.checks import CHECKS
from services.compliance.domain.checks.finding import Finding, Result
from services.compliance.domain.checks.params import WEEKDAYS, DesignatedTime, LocalTimeWindow
from services.compliance.domain.facts import (
    Channel,
    Consent,
    Creditor,
    Debt,
    Facts,
    Location,
    Party,
    Purpose,
    Request,
    Role,
    TimeDesignation,
)

NAMES = UUID("5f0c4f0e-6a1b-4c55-9d53-0f5f0d3c1407")
ZONES = (
    "America/New_York",
    "America/Los_Angeles",
    "America/Denver",
    "America/Phoenix",  # keeps no daylight saving time
    "Pacific/Honolulu",
    "America/St_Johns",  # half an hour apart
    "America/Havana",  # changes its clocks at midnight
    "Australia/Lord_Howe",  # moves them by half an hour
)
MINUTE = timedelta(minutes=1)
HORIZON = timedelta(days=9)
# The days around 8 March and 1 November 2026 (United States), 5 April (Lord Howe), and an ordinary one.
STARTS = tuple(datetime(2026, *day, tzinfo=UTC) for day in ((3, 7), (3, 8), (10, 31), (11, 1), (4, 4), (6, 17)))
EDGES = ("00:00", "01:30", "02:00", "02:30", "03:00", "08:00", "09:15", "15:00", "17:00", "21:00", "23:30", "24:00")


def name(word: str) -> UUID:
    return uuid5(NAMES, word)


def case(
    at: datetime, zones: tuple[str, ...], times: tuple[TimeDesignation, ...] = (), consents: tuple[Consent, ...] = ()
) -> Case:
    facts = Facts(
        Creditor(name("creditor"), Role.THIRD_PARTY_COLLECTOR),
        Party(name("party"), "natural_person"),
        (Debt(name("debt"), "open"),),
        locations=tuple(Location("phone", (zone,)) for zone in zones),
        inconvenient_times=times,
        consents=consents,
    )
    return Case(Request(name("party"), (name("debt"),), Channel.PHONE, None, Purpose.COLLECTION, at), facts)


def shows(zone: str, moment: datetime) -> tuple[int, int, datetime]:
    """Weekday, minute of the day and wall clock."""
    clock = moment.astimezone(ZoneInfo(zone))
    return clock.weekday(), clock.hour * 60 + clock.minute, clock


def first(at: datetime, is_open: object) -> datetime | None:
    """The first minute that is open, looked for one by one."""
    moment = at
    while moment <= at + HORIZON:
        if is_open(moment):  # type: ignore[operator]
            return moment
        moment += MINUTE
    return None


def assert_same(finding: Finding, at: datetime, found: datetime | None) -> None:
    """The check found what the search found; an opening beyond the days that were searched is neither."""
    if found is None:
        assert finding.result is Result.FAIL
        assert finding.not_before is None or finding.not_before > at + HORIZON
    elif found == at:
        assert finding.result is Result.PASS
    else:
        assert finding.result is Result.FAIL
        assert finding.not_before == found


moments = st.builds(lambda start, minutes: start + minutes * MINUTE, st.sampled_from(STARTS), st.integers(0, 2 * 1440))
some_zones = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(tuple)
edges = st.tuples(st.sampled_from(EDGES), st.sampled_from(EDGES)).filter(lambda pair: pair[0] < pair[1])
some_days = st.frozensets(st.integers(0, 6), min_size=1)


@given(moments, some_zones, edges, some_days)
@settings(max_examples=60)
@example(datetime(2026, 3, 8, 6, 0, tzinfo=UTC), ("America/New_York",), ("02:30", "03:00"), frozenset(range(7)))
@example(datetime(2026, 11, 1, 5, 45, tzinfo=UTC), ("America/New_York",), ("01:00", "01:30"), frozenset(range(7)))
def test_hours_open_when_they_are_open_in_every_zone(
    at: datetime, zones: tuple[str, ...], hours: tuple[str, str], days: frozenset[int]
) -> None:
    start, end = map(minute_of, hours)

    def is_open(moment: datetime) -> bool:
        return all(day in days and start <= minute < end for day, minute, _ in (shows(zone, moment) for zone in zones))

    params = LocalTimeWindow(*hours, tuple(WEEKDAYS[day] for day in sorted(days)))
    finding = CHECKS["local_time_window"].evaluate(case(at, zones), params)
    assert_same(finding, at, first(at, is_open))


@st.composite
def designations(draw: st.DrawFn) -> tuple[TimeDesignation, ...]:
    found = []
    for index in range(draw(st.integers(1, 3))):
        start, end = map(minute_of, draw(edges))
        known = draw(st.sampled_from(STARTS)) - timedelta(days=draw(st.integers(0, 200)))
        until = draw(st.none() | st.integers(0, 12).map(lambda day: (STARTS[0] + timedelta(days=day)).date()))
        found.append(TimeDesignation(name(f"time {index}"), known, draw(some_days), start, end, until))
    return tuple(found)


@given(moments, some_zones, designations(), st.none() | edges)
@settings(max_examples=60)
def test_inconvenient_times_are_left_alone_in_every_zone(
    at: datetime, zones: tuple[str, ...], times: tuple[TimeDesignation, ...], consented: tuple[str, str] | None
) -> None:
    consents: tuple[Consent, ...] = ()
    if consented is not None:
        start, end = map(minute_of, consented)
        consents = (Consent(name("consent"), "time", at - MINUTE, start_minute=start, end_minute=end),)

    def is_inconvenient(moment: datetime) -> bool:
        return any(
            each.known_at <= moment
            and any(
                day in each.weekdays
                and each.start_minute <= minute < each.end_minute
                and (each.until is None or clock.date() <= each.until)
                for day, minute, clock in (shows(zone, moment) for zone in zones)
            )
            for each in times
        )

    def is_open(moment: datetime) -> bool:
        has_consent = any(
            all(each.start_minute <= shows(zone, moment)[1] < each.end_minute for zone in zones) for each in consents
        )
        return has_consent or not is_inconvenient(moment)

    finding = CHECKS["designated_time"].evaluate(case(at, zones, times, consents), DesignatedTime())
    assert_same(finding, at, first(at, is_open))


@given(moments, st.sampled_from(ZONES), st.integers(0, 1439))
@settings(max_examples=100)
def test_a_day_begins_when_its_wall_clock_first_shows_it(at: datetime, zone: str, minute: int) -> None:
    day = at.astimezone(ZoneInfo(zone)).date()
    begins = midnight(zone, day)
    assert begins.astimezone(ZoneInfo(zone)).date() == day
    assert (begins - MINUTE).astimezone(ZoneInfo(zone)).date() < day
    found = first_instant(zone, day, minute)
    wanted = time(minute // 60, minute % 60)
    assert found.astimezone(ZoneInfo(zone)).time() >= wanted
    before = (found - MINUTE).astimezone(ZoneInfo(zone))
    assert before.date() < day or before.time() < wanted


@pytest.mark.parametrize("clock", ["8:00", "08", "24:01", "12:60", "ab:cd", ""])
def test_a_time_of_the_day_is_written_in_full(clock: str) -> None:
    with pytest.raises(ValueError, match=r"is not HH:MM|no time of the day"):
        minute_of(clock)


def test_without_any_place_the_hour_is_not_known() -> None:
    finding = CHECKS["local_time_window"].evaluate(case(STARTS[0], ()), LocalTimeWindow())
    assert finding.result is Result.UNKNOWN


def test_what_the_consumer_states_of_the_place_outweighs_numbers_and_addresses_while_it_holds() -> None:
    at = datetime(2026, 6, 17, 13, 0, tzinfo=UTC)  # 9:00 in New York, 6:00 in Los Angeles
    here = case(at, ("America/New_York", "America/Los_Angeles"))
    assert CHECKS["local_time_window"].evaluate(here, LocalTimeWindow()).result is Result.FAIL
    stated = Location("stated", ("America/New_York",), (), at - timedelta(days=1), at + timedelta(days=1))
    facts = Facts(here.facts.creditor, here.facts.party, here.facts.debts, locations=(*here.facts.locations, stated))
    assert CHECKS["local_time_window"].evaluate(Case(here.request, facts), LocalTimeWindow()).result is Result.PASS
