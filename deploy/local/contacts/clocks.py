"""Where a person's clock may stand, by their number and state: the zones that both leave open.

Zones of numbers are those of `phonenumbers`. Of states only those count that lie in one zone as a whole: of the others
a postal code may say more, and the checker names nothing that is open.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone

ANYWHERE = frozenset(
    {"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu"}
)
"""Where a person may be of whom no place is known."""
_UNKNOWN = "Etc/Unknown"
_MANY = 4
_STATES = {
    "America/New_York": "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
    "America/Chicago": "AL AR IA IL LA MN MO MS OK WI",
    "America/Denver": "CO MT NM UT WY",
    "America/Los_Angeles": "CA WA",
    "Pacific/Honolulu": "HI",
    "Pacific/Guam": "GU MP",
    "America/Puerto_Rico": "PR VI",
}
_ZONE_OF_STATE = {state: zone for zone, states in _STATES.items() for state in states.split()}


@lru_cache(maxsize=65_536)
def zones_of_phone(number: str) -> frozenset[str]:
    """The zones of a number; none where it says nothing of a place."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return frozenset()
    zones = frozenset(timezone.time_zones_for_geographical_number(parsed)) - {_UNKNOWN}
    return zones if len(zones) <= _MANY else frozenset()


def zone_of_state(state: str | None) -> frozenset[str]:
    """The zone of a state by its two letters; none where it has several, or is not known."""
    zone = _ZONE_OF_STATE.get((state or "").strip().upper())
    return frozenset() if zone is None else frozenset((zone,))


def wall_clocks(moment: datetime, zones: Iterable[str]) -> list[datetime]:
    """What the wall clocks of these zones show."""
    return [moment.astimezone(ZoneInfo(zone)) for zone in sorted(zones)]
