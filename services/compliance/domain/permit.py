"""A permit: what may become of it. Pure.

It counts against every limit from its reservation until it is reported; expiry forbids to place it and takes nothing
back, and comes with the end of the hours in which it was given. That it was placed outweighs every other report,
whichever came first.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from services.compliance.domain.calendar_days import marks, minute_of
from services.compliance.domain.checks.params import LocalTimeWindow
from services.compliance.domain.rules import Rule

State = Literal["reserved", "placed", "not_placed"]

TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    "reserved": frozenset({"placed", "not_placed"}),
    "not_placed": frozenset({"placed"}),
    "placed": frozenset(),
}


def closings(rules: Iterable[Rule]) -> tuple[int, ...]:
    """The minutes of the day at which the hours of any rule end."""
    ends = {minute_of(rule.params.end) for rule in rules if isinstance(rule.params, LocalTimeWindow)}
    return tuple(sorted(end for end in ends if end < _DAY_MINUTES))


def expires_at(now: datetime, ttl: timedelta, zones: tuple[str, ...], minutes: Iterable[int]) -> datetime:
    """When a permit given now may no longer be placed: after `ttl`, or when a wall clock there reaches a minute.

    `zones`: where the consumer may be; `minutes` of the day: those at which hours end and inconvenient times begin. A
    day's end and a change of the clocks end it too: what holds then was not looked at.
    """
    latest = now + ttl
    return next((mark for mark in marks(zones, now, tuple(sorted(set(minutes))), 1) if mark < latest), latest)


_DAY_MINUTES: Final = 1440
