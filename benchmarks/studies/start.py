"""Starting the local stack cold and warm, importing the demo's 15,000 accounts, and what the idle stack holds."""

import asyncio
from statistics import median
from time import perf_counter

import httpx

from benchmarks.place import Place
from benchmarks.rounds import Spread
from benchmarks.studies.local_stack import LocalStack, open_stack
from benchmarks.studies.study import Study
from deploy.local.demo.cards import SNAPSHOT_ON, read_cards, snapshot_csv
from deploy.local.demo.doors import Doors

ROUNDS = 3
IDLE_S = 20
_ROLES = ("admin", "integrator")
_HOW = (
    f"Memory {IDLE_S} s after a warm start with 15,000 accounts: PSS, shared pages divided among their sharers, "
    "PostgreSQL with all its backends. Verified: every process said that it was ready, and the import opened all "
    "accounts and rejected none."
)


async def study(place: Place, *, scale: float) -> Study:
    """Start it three times cold, each time in a new folder, and again warm. `scale` changes nothing."""
    del scale
    seconds: dict[str, list[float]] = {}
    idle: dict[str, float] = {}
    for nth in range(ROUNDS):
        async with open_stack(place.directory / f"stack-{nth}") as stack:
            _note(seconds, "up, cold: a new folder, packages and jars in place", await stack.up())
            _note_processes(seconds, stack, "cold")
            _note(seconds, "import of the 15,000 accounts of the demo over HTTP", await _import(stack))
            await stack.down()
            _note(seconds, "up, warm: the same folder again", await stack.up())
            _note_processes(seconds, stack, "warm")
            if nth == 0:
                await asyncio.sleep(IDLE_S)
                idle = stack.memory()
        print(
            f"  round {nth + 1} of {ROUNDS}: {', '.join(f'{found[-1]:.1f} s' for found in seconds.values())}",
            flush=True,
        )
    rows = [[what, _cells(found)] for what, found in seconds.items()]
    rows += [
        [f"memory at rest: {name}", f"{mib:,.0f} MiB"] for name, mib in sorted(idle.items(), key=lambda one: -one[1])
    ]
    rows.append(["memory at rest: all", f"{sum(idle.values()):,.0f} MiB"])
    return Study(
        code="start",
        title="Starting, and the idle stack",
        columns=("what", f"low / median / high of {ROUNDS}"),
        rows=rows,
        paragraphs=(_HOW,),
        numbers={"seconds": seconds, "idle_mib": idle},
    )


async def _import(stack: LocalStack) -> float:
    """Import as the demo does; return the seconds."""
    cards = read_cards()
    pieces = list(snapshot_csv(cards))
    headers = {"Authorization": f"Bearer {await stack.token(*_ROLES)}"}
    async with (
        httpx.AsyncClient(base_url=stack.url("accounts"), headers=headers) as accounts,
        httpx.AsyncClient(base_url=stack.url("payments"), headers=headers) as payments,
    ):
        doors = Doors(accounts, payments)
        await doors.put_creditor()
        began = perf_counter()
        done = await doors.import_snapshots(SNAPSHOT_ON, iter(pieces))
        seconds = perf_counter() - began
    if (done["opened"], done["rejected"]) != (len(cards), 0):
        raise AssertionError(f"the import says {done}")
    return seconds


def _note(seconds: dict[str, list[float]], what: str, found: float) -> None:
    seconds.setdefault(what, []).append(found)


def _note_processes(seconds: dict[str, list[float]], stack: LocalStack, how: str) -> None:
    for one in stack.statuses:
        if one.seconds_to_ready is not None:
            _note(seconds, f"{how}: {one.name} ready after its own start", one.seconds_to_ready)


def _cells(found: list[float]) -> str:
    spread = Spread(min(found), median(found), max(found))
    return f"{spread.low:.1f} / {spread.middle:.1f} / {spread.high:.1f} s"
