"""When a party may be called: from 8:00 to 21:00 in every time zone where it may be.

Source: 12 CFR 1006.6(b)(1)(i), and comment 6(b)(1)(i)-2 for zones that conflict. The work list keeps
to it; whether a contact may be made is decided by compliance, when it is about to be made.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.places import PLAUSIBLE_ZONES
from shared.time_zones import address_zones, phone_zones

OPENS, CLOSES = 8, 21
"""Hours of the day by the wall clock; at `CLOSES` itself nobody is called."""


def group_of(zones: Iterable[str]) -> str:
    """The name of the parties that may be called at the same times: their zones, in order."""
    return " ".join(sorted(set(zones)))


ANY_HOUR = ""
"""The group of parties whom no call, text or e-mail can reach: letters and searches have no hours."""
UNKNOWN = group_of(PLAUSIBLE_ZONES)
"""The group of parties of whom nothing says where they are: they are offered while it is day in all of these zones."""


def calling_group(region: str | None, postal_code: str | None, points: Iterable[tuple[str, str]]) -> str:
    """The group of a party, by its address and the ways to reach it that are good: (kind, value) of each."""
    reachable = [(kind, value) for kind, value in points if kind in {"phone", "email"}]
    zones = set(_of_address(region, postal_code))
    for kind, value in reachable:
        if kind == "phone":
            zones.update(phone_zones(value))
    if zones:
        return group_of(zones)
    return UNKNOWN if reachable else ANY_HOUR


@lru_cache(maxsize=65_536)
def _of_address(region: str | None, postal_code: str | None) -> tuple[str, ...]:
    return address_zones(region, postal_code)


def is_open(group: str, now: datetime) -> bool:
    """Whether the parties of a group may be called now. A zone that this machine does not know is closed."""
    try:
        return all(OPENS <= now.astimezone(ZoneInfo(zone)).hour < CLOSES for zone in group.split())
    except ZoneInfoNotFoundError:
        return False
