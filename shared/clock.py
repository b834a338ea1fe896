"""The only source of time. A process gets one `Clock`; nothing else asks the machine.

Wall-clock time decides leases, expiries and contact rules; accounts are judged at their creditor's business date.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """Return this moment, aware, in UTC."""
        ...

    def today(self, time_zone: str) -> date:
        """Return the calendar date in an IANA time zone. Unknown zone: `zoneinfo.ZoneInfoNotFoundError`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return this moment, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that asks the machine

    def today(self, time_zone: str) -> date:
        """Return the calendar date in an IANA time zone."""
        return self.now().astimezone(ZoneInfo(time_zone)).date()


@dataclass(slots=True)
class FixedClock:
    """A clock that stands at `at` (aware) until it is set: for tests and for replaying the past."""

    at: datetime

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a clock needs an aware time")

    def now(self) -> datetime:
        """Return the moment at which the clock stands, in UTC."""
        return self.at.astimezone(UTC)

    def today(self, time_zone: str) -> date:
        """Return the calendar date at that moment in an IANA time zone."""
        return self.at.astimezone(ZoneInfo(time_zone)).date()
