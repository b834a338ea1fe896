"""What is printed and kept of a run: RESULTS.md for people, results.json for programs. A case not run keeps its row."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.rounds import Measurement, Spread
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
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "load": round(os.getloadavg()[0], 1),
    }


def line(found: Measurement) -> str:
    """One line about a case."""
    return (
        f"{found.case}: {_spread(found.arrears)} {_unit(found)}, limit {_spread(found.limit_rate)}, "
        f"ratio {_ratio(found.ratio)} (n = {found.n:,}, {found.rounds} rounds)"
    )


def write(directory: Path, found: Sequence[Measurement], *, scale: float, note: str) -> None:
    """Write both files; a case that was not run now keeps what an earlier run found."""
    path = directory / "results.json"
    kept: dict[str, Any] = json.loads(path.read_text())["cases"] if path.exists() else {}
    run = {
        "on": SystemClock().now().date().isoformat(),
        "machine": machine(),
        "scale": scale,
        "note": note,
    }
    for each in found:
        kept[each.case] = {**asdict(each), "run": run}
    kept = dict(sorted(kept.items()))
    path.write_text(json.dumps({"cases": kept}, indent=2) + "\n")
    (directory / "RESULTS.md").write_text(_page(kept))


def _page(cases: dict[str, Any]) -> str:
    lines = [
        "# Results",
        "",
        "Written by `make bench`. What a case is, and how far its number may be trusted: [README](README.md).",
        "Low / median / high of the rounds. A ratio of rates is better when larger, one of times when smaller.",
        "",
        "| case | Arrears | limit | ratio | n | rounds |",
        "|---|---|---|---|---|---|",
    ]
    for code, case in cases.items():
        unit = "ms" if case["is_time"] else f"{case['unit']}/s"
        lines.append(
            f"| {code} | {_cells(case['arrears'])} {unit} | {_cells(case['limit_rate'])} {unit} "
            f"| **{case['ratio']['middle']:.2f}** ({case['ratio']['low']:.2f} to {case['ratio']['high']:.2f}) "
            f"| {case['n']:,} {case['unit']} | {case['rounds']} |"
        )
    lines.append("")
    for code, case in cases.items():
        run, found = case["run"], case["run"]["machine"]
        lines += [
            f"**{code}** Arrears: {case['title']}. Limit: {case['limit']}. Verified: {case['verified']}.",
            f"Run on {run['on']} at scale {run['scale']:g}: {found['cpu']}, {found['cores']} cores shared by the "
            f"server and the client, {found['system']}, Python {found['python']}, load {found['load']} at the end"
            + (f"; {run['note']}." if run["note"] else "."),
            "",
        ]
    return "\n".join(lines)


def _unit(found: Measurement) -> str:
    return "ms" if found.is_time else f"{found.unit}/s"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004 - enough digits to compare


def _spread(spread: Spread) -> str:
    return _cells(asdict(spread))


def _cells(spread: dict[str, float]) -> str:
    return " / ".join(_number(spread[name]) for name in ("low", "middle", "high"))


def _ratio(spread: Spread) -> str:
    return f"{spread.middle:.2f} ({spread.low:.2f} to {spread.high:.2f})"
