"""The page that the demo leaves behind: tables and plots in one HTML file that needs nothing else."""

import html
import io
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt  # noqa: E402 - the backend is chosen first: there is no screen

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

    @property
    def is_balanced(self) -> bool:
        """Whether every check of the books held."""
        return bool(self.checks) and all(held for _, _, held in self.checks)


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def write_report(diary: Diary, path: Path) -> None:
    """Writes the page. Whatever stood there before is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_page(diary), encoding="utf-8")


def _page(diary: Diary) -> str:
    verdict = "The books balance." if diary.is_balanced else "The books do not balance."
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Arrears: a month of 15,000 card accounts</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #212529; }}
table {{ border-collapse: collapse; margin: 1rem 0; }} td, th {{ padding: .3rem .9rem; border-bottom: 1px solid #dee2e6; text-align: left; }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums; }} svg {{ width: 100%; height: auto; }}
.verdict {{ padding: .6rem 1rem; border-left: 4px solid {"#2f9e44" if diary.is_balanced else "#e03131"}; background: #f8f9fa; }}
footer {{ color: #868e96; font-size: .85rem; margin-top: 3rem; }}
</style></head><body>
<h1>A month of 15,000 card accounts</h1>
<p>September 2005, one business date after the other: core banking publishes the day's payments, promises and arrangements
keep or break by themselves, and accounts move between work queues.</p>
<p class="verdict">{verdict}</p>
{_table([(name, str(value)) for name, value in diary.figures.items()])}
<h2>Work queues over the month</h2>{_queues(diary)}
<h2>Payments posted each day</h2>{_payments(diary)}
<h2>From publishing a payment to seeing the queue change</h2>
<p>Measured at the live stream that a front end reads: {len(diary.latencies)} changes,
p50 {percentile(diary.latencies, 0.5) * 1000:.0f} ms, p99 {percentile(diary.latencies, 0.99) * 1000:.0f} ms.</p>{_latency(diary)}
<h2>The books</h2>{_table([(name, ("holds: " if held else "BROKEN: ") + found) for name, found, held in diary.checks])}
<footer>Accounts: "Default of Credit Card Clients", I-Cheng Yeh, UCI Machine Learning Repository, CC BY 4.0. Names, due days and the
days of the payments are made up from a fixed seed.</footer></body></html>"""


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td>{html.escape(name)}</td><td class=n>{html.escape(value)}</td></tr>" for name, value in rows
    )
    return f"<table>{cells}</table>"


def _figure(draw: Any) -> str:  # noqa: ANN401 - matplotlib has no types
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

    def draw(axes: Any) -> None:  # noqa: ANN401 - matplotlib has no types
        for index, code in enumerate(codes):
            depths = [day.get(code, 0) for day in diary.queues]
            axes.plot(diary.days, depths, label=code, color=COLOURS[index % len(COLOURS)], linewidth=2)
        axes.set_ylabel("accounts")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
        axes.tick_params(axis="x", rotation=30)

    return _figure(draw)


def _payments(diary: Diary) -> str:
    def draw(axes: Any) -> None:  # noqa: ANN401 - matplotlib has no types
        axes.bar(diary.days[: len(diary.posted)], diary.posted, color=COLOURS[0])
        axes.set_ylabel("payments")
        axes.tick_params(axis="x", rotation=30)

    return _figure(draw)


def _latency(diary: Diary) -> str:
    def draw(axes: Any) -> None:  # noqa: ANN401 - matplotlib has no types
        ordered = sorted(diary.latencies)
        axes.plot(
            [value * 1000 for value in ordered], [(n + 1) / len(ordered) for n in range(len(ordered))], color=COLOURS[2]
        )
        axes.set_xlabel("milliseconds")
        axes.set_ylabel("share of changes")
        axes.set_xlim(left=0)

    return _figure(draw)
