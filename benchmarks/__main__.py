"""`python -m benchmarks [--case B2] [--scale 0.1] [--rounds 5]`: measures, and writes what came of it.

A case that fails is reported and leaves the others' results alone; the command then ends with 1.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import uvloop

from benchmarks import results
from benchmarks.cases import b1, b2, b3, b4, b5, b6, b7, b8, b8c, b8d, b9
from benchmarks.place import Place, open_place
from benchmarks.rounds import Measurement
from benchmarks.studies import growth, memory, start
from benchmarks.studies.study import Study
from shared.http.server import keep_start
from shared.telemetry.logging import configure_logging
from shared.telemetry.tracing import configure_tracing

Measure = Callable[..., Awaitable[list[Measurement]]]
CASES: dict[str, tuple[Measure, float]] = {
    "B1": (b1.measure, 0.25),
    "B2": (b2.measure, 0.1),
    "B3": (b3.measure, 0.25),
    "B4": (b4.measure, 0.1),
    "B5": (b5.measure, 0.5),
    "B6": (b6.measure, 0.2),
    "B7": (b7.measure, 0.02),
    "B8": (b8.measure, 0.25),
    "B8C": (b8c.measure, 0.25),
    "B8D": (b8d.measure, 0.05),
    "B9": (b9.measure, 1.0),
}
"""Each case with the scale that keeps a whole run under 25 minutes on two cores."""
Look = Callable[..., Awaitable[Study]]
STUDIES: dict[str, tuple[Look, float]] = {
    "growth": (growth.study, 0.2),
    "memory": (memory.study, 1.0),
    "start": (start.study, 1.0),
}
"""What is run only when it is asked for: each with its scale."""
ROUNDS = 5
PATIENCE_S = 2 * 60 * 60
"""A case that hangs must not keep the others from being measured."""
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Order:
    """What to measure and how."""

    cases: Sequence[str]
    scale: float | None
    rounds: int
    note: str

    def scale_of(self, case: str) -> float:
        """The scale asked for, else the case's own."""
        return ({**CASES, **STUDIES}[case][1]) if self.scale is None else self.scale


async def run(order: Order) -> list[str]:
    """Measure the cases, one after the other, each on servers of its own; write after each. Returns those that failed.

    A case whose workers read real topics would otherwise work off what the cases before it have sent.
    """
    failed: list[str] = []
    for case in order.cases:
        began = perf_counter()
        print(f"{case}: at scale {order.scale_of(case):g}", flush=True)
        async with open_place() as place:
            if not await _measured(place, order, case):
                failed.append(case)
        print(f"  {case} took {perf_counter() - began:.0f} s", flush=True)
    return failed


async def _measured(place: Place, order: Order, case: str) -> bool:
    """Measure one case and write its result, or why there is none; return whether there is one."""
    conditions = results.Run(order.scale_of(case), order.note)
    try:
        async with asyncio.timeout(PATIENCE_S):
            if case in STUDIES:
                await _study(place, case, conditions)
            else:
                found = await CASES[case][0](place, scale=conditions.scale, rounds=order.rounds)
                results.write_cases(HERE, found, conditions)
                for each in found:
                    print(results.line(each), flush=True)
    except Exception as error:  # noqa: BLE001 - whatever it was, the other cases go on
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}".partition("\n")[0][:300]
        results.write_failure(HERE, case, reason, conditions)
        print(f"{case}: FAILED, {reason}", flush=True)
        return False
    return True


async def _study(place: Place, code: str, conditions: results.Run) -> None:
    study = await STUDIES[code][0](place, scale=conditions.scale)
    results.write_study(HERE, study, conditions)
    print("\n".join([study.title, *("  " + "  ".join(row) for row in study.rows), *study.paragraphs]), flush=True)


def main() -> None:
    """Measure and write what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--case", default=os.environ.get("CASE") or ",".join(CASES), help="ids, with commas")
    parser.add_argument("--scale", type=float, default=os.environ.get("SCALE") or None, help="default: each case's own")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--note", default=os.environ.get("NOTE", ""), help="what else the machine did meanwhile")
    arguments = parser.parse_args()
    known = {name.lower(): name for name in (*CASES, *STUDIES)}
    asked = [case.strip().lower() for case in arguments.case.split(",")]
    unknown = [case for case in asked if case not in known]
    if unknown or not 0 < (arguments.scale or 1) <= 1 or arguments.rounds < 1:
        parser.error(
            f"cases are {', '.join(known.values())}; the scale lies above 0 and up to 1; rounds are at least 1"
        )
    # An end by SIGTERM is one by Ctrl-C: servers and processes of the run end with it.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    # As a service runs: logs are made (and thrown away here), traces sampled, its start kept from the collector.
    with Path(os.devnull).open("w") as nowhere:
        configure_logging("benchmarks", level="INFO", stream=nowhere)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        configure_tracing("benchmarks", ratio=0.05)
        keep_start()
        failed = uvloop.run(
            run(Order([known[case] for case in asked], arguments.scale, arguments.rounds, arguments.note))
        )
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
