"""The faults by their names, and one round of one of them: replayable by the name and a seed."""

import asyncio
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults import clocks, crashes, crowds, keys, messages, races, silence
from tests.faults.book import Findings
from tests.faults.lab import Fault, Lab
from tests.faults.machines import EVERY_SERVICE, MONEY, Machines

CASES: Mapping[str, Fault] = {
    "R1": crashes.broker_killed,
    "R2": crashes.database_killed,
    "R3": crashes.killed_before_publishing,
    "R4": crashes.killed_before_outbox_delete,
    "R5": crashes.killed_before_offset_commit,
    "R6": crashes.zombie,
    "R7": messages.replayed,
    "R8": messages.poisoned,
    "R12": crowds.pool_exhausted,
    "R14": crowds.hung_up,
    "R15": crowds.same_key,
    "R16": crowds.one_account,
    "R20": crashes.aging_killed,
    "R21": crashes.rolled_out,
    "R9": clocks.clocks_wrong,
    "R18": keys.issuer_gone,
    "R19": silence.compliance_silent,
    "C1": races.permits_raced,
}
"""In the order of a short run: those that strike at the contact loop come last, and share its start."""
_CONTACT_LOOP = {"R9", "R18", "R19", "C1"}
ROUND_S = 900.0
"""A round that takes longer has failed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one round showed."""

    case: str
    seed: int
    length: float
    findings: Findings
    recovery_s: float | None = None
    again: dict[str, int] = field(default_factory=dict)
    """How often clients had to send a request again, by what came instead of an answer."""

    @property
    def is_clean(self) -> bool:
        """True when nothing was lost, twice or wrong."""
        return self.findings.is_clean

    @property
    def replay_command(self) -> str:
        """What lives through this round again."""
        return f"make faults CASE={self.case} SEED={self.seed} LENGTH={self.length:g}"


def title(case: str) -> str:
    """What happens, in words."""
    _, _, words = (CASES[case].__doc__ or "").partition(": ")
    return " ".join(words.split()).rstrip(".")


async def live_through(machines: Machines, case: str, seed: int, *, length: float = 1) -> Outcome:
    """Run one round; whatever fails in it is a finding, and all that should run is running again afterwards."""
    lab = Lab(machines, Random(f"{case}/{seed}"), length)
    recovery: float | None = None
    again: dict[str, int] = {}
    async with lab.open:
        try:
            async with asyncio.timeout(ROUND_S):
                await machines.have(EVERY_SERVICE if case in _CONTACT_LOOP else MONEY)
                recovery = await CASES[case](lab)
                await machines.heal()
                await lab.compare()
        except Exception as error:  # noqa: BLE001 - a round never ends the run
            *_, last = traceback.extract_tb(error.__traceback__)
            where = f"{Path(last.filename).name}:{last.lineno}"
            lab.findings.add("wrong", 1, f"the round ended with {type(error).__name__} at {where}: {error}")
        for client in lab.clients:
            client.book.complain_to(lab.findings)
            for what, count in client.trouble.seen.items():
                again[what] = again.get(what, 0) + count
    return Outcome(case, seed, length, lab.findings, recovery, again)
