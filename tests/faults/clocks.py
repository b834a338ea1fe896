"""Wrong clocks and odd days: calls near the edges of the hours, where daylight saving or the year changes.

The clock of everybody who decides is set to those days; then that of one service is set wrong besides. What a person's
wall clock shows is worked out here from their zones, and how often they were called is counted anew.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import httpx

from shared.clock import SystemClock
from tests.faults.agency import Agency, Member, refusing
from tests.faults.lab import Lab
from tests.faults.machines import ISSUER

_CONTACT = ("contact-api", "contact-worker")
_COMPLIANCE = ("compliance-api", "compliance-worker")
_SET = (ISSUER, *_CONTACT, *_COMPLIANCE)
_PACE = ("policy.min_gap", "policy.max_per_day", "policy.max_calls_per_person")
_OPENS, _CLOSES = time(8), time(21)
_MOST, _DAYS = 7, 7
_EARLY = timedelta(seconds=1.2)
"""So long before an edge a call is asked for, so that some answers come before and some after it."""
_SKEWS = (12, 60, 110, 600, 840, 3_600, 7_200)
_MEMBERS = 6
_PLACED = 201


@dataclass(slots=True)
class History:
    """When each member was called, by the clock that is right here."""

    calls: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def counts(self, number: str, member: Member, at: datetime) -> tuple[int, int]:
        """The fewest and the most calls within seven calendar days that any of their zones shows."""
        days = [
            [(_clock(at, zone).date() - _clock(call, zone).date()).days for zone in member.zones]
            for call in self.calls[number]
        ]
        return sum(max(each) < _DAYS for each in days), sum(min(each) < _DAYS for each in days)


async def clocks_wrong(lab: Lab) -> None:
    """R9: days on which clocks or years change, and clocks up to two hours wrong: no call at night, none too many."""
    agency = await lab.agency(_MEMBERS)
    await agency.switch_off(*_PACE)
    history = History()
    for turn in _turns(lab):
        for at in _instants(lab, agency, turn):
            await _ask_all(lab, agency, history, at)
        for _ in range(2 if lab.length <= 1 else 6):  # each a week on: the next turn is still to come
            await _ask_with_a_wrong_clock(lab, agency)
    agency.set_clock(timedelta(0))


def _turns(lab: Lab) -> list[date]:
    """Days to come, in their order, on which clocks change, the year ends, or it is the 29th of February."""
    year = SystemClock().now().year + 1
    leap = next(each for each in range(year, year + 5) if each % 4 == 0)
    sundays = [date(year, 3, 8), date(year, 11, 1)]
    changes = [day + timedelta(days=(6 - day.weekday()) % 7) for day in sundays]
    turns = [*changes, date(year, 12, 31), date(leap, 2, 29)]
    return sorted(lab.rng.sample(turns, 1 if lab.length <= 1 else 3))


def _instants(lab: Lab, agency: Agency, turn: date) -> Iterator[datetime]:
    """Moments just before or after an edge of the hours in some zone, two a day, from days before the turn on."""
    zones = sorted({zone for member in agency.members.values() for zone in member.zones})
    found = []
    for offset in range(-4, 5):
        for edge in lab.rng.sample([_OPENS, _CLOSES, time(12)], 2):
            wall = datetime.combine(turn + timedelta(days=offset), edge, ZoneInfo(lab.rng.choice(zones)))
            found.append(wall.astimezone(UTC) - lab.rng.choice([_EARLY, -_EARLY]))
    return iter(sorted(found))


async def _ask_all(lab: Lab, agency: Agency, history: History, at: datetime) -> None:
    """Set every clock to a moment, and ask to call each member; some of them again when the edge has passed."""
    _set(lab, agency, at)
    asked = await asyncio.gather(*(_ask(lab, agency, history, number) for number in agency.members))
    for attempt_id in filter(None, asked):
        await agency.report(attempt_id, "no_answer")
    await lab.heard(agency)


def _set(lab: Lab, agency: Agency, at: datetime) -> None:
    ahead = at - SystemClock().now()
    agency.set_clock(ahead)
    lab.machines.set_clocks(_SET, ahead.total_seconds())


async def _ask(lab: Lab, agency: Agency, history: History, number: str) -> str | None:
    """Ask for one call and hold the answer against the wall clocks and the calls before it."""
    await asyncio.sleep(lab.rng.uniform(0, 1))
    member = agency.members[number]
    asked = agency.now()
    answer = await agency.ring(number, f"{asked.isoformat()}")
    answered = agency.now()
    fewest, most = history.counts(number, member, asked)
    if answer.status_code == _PLACED:
        placed = datetime.fromisoformat(answer.json()["placed_at"])
        night = _night(member, placed)
        lab.expect(holds=not night, otherwise=f"{number} is called {night}")
        lab.expect(holds=fewest < _MOST, otherwise=f"{number} is called the eighth time on {placed:%Y-%m-%d}")
        history.calls[number].append(placed)
        return str(answer.json()["attempt_id"])
    is_day = not _night(member, asked) and not _night(member, answered + _EARLY)
    lab.expect(
        holds=not (is_day and most < _MOST),
        otherwise=f"{number} is not called at {asked}, after {most}: {answer.status_code} {list(refusing(answer))}",
    )
    return None


async def _ask_with_a_wrong_clock(lab: Lab, agency: Agency) -> None:
    """One service's clock shows day where it is night: it may refuse whom it likes, and calls nobody at night."""
    skew = timedelta(seconds=lab.rng.choice(_SKEWS))
    number = lab.rng.choice(list(agency.members))
    zone = lab.rng.choice(sorted(agency.members[number].zones))
    day = _clock(agency.now(), zone).date() + timedelta(days=8)
    is_ahead = lab.rng.random() < 0.5
    # Ahead of the morning, or behind the evening: the wrong clock is where it may be called.
    edge = datetime.combine(day, _OPENS if is_ahead else _CLOSES, ZoneInfo(zone)).astimezone(UTC)
    at = edge - skew / 2 if is_ahead else edge + skew / 2
    _set(lab, agency, at)
    wrong = lab.rng.choice([_COMPLIANCE, _CONTACT])
    ahead = agency.ahead + (skew if is_ahead else -skew)
    lab.machines.set_clocks(wrong, ahead.total_seconds())
    answers = await asyncio.gather(*(_tried(agency, each, f"wrong-{at.isoformat()}-{each}") for each in agency.members))
    error = f"the clock of {wrong[0]} is {skew} {'ahead' if is_ahead else 'behind'}"
    for each, asked, answer in answers:
        night = _night(agency.members[each], asked)
        is_called = answer.status_code == _PLACED
        lab.expect(holds=not (is_called and night), otherwise=f"{each} is called {night}: {error}")
        if is_called:
            await agency.report(answer.json()["attempt_id"], "no_answer")
    _set(lab, agency, agency.now())
    # A call that contact turned down, for the clock of its decision, stays open until compliance has heard of that.
    await lab.heard(agency)
    await lab.released(agency)


async def _tried(agency: Agency, number: str, key: str) -> tuple[str, datetime, httpx.Response]:
    asked = agency.now()
    return number, asked, await agency.try_to_ring(number, key)


def _night(member: Member, at: datetime) -> str:
    """Where it is too early or too late for a call, in words; empty where it is day in every zone."""
    clocks = [_clock(at, zone) for zone in sorted(member.zones)]
    return ", ".join(_shown(clock) for clock in clocks if not _OPENS <= clock.time() < _CLOSES)


def _shown(clock: datetime) -> str:
    return f"at {clock:%Y-%m-%d %H:%M:%S} in {clock.tzinfo}"


def _clock(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))
