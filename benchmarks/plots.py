"""The plots of the results: SVG, readable in black and white, the same bytes for the same numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.rounds import TARGETS, Spread

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
        _panel(above, rates, "Rate, as a share of the limit's (1; more is better)", is_time=False)
        _panel(below, times, "Time, in multiples of the limit's (1; less is better)", is_time=True)
        handles, labels = above.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
        save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure without the date, so that the same numbers give the same file."""
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": "arrears benchmarks"})


def lines_figure(
    series: Sequence[tuple[str, Sequence[int], Sequence[Mapping[str, Spread]]]], costs: Sequence[str], unit: str
) -> Figure:
    """A panel for each cost (down) and each thing that grows (across): the middle, with a band from low to high."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8.2, 1.75 * len(costs) + 0.5), layout="constrained")
        grid = figure.subplots(len(costs), len(series), sharey="row", squeeze=False)
        for row, cost in enumerate(costs):
            for column, (label, sizes, found) in enumerate(series):
                axes = grid[row][column]
                spreads = [one[cost] for one in found]
                places = range(len(sizes))  # evenly spaced: one of the sizes is 0
                axes.fill_between(
                    places, [s.low for s in spreads], [s.high for s in spreads], color=_OURS, alpha=0.2, linewidth=0
                )
                axes.plot(places, [s.middle for s in spreads], "o-", color=_OURS, linewidth=1.4, markersize=4)
                for place, spread in zip(places, spreads, strict=True):
                    axes.annotate(
                        f"{spread.middle:.2g}", (place, spread.middle), (0, 5), textcoords="offset points", ha="center"
                    )
                axes.set_xticks(places, [f"{size:,}" for size in sizes])
                axes.set_xlim(-0.3, len(sizes) - 0.7)
                axes.set_ylim(0, 1.35 * max(s.high for _, _, all_of in series for s in (o[cost] for o in all_of)))
                axes.grid(axis="y", color="#dddddd", linewidth=0.6)
                axes.set_ylabel(unit if column == 0 else "")
                axes.set_title(cost if column == 0 else "", loc="left", fontsize=10)
                axes.set_xlabel(label if row == len(costs) - 1 else "")
                _open(axes)
    return figure


def memory_figure(samples: Sequence[tuple[float, Mapping[str, float]]], edges: tuple[float, float]) -> Figure:
    """A panel for each process: its memory over time, the load shaded."""
    names = sorted(samples[0][1], key=lambda name: -max(found.get(name, 0.0) for _, found in samples))
    minutes = [at / 60 for at, _ in samples]
    rows = -(-len(names) // 2)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8.2, 1.55 * rows + 0.4), layout="constrained")
        grid = figure.subplots(rows, 2, sharex=True, squeeze=False)
        for place, axes in enumerate(axes for row in grid for axes in row):
            if place >= len(names):
                axes.set_visible(False)
                continue
            found = [one.get(names[place], 0.0) for _, one in samples]
            axes.axvspan(edges[0] / 60, edges[1] / 60, color="#eeeeee", zorder=0)
            axes.plot(minutes, found, color=_OURS, linewidth=1.3)
            axes.set_ylim(0, 1.25 * max(found) or 1)
            axes.set_title(f"{names[place]}: {found[0]:,.0f} to {max(found):,.0f} MiB", loc="left", fontsize=9)
            axes.set_ylabel("MiB" if place % 2 == 0 else "")
            axes.grid(axis="y", color="#dddddd", linewidth=0.6)
            _open(axes)
        for axes in grid[-1]:
            axes.set_xlabel("minutes (the load is shaded)")
    return figure


def _open(axes: Axes) -> None:
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _panel(axes: Axes, cases: dict[str, Any], title: str, *, is_time: bool) -> None:
    """Rates on a linear axis, as bars; times on a logarithmic one, as points: a bar there would have no beginning."""
    axes.set_title(title, loc="left", fontsize=10)
    if is_time:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    for place, (code, case) in enumerate(cases.items()):
        ratio, target = case["ratio"], TARGETS.get(code)
        whisker = [[ratio["middle"] - ratio["low"]], [ratio["high"] - ratio["middle"]]]
        named = place == 0
        if is_time:
            axes.plot(ratio["middle"], place, "s", color=_OURS, markersize=6)
        else:
            axes.barh(place, ratio["middle"], height=0.5, color=_OURS, label="Arrears, low to high" if named else None)
        axes.errorbar(ratio["middle"], place, xerr=whisker, color=_TARGET, capsize=3, linewidth=1)
        slower = case["faster"]["middle"]
        plain = ratio["middle"] * slower if is_time else ratio["middle"] / slower
        axes.plot(plain, place, "o", color=_PLAIN, mfc="white", label="the plain way" if named else None)
        if target is not None:
            for wanted, style, name in ((target.ratio, "-", "target"), (target.stretch, ":", "stretch")):
                axes.plot(
                    [wanted] * 2, [place - 0.36, place + 0.36], style, color=_TARGET, label=name if named else None
                )
    axes.axvline(1, color="#888888", linewidth=0.9, zorder=0)
    axes.set_yticks(range(len(cases)), [f"{code}   {case['ratio']['middle']:.2f}" for code, case in cases.items()])
    axes.set_ylim(len(cases) - 0.45, -0.55)
    if not is_time:
        axes.set_xlim(0, 1.05 * max([1.0, *(case["ratio"]["high"] for case in cases.values())]))
    axes.grid(axis="x", which="major", color="#dddddd", linewidth=0.6)
    _open(axes)
