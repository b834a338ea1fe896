"""Pauses: times in which an account's delinquent days do not run. Half-open dates; each day counts once.

They may lie in the past, touch, overlap or enclose each other: what matters is the set of days that they cover.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, order=True)
class Pause:
    """A time in which delinquent days do not run: from `starts_on`, up to but not on `ends_on`.

    Raises:
        ValueError: It is empty.
    """

    starts_on: date
    ends_on: date

    def __post_init__(self) -> None:
        if self.ends_on <= self.starts_on:
            raise ValueError(f"a pause from {self.starts_on} must end after it, not on {self.ends_on}")


def merged(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    """The same days as pauses that neither overlap nor touch, in order."""
    result: list[Pause] = []
    for pause in sorted(pauses):
        if result and pause.starts_on <= result[-1].ends_on:
            result[-1] = Pause(result[-1].starts_on, max(result[-1].ends_on, pause.ends_on))
        else:
            result.append(pause)
    return tuple(result)


def paused_days(pauses: Iterable[Pause], from_day: date, to_day: date) -> int:
    """How many of the days from `from_day` up to but not on `to_day` are paused, each counted once."""
    total = 0
    for pause in merged(pauses):
        total += max(0, (min(pause.ends_on, to_day) - max(pause.starts_on, from_day)).days)
    return total
