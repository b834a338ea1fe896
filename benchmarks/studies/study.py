"""The form of a study: a table for people, numbers for programs, a plot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Study:
    """What came of a study.

    Attributes:
        code: Its name on the command line.
        title: What was looked at.
        columns: The heads of the table.
        rows: The cells of the table.
        paragraphs: What a reader must know, verdicts among them.
        numbers: All that was measured.
        plot: Draws it; absent where a table says it all.
    """

    code: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    paragraphs: Sequence[str]
    numbers: Any
    plot: Callable[[], Figure] | None = None
