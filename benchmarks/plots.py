"""The plots of the results: SVG, readable in black and white, the same bytes for the same numbers."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.rounds import TARGETS

_OURS, _PLAIN, _TARGET = "#1f5fa8", "#b8482e", "#222222"
_STYLE: Any = {"svg.hashsalt": "arrears", "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif"}


def plot_results(cases: dict[str, Any], path: Path) -> None:
    """Draw every case against its limit (1), its target and the plain way."""
    rates = {code: case for code, case in cases.items() if not case["case"]["is_time"]}
    times = {code: case for code, case in cases.items() if case["case"]["is_time"]}
    height = 1.9 + 0.46 * (len(rates) + len(times))
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8.2, height), layout="constrained")
        shares = [max(1, len(rates)), max(1, len(times))]
        above, below = figure.subplots(2, 1, height_ratios=shares)
        _panel(above, rates, "Rate, as a share of the limit's (longer is better)", is_time=False)
        _panel(below, times, "Time, in multiples of the limit's (shorter is better)", is_time=True)
        handles, labels = above.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
        save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure without the date, so that the same numbers give the same file."""
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": "arrears benchmarks"})


def _panel(axes: Axes, cases: dict[str, Any], title: str, *, is_time: bool) -> None:
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xscale("log")
    for place, (code, case) in enumerate(cases.items()):
        ratio, target = case["ratio"], TARGETS.get(code)
        whisker = [[ratio["middle"] - ratio["low"]], [ratio["high"] - ratio["middle"]]]
        label = place == 0
        axes.barh(place, ratio["middle"], height=0.55, color=_OURS, label="Arrears (low to high)" if label else None)
        axes.errorbar(ratio["middle"], place, xerr=whisker, color=_TARGET, capsize=3, linewidth=1)
        slower = case["faster"]["middle"]
        plain = ratio["middle"] * slower if is_time else ratio["middle"] / slower
        axes.plot(plain, place, "o", color=_PLAIN, mfc="white", label="plain way" if label else None)
        if target is not None:
            for wanted, style, name in ((target.ratio, "-", "target"), (target.stretch, ":", "stretch")):
                axes.plot(
                    [wanted] * 2, [place - 0.38, place + 0.38], style, color=_TARGET, label=name if label else None
                )
        axes.annotate(
            f"{ratio['middle']:.2f}",
            (ratio["high"], place),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    axes.axvline(1, color="#999999", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(cases)), list(cases))
    axes.set_ylim(len(cases) - 0.45, -0.55)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(axis="x", which="major", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
