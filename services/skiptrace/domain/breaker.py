"""A circuit breaker of one vendor: after failures in a row it is left alone for a while, then tried by one search.

Closed: searches pass. Open until `open_until`: none passes, and what was under way and fails says nothing new. After
that one passes as a probe; its success closes the breaker, its failure opens it again for twice as long, up to a limit.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FAILURES_TO_OPEN = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
PROBE_PATIENCE = timedelta(minutes=2)
"""A probe that nobody has answered for so long was lost with its process: another may go."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of one vendor's breaker. `failures` in a row; `open_until` None while closed."""

    failures: int = 0
    open_until: datetime | None = None
    pause: timedelta = FIRST_PAUSE
    probed_at: datetime | None = None

    def passes_at(self, now: datetime) -> bool:
        """Say whether a search may go out at `now`."""
        if self.open_until is None:
            return True
        if now < self.open_until:
            return False
        return self.probed_at is None or now >= self.probed_at + PROBE_PATIENCE

    def free_at(self, now: datetime) -> datetime:
        """The earliest moment, `now` or later, at which a search may go out."""
        if self.passes_at(now) or self.open_until is None:
            return now
        if now < self.open_until:
            return self.open_until
        return now if self.probed_at is None else self.probed_at + PROBE_PATIENCE

    def let_through(self, now: datetime) -> "Breaker":
        """The breaker after a search went out: while open, it is the probe."""
        return self if self.open_until is None else replace(self, probed_at=now)

    def succeeded(self) -> "Breaker":
        """The breaker after an answer: closed."""
        return Breaker()

    def failed(self, now: datetime) -> "Breaker":
        """The breaker after a failure."""
        failures = self.failures + 1
        if self.open_until is not None and now < self.open_until:
            return replace(self, failures=failures)
        if self.open_until is not None:
            pause = min(self.pause * 2, LONGEST_PAUSE)
            return Breaker(failures, now + pause, pause)
        if failures >= FAILURES_TO_OPEN:
            return Breaker(failures, now + FIRST_PAUSE, FIRST_PAUSE)
        return replace(self, failures=failures)


CLOSED = Breaker()
