"""Interleaved rounds: Arrears and its limit, one after the other, each first in turn, and the ratio of each round.

A ratio compares two times of the same round, so what the machine does meanwhile to both cancels out.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

Timed = Callable[[], Awaitable[float]]
"""Does the work once, verifies it, and returns the seconds that the work took."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The smallest, the middle and the largest of some numbers."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Take the spread of at least one value."""
        return cls(min(values), median(values), max(values))


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a case came to.

    Attributes:
        case: Its id in the design.
        title: What Arrears did.
        limit: What it is compared with.
        n: Items of one round and side.
        unit: What an item is.
        rounds: How many rounds.
        arrears: Items per second; for `is_time` cases milliseconds per item.
        limit_rate: The same of the limit.
        ratio: Arrears to its limit: of rates, larger is better; of times, smaller is better.
        is_time: Whether it is about the time of one item.
        verified: What was checked before a number was taken.
    """

    case: str
    title: str
    limit: str
    n: int
    unit: str
    rounds: int
    arrears: Spread
    limit_rate: Spread
    ratio: Spread
    verified: str
    is_time: bool = False


async def interleaved(arrears: Timed, limit: Timed, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each round of both sides. The limit may use what Arrears' first run left behind."""
    ours: list[float] = []
    theirs: list[float] = []
    for nth in range(rounds):
        if nth % 2 == 0:
            ours.append(await arrears())
            theirs.append(await limit())
        else:
            theirs.append(await limit())
            ours.append(await arrears())
    return ours, theirs


def rates(case: str, title: str, limit: str, *, n: int, unit: str, verified: str) -> Callable[..., Measurement]:
    """Return what makes a measurement of throughput from the seconds of both sides."""

    def of(ours: Sequence[float], theirs: Sequence[float]) -> Measurement:
        return Measurement(
            case=case,
            title=title,
            limit=limit,
            n=n,
            unit=unit,
            rounds=len(ours),
            arrears=Spread.of([n / seconds for seconds in ours]),
            limit_rate=Spread.of([n / seconds for seconds in theirs]),
            ratio=Spread.of([limit_s / arrears_s for arrears_s, limit_s in zip(ours, theirs, strict=True)]),
            verified=verified,
        )

    return of
