"""`python -m benchmarks [--case B2] [--scale 0.1] [--rounds 5]`: measures and writes RESULTS.md and results.json."""

import argparse
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import uvloop

from benchmarks import results
from benchmarks.cases import b2, b4, b7, b9
from benchmarks.place import open_place
from benchmarks.rounds import Measurement
from shared.http.server import keep_start
from shared.telemetry.logging import configure_logging
from shared.telemetry.tracing import configure_tracing

CASES = {"B2": b2.measure, "B4": b4.measure, "B7": b7.measure, "B9": b9.measure}
SCALE = 0.02
ROUNDS = 5
HERE = Path(__file__).parent


async def run(cases: Sequence[str], *, scale: float, rounds: int) -> list[Measurement]:
    """Measure the cases, one after the other, on one server."""
    found: list[Measurement] = []
    async with open_place() as place:
        for case in cases:
            measurement = await CASES[case](place, scale=scale, rounds=rounds)
            print(results.line(measurement), flush=True)
            found.append(measurement)
    return found


def main() -> None:
    """Measure and write what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--case", default=os.environ.get("CASE") or ",".join(CASES), help="ids, with commas")
    parser.add_argument("--scale", type=float, default=float(os.environ.get("SCALE") or SCALE))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--note", default=os.environ.get("NOTE", ""), help="what else the machine did meanwhile")
    arguments = parser.parse_args()
    cases = [case.strip().upper() for case in arguments.case.split(",")]
    unknown = [case for case in cases if case not in CASES]
    if unknown or not 0 < arguments.scale <= 1 or arguments.rounds < 1:
        parser.error(f"cases are {', '.join(CASES)}; the scale lies above 0 and up to 1; rounds are at least 1")
    # As a service runs: logs are made (and thrown away here), traces sampled, its start kept from the collector.
    with Path(os.devnull).open("w") as nowhere:
        configure_logging("benchmarks", level="INFO", stream=nowhere)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        configure_tracing("benchmarks", ratio=0.05)
        keep_start()
        found = uvloop.run(run(cases, scale=arguments.scale, rounds=arguments.rounds))
    results.write(HERE, found, scale=arguments.scale, note=arguments.note)


if __name__ == "__main__":
    main()
