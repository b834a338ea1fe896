"""Interleaved rounds: Arrears, its limit and the plain way, one after the other, each first in turn.

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
class Target:
    """What the design asks of a case: a ratio to reach, one to strive for, and how much faster than the plain way."""

    ratio: float
    stretch: float
    plain: float | None = None


TARGETS = {
    "B1": Target(0.50, 0.70, 4),
    "B2": Target(0.50, 0.75, 10),
    "B3": Target(0.40, 0.60),
    "B4": Target(0.50, 0.70, 10),
    "B5 p50": Target(6, 3),
    "B5 p99": Target(6, 3),
    "B6": Target(6, 3),
    "B7": Target(0.40, 0.60),
    "B8": Target(0.30, 0.60),
    "B8B": Target(20, 20),
    "B8C": Target(0.25, 0.25),
    "B9": Target(1.2, 1.05),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of those compared: what it does, and with how many items a round."""

    name: str
    run: Timed
    n: int


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured, in words.

    Attributes:
        code: Its id in the design.
        title: What Arrears did.
        limit: What it is compared with.
        plain: What the plain way does.
        unit: What an item is.
        verified: What was checked before a number was taken.
        is_time: Whether it is about the time of one item: then a smaller ratio is better.
        notes: What else a reader must know of this run.
    """

    code: str
    title: str
    limit: str
    plain: str
    unit: str
    verified: str
    is_time: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a case came to.

    Attributes:
        case: What was measured.
        n: Items of one round of Arrears and of the limit.
        plain_n: Items of one round of the plain way.
        rounds: How many rounds.
        arrears: Items per second; for a case of times milliseconds per item.
        limit: The same of the limit.
        plain: The same of the plain way.
        ratio: Arrears to its limit: of rates, larger is better; of times, smaller is better.
        faster: How many times faster than the plain way.
    """

    case: Case
    n: int
    plain_n: int
    rounds: int
    arrears: Spread
    limit: Spread
    plain: Spread
    ratio: Spread
    faster: Spread


Seconds = list[list[float]]
"""Seconds of one item: of each side in the order given, of each round."""


async def interleaved(code: str, rounds: int, *sides: Side) -> Seconds:
    """Measure all sides in every round. The first round keeps the order given: a side may use what another wrote."""
    found: Seconds = [[] for _ in sides]
    for nth in range(rounds):
        first = nth % len(sides)
        for place in [*range(first, len(sides)), *range(first)]:
            side = sides[place]
            found[place].append(await side.run() / side.n)
        said = ", ".join(f"{side.name} {_shown(found[place][-1])}" for place, side in enumerate(sides))
        print(f"  {code} round {nth + 1} of {rounds}: {said}", flush=True)
    return found


def measurement(case: Case, seconds: Seconds, *, n: int, plain_n: int) -> Measurement:
    """Make of the seconds of Arrears, its limit and the plain way what is reported."""
    ours, theirs, plain = seconds
    pairs = list(zip(ours, theirs, strict=True))
    return Measurement(
        case=case,
        n=n,
        plain_n=plain_n,
        rounds=len(ours),
        arrears=_spread(case, ours),
        limit=_spread(case, theirs),
        plain=_spread(case, plain),
        ratio=Spread.of([a / b if case.is_time else b / a for a, b in pairs]),
        faster=Spread.of([b / a for a, b in zip(ours, plain, strict=True)]),
    )


def _spread(case: Case, seconds: Sequence[float]) -> Spread:
    return Spread.of([1000 * each if case.is_time else 1 / each for each in seconds])


def _shown(seconds: float) -> str:
    return f"{1 / seconds:,.0f}/s"
