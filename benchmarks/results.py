"""What is printed and kept of a run: RESULTS.md for people, results.json for programs, results.svg to look at.

A case that was not run, or failed, keeps the row of an earlier run; a failure is written beside it.
"""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.plots import plot_results, save
from benchmarks.rounds import TARGETS, Measurement, Spread
from benchmarks.studies.study import Study
from shared.clock import SystemClock


def machine() -> dict[str, Any]:
    """The machine, as far as it says."""
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "load": round(os.getloadavg()[0], 1),
    }


def line(found: Measurement) -> str:
    """One line about a case."""
    unit = "ms" if found.case.is_time else f"{found.case.unit}/s"
    return (
        f"{found.case.code}: {_spread(found.arrears)} {unit}, limit {_spread(found.limit)}, ratio "
        f"{_ratio(asdict(found.ratio))}{_judgement(found.case.code, asdict(found.ratio), is_time=found.case.is_time)}, "
        f"{found.faster.middle:.1f} times the plain way (n = {found.n:,}, {found.rounds} rounds)"
    )


@dataclass(frozen=True, slots=True)
class Run:
    """Under which conditions something was measured."""

    scale: float
    note: str

    def described(self) -> dict[str, Any]:
        """The conditions as they are kept."""
        on = SystemClock().now().date().isoformat()
        return {"on": on, "machine": machine(), "scale": self.scale, "note": self.note}


def write_cases(directory: Path, found: Sequence[Measurement], run: Run) -> None:
    """Keep what cases came to; the others keep what an earlier run found."""
    kept = _read(directory)
    for each in found:
        kept["cases"][each.case.code] = {**asdict(each), "run": run.described()}
        kept["failed"].pop(each.case.code.partition(" ")[0], None)
    _write(directory, kept)
    plot_results(kept["cases"], directory / "results.svg")


def write_study(directory: Path, found: Study, run: Run) -> None:
    """Keep a study, with its plot."""
    kept = _read(directory)
    is_plotted = found.plot is not None
    kept["studies"][found.code] = {
        "title": found.title,
        "columns": list(found.columns),
        "rows": [list(row) for row in found.rows],
        "paragraphs": list(found.paragraphs),
        "is_plotted": is_plotted,
        "run": run.described(),
    }
    kept["failed"].pop(found.code, None)
    _write(directory, kept)
    (directory / f"{found.code}.json").write_text(json.dumps(found.numbers) + "\n")
    if found.plot is not None:
        save(found.plot(), directory / f"{found.code}.svg")


def write_failure(directory: Path, code: str, reason: str, run: Run) -> None:
    """Write down that a case failed, and why."""
    kept = _read(directory)
    kept["failed"][code] = {"reason": reason, **run.described()}
    _write(directory, kept)


def _read(directory: Path) -> dict[str, Any]:
    path = directory / "results.json"
    return {"cases": {}, "studies": {}, "failed": {}} | (json.loads(path.read_text()) if path.exists() else {})


def _write(directory: Path, kept: dict[str, Any]) -> None:
    ordered = {part: dict(sorted(found.items())) for part, found in kept.items()}
    (directory / "results.json").write_text(json.dumps(ordered, indent=2) + "\n")
    (directory / "RESULTS.md").write_text(_page(ordered))


def _page(kept: dict[str, Any]) -> str:
    cases = kept["cases"]
    lines = [
        "# Results",
        "",
        "Written by `make bench`. What a case is, and how far its number may be trusted: [README](README.md).",
        "Low / median / high of the rounds. A ratio of rates is better when larger, one of times when smaller.",
        "",
        "![Each case beside its limit, its target and the plain way](results.svg)",
        "",
        "| case | Arrears | limit | ratio | target (stretch) | times the plain way | n | rounds |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(code, case) for code, case in cases.items()),
        "",
    ]
    for code, failure in kept["failed"].items():
        lines += [f"**{code} failed on {failure['on']}**: {failure['reason']}. Its row, if any, is older.", ""]
    for code, case in cases.items():
        lines += _paragraph(code, case)
    for code, study in kept["studies"].items():
        lines += _section(code, study)
    return "\n".join(lines)


def _section(code: str, study: dict[str, Any]) -> list[str]:
    lines = [f"## {study['title']}", ""]
    if study["is_plotted"]:
        lines += [f"![{study['title']}]({code}.svg)", ""]
    lines += [f"| {' | '.join(study['columns'])} |", "|---" * len(study["columns"]) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in study["rows"]]
    return [*lines, "", *study["paragraphs"], _conditions(study["run"]), ""]


def _row(code: str, case: dict[str, Any]) -> str:
    about, target = case["case"], TARGETS.get(code)
    unit = "ms" if about["is_time"] else f"{about['unit']}/s"
    sign = "≤" if about["is_time"] else "≥"
    asked = "" if target is None else f"{sign} {target.ratio:g} ({target.stretch:g})"
    plain = "" if target is None or target.plain is None else f" (≥ {target.plain:g})"
    return (
        f"| {code} | {_cells(case['arrears'])} {unit} | {_cells(case['limit'])} {unit} | **{_ratio(case['ratio'])}**"
        f"{_judgement(code, case['ratio'], is_time=about['is_time'])} | {asked} "
        f"| {case['faster']['middle']:.1f}{plain} | {case['n']:,} {about['unit']} | {case['rounds']} |"
    )


def _paragraph(code: str, case: dict[str, Any]) -> list[str]:
    about = case["case"]
    unit = "ms" if about["is_time"] else f"{about['unit']}/s"
    what = (
        f"**{code}** Arrears: {about['title']}. Limit: {about['limit']}. Plain way: {about['plain']} "
        f"({_cells(case['plain'])} {unit}, n = {case['plain_n']:,}). Verified: {about['verified']}."
    )
    return [
        what,
        *about["notes"],
        _conditions(case["run"]),
        "",
    ]


def _conditions(run: dict[str, Any]) -> str:
    where = run["machine"]
    return (
        f"Run on {run['on']} at scale {run['scale']:g}: {where['cpu']}, {where['cores']} cores and "
        f"{where['memory_gib']} GiB shared by the servers and the client, {where['system']}, Python {where['python']}, "
        f"load {where['load']} at the end" + (f"; {run['note']}." if run["note"] else ".")
    )


def _judgement(code: str, ratio: dict[str, float], *, is_time: bool) -> str:
    target = TARGETS.get(code)
    if target is None:
        return ""
    reached = [
        ratio["middle"] <= wanted if is_time else ratio["middle"] >= wanted for wanted in (target.ratio, target.stretch)
    ]
    return " beyond the stretch" if all(reached) else " met" if any(reached) else " **missed**"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - enough digits to compare


def _spread(spread: Spread) -> str:
    return _cells(asdict(spread))


def _cells(spread: dict[str, float]) -> str:
    return " / ".join(_number(spread[name]) for name in ("low", "middle", "high"))


def _ratio(spread: dict[str, float]) -> str:
    return f"{spread['middle']:.2f} ({spread['low']:.2f} to {spread['high']:.2f})"
