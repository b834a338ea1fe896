"""`make faults`: each fault once, one fault again by its seed, or random faults for so many minutes.

Ends with 0 when nothing was lost, twice or wrong. A long run reports a failed check and goes on; it writes its table
to docs/reliability.md after every round, so that what was seen survives the end of the run.
"""

import argparse
import asyncio
import logging
import os
import secrets
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from random import Random

from rich.console import Console

from deploy.local.stack import ROOT
from tests.e2e.stack_operator import free_base
from tests.faults.cases import CASES, Outcome, live_through, title
from tests.faults.lab import verify
from tests.faults.launch import MUTATION
from tests.faults.machines import SECONDS, Machines
from tests.faults.mutations import MUTATIONS
from tests.faults.table import Table
from tests.reaper import guard

_REPORT = ROOT / "docs" / "reliability.md"
_VERIFY_EVERY = 10
_GENERATION = 40
"""Rounds after which a new stack is made: else the checker would spend the hour on what it has checked."""
_CONSOLE = Console(highlight=False, soft_wrap=True)


class Run:
    """Rounds on a stack, one after the other; the table of what they showed."""

    def __init__(self, data_dir: Path, port_base: int | None, table: Table) -> None:
        self._data_dir = data_dir
        self._port_base = port_base
        self._table = table
        self._machines: Machines | None = None
        self._unverified: list[str] = []

    async def round(self, case: str, seed: int, *, length: float) -> None:
        """One round, on a stack that is up; when it cannot be brought to health again, the next gets a new one."""
        machines = await self._up()
        began = asyncio.get_running_loop().time()
        outcome = await live_through(machines, case, seed, length=length)
        took = asyncio.get_running_loop().time() - began
        self._table.add(outcome)
        self._unverified.append(_name(case, seed))
        _tell(outcome, took)
        try:
            await machines.heal()
        except Exception as error:  # noqa: BLE001 - whatever it is, a new stack is the way on
            self._table.complain(f"after {_name(case, seed)} the stack did not come back: {error}")
            _CONSOLE.print(f"the stack did not come back, a new one is made: {error}", markup=False)
            await self.close()

    async def verify(self) -> None:
        """Have the books checked; what is wrong is somewhere in the rounds since the last check."""
        if self._machines is None or not self._unverified:
            return
        findings = await verify(self._machines)
        verdict = "the books are right"
        if not findings.is_clean:
            verdict = f"the books are WRONG after {', '.join(self._unverified)}: {findings.details}"
            self._table.complain(verdict)
        self._table.verified()
        _CONSOLE.print(verdict, markup=False)
        self._unverified.clear()

    async def close(self) -> None:
        """Stop and remove the stack."""
        machines, self._machines = self._machines, None
        self._unverified.clear()
        if machines is not None:
            with suppress(Exception):
                await machines.close()

    async def _up(self) -> Machines:
        if self._machines is None:
            self._machines = Machines(self._data_dir, self._port_base or free_base(SECONDS))
            await self._machines.up()
        return self._machines


async def _short(run: Run, cases: list[str], seed: int, length: float) -> None:
    for case in cases:
        await run.round(case, seed, length=length)
    await run.verify()


async def _long(run: Run, cases: list[str], seed: int, minutes: float, table: Table) -> None:
    """Random faults until the time is over; every fault once before any comes again."""
    loop = asyncio.get_running_loop()
    until = loop.time() + minutes * 60
    rng = Random(seed)
    deck: list[str] = []
    number = 0
    while loop.time() < until:
        deck = deck or rng.sample(cases, len(cases))
        try:
            await run.round(deck.pop(), rng.getrandbits(31), length=5)
            number += 1
            if number % _VERIFY_EVERY == 0:
                await run.verify()
            if number % _GENERATION == 0:
                await run.close()
        except Exception as error:  # noqa: BLE001 - the run goes on, and says what happened
            table.complain(f"round {number} could not be run: {type(error).__name__}: {error}")
            _CONSOLE.print_exception()
            await run.close()
            number += 1
        table.write(_REPORT)
    await run.verify()
    table.write(_REPORT)


def _tell(outcome: Outcome, took: float) -> None:
    found = outcome.findings
    recovery = "" if outcome.recovery_s is None else f"recovered in {outcome.recovery_s:5.1f} s"
    _CONSOLE.print(
        f"{outcome.case:4} seed {outcome.seed:<11} lost {found.lost} twice {found.twice} wrong {found.wrong} "
        f"{recovery:22} {took:5.1f} s  {title(outcome.case)}",
        markup=False,
    )
    for detail in found.details:
        _CONSOLE.print(f"     {detail}", markup=False, style="red")
    if not outcome.is_clean:
        _CONSOLE.print(f"     again with: {outcome.replay_command}", markup=False)


def _name(case: str, seed: int) -> str:
    return f"{case}/{seed}"


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--case", help="only these, comma separated: R1,R3")
    parser.add_argument("--seed", type=int, help="the seed of a round, or of the sequence of a long run")
    parser.add_argument("--minutes", type=float, help="random faults for so long")
    parser.add_argument("--length", type=float, default=1, help="how long faults last; 5 in a long run")
    parser.add_argument("--mutation", choices=sorted(MUTATIONS), help="break the product so; the run must end with 1")
    parser.add_argument("--data-dir", type=Path, help="where the stack lives; default: a temporary folder")
    parser.add_argument("--port-base", type=int, help="default: free ports")
    arguments = parser.parse_args()
    cases = arguments.case.split(",") if arguments.case else list(CASES)
    if unknown := set(cases) - set(CASES):
        parser.error(f"no case {', '.join(sorted(unknown))}; cases are {', '.join(CASES)}")
    seed = secrets.randbits(31) if arguments.seed is None else arguments.seed
    if arguments.mutation:
        os.environ[MUTATION] = arguments.mutation  # every process of the stack inherits it
    table = Table(seed, arguments.minutes)
    # The client of a broker that is killed on purpose has much to say.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    _CONSOLE.print(f"seed {seed}")
    folder = Path(tempfile.mkdtemp(prefix="arrears-faults-"))
    with guard(folder) as reaper:  # it ends what is left of a run that was killed itself
        run = Run(arguments.data_dir or folder / "stack", arguments.port_base, table)

        async def live() -> None:
            try:
                if arguments.minutes:
                    await _long(run, cases, seed, arguments.minutes, table)
                else:
                    await _short(run, cases, seed, arguments.length)
            finally:
                await run.close()

        with suppress(KeyboardInterrupt):
            asyncio.run(live())
        assert reaper.stdin is not None
        reaper.stdin.close()
    _CONSOLE.print(table.summary(), markup=False)
    return 0 if table.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
