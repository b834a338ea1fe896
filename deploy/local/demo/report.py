"""The page that the demo leaves behind: tables and plots in one HTML file that needs nothing else."""

import html
import io
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from string import Template
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import dates
from matplotlib import pyplot as plt

PAGE = Path(__file__).parent / "report_page.html"
NOTHING_NEW = "<p>Nothing new: the month was lived through before.</p>"
COLOURS = ["#4c6ef5", "#f76707", "#2f9e44", "#e03131", "#9c36b5", "#1098ad", "#f59f00", "#495057", "#c2255c", "#66a80f"]


@dataclass(slots=True)
class Diary:
    """What the demo saw, a day at a time."""

    days: list[date] = field(default_factory=list)
    queues: list[dict[str, int]] = field(default_factory=list)
    posted: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    figures: dict[str, int | str] = field(default_factory=dict)
    checks: list[tuple[str, str, bool]] = field(default_factory=list)

    def keep(self, path: Path) -> None:
        """Writes what happened on each day, so that a later run's report still shows it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        seen = {
            "days": [day.isoformat() for day in self.days],
            "queues": self.queues,
            "posted": self.posted,
            "latencies": self.latencies,
        }
        path.write_text(json.dumps(seen))

    def recall(self, path: Path) -> None:
        """Puts the days of an earlier run before those of this one; does nothing when there was none."""
        if path.exists():
            seen = json.loads(path.read_text())
            self.days = [date.fromisoformat(day) for day in seen["days"]] + self.days
            self.queues = seen["queues"] + self.queues
            self.posted = seen["posted"] + self.posted
            self.latencies = seen["latencies"] + self.latencies

    @property
    def is_balanced(self) -> bool:
        """Whether every check of the books held."""
        return bool(self.checks) and all(held for _, _, held in self.checks)


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def write_report(diary: Diary, path: Path) -> None:
    """Writes the page, and the plot of the queues beside it. Whatever stood there before is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_page(diary), encoding="utf-8")
    if diary.days:
        path.with_name("queues.svg").write_text(_queues(diary), encoding="utf-8")


def _page(diary: Diary) -> str:
    p50, p99 = (percentile(diary.latencies, share) * 1000 for share in (0.5, 0.99))
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        colour=COLOURS[2] if diary.is_balanced else COLOURS[3],
        verdict="The books balance." if diary.is_balanced else "The books do not balance.",
        figures=_table([(name, str(value)) for name, value in diary.figures.items()]),
        queues=_queues(diary) if diary.days else NOTHING_NEW,
        payments=_payments(diary) if diary.days else NOTHING_NEW,
        changes=f"{len(diary.latencies)} changes, p50 {p50:.0f} ms, p99 {p99:.0f} ms",
        latency=_latency(diary) if diary.latencies else NOTHING_NEW,
        books=_table([(name, ("holds: " if held else "BROKEN: ") + found) for name, found, held in diary.checks]),
    )


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td>{html.escape(name)}</td><td class=n>{html.escape(value)}</td></tr>" for name, value in rows
    )
    return f"<table>{cells}</table>"


def _dated(axes: Any) -> None:
    calendar: Any = dates  # it has no types
    locator = calendar.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(calendar.ConciseDateFormatter(locator))


def _figure(draw: Any) -> str:
    figure, axes = plt.subplots(figsize=(10, 3.6))
    draw(axes)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    plt.close(figure)
    text = out.getvalue()
    return text[text.index("<svg") :]


def _queues(diary: Diary) -> str:
    codes = sorted({code for depths in diary.queues for code, depth in depths.items() if depth})

    def draw(axes: Any) -> None:
        for index, code in enumerate(codes):
            depths = [day.get(code, 0) for day in diary.queues]
            axes.plot(diary.days, depths, label=code, color=COLOURS[index % len(COLOURS)], linewidth=2)
        axes.set_ylabel("accounts")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
        _dated(axes)

    return _figure(draw)


def _payments(diary: Diary) -> str:
    def draw(axes: Any) -> None:
        axes.bar(diary.days[: len(diary.posted)], diary.posted, color=COLOURS[0])
        axes.set_ylabel("payments")
        _dated(axes)

    return _figure(draw)


def _latency(diary: Diary) -> str:
    def draw(axes: Any) -> None:
        ordered = sorted(diary.latencies)
        axes.plot(
            [value * 1000 for value in ordered], [(n + 1) / len(ordered) for n in range(len(ordered))], color=COLOURS[2]
        )
        axes.set_xlabel("milliseconds")
        axes.set_ylabel("share of changes")
        axes.set_xlim(left=0)

    return _figure(draw)
