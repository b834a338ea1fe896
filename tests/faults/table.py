"""The table of docs/reliability.md: what was tried, what was lost, twice or wrong, and how long recovery took."""

import os
import platform
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from deploy.local.demo.report import percentile
from shared.clock import SystemClock
from tests.faults.cases import CASES, Outcome, title

_HEAD = """# Reliability

What `make faults MINUTES={minutes}` saw: random faults under load on real processes (PostgreSQL, Kafka, five
services with API and worker), each killed by SIGKILL or stopped by SIGSTOP, checked when all had come to rest. R1
to R8, R12, R14 to R16, R20 and R21 strike at the two services of money, and only these run then; R9, R18, R19 and
C1 at the contact loop, and all five run.

- **lost**: acknowledged (2xx, or by the broker) and not there, at payments or in the ledger of accounts; a call, an
  outcome, a permit or a restriction that is not where it was acknowledged.
- **twice**: there more than once, or made though nobody was told of it.
- **wrong**: a balance, a status, an answer, or a state that is none of those that the facts allow; a call that a
  rule forbade, one too many, or anything that one creditor sees of another.
- **recovery**: from the end of the fault (a killed broker or database: when it takes connections again, however
  long it took to start; a service, which comes back by itself: from the kill) until payments sent at that moment,
  by the core and over HTTP, are on their accounts for all to read. A killed or frozen worker is waited for: its
  session with the broker is over after 10 s, its place as relay after 10 s, the locks of a transaction that it left
  open after 20 s. Of R18 and R19: until a call is let out again.
- Clients keep their own book of acknowledgements, send again under the same key what was not answered, and give up
  some requests for ever. After every round the checker of the books (`python -m deploy.local verify-books`)
  computes the books of its creditors again from the facts, and that of contacts (`verify-contacts`) looks for one
  that a rule forbade; every ten rounds both look at the whole stack.
- Clocks are set in the processes themselves, which ask one clock for the time: R9 takes contact, compliance and the
  issuer to the days on which daylight saving or the year changes, and then sets one service's clock wrong, by 12 s
  to two hours.

"""


class Table:
    """Outcomes of one run, by case."""

    def __init__(self, seed: int, minutes: float | None) -> None:
        self._seed = seed
        self._minutes = minutes
        self._began = SystemClock().now()
        self._outcomes: dict[str, list[Outcome]] = defaultdict(list)
        self._complaints: list[str] = []
        self._verified = 0

    def add(self, outcome: Outcome) -> None:
        """Count a round."""
        self._outcomes[outcome.case].append(outcome)

    def complain(self, text: str) -> None:
        """Note what belongs to no single round."""
        self._complaints.append(text)

    def verified(self) -> None:
        """Note that the books of the whole stack were checked."""
        self._verified += 1

    @property
    def is_clean(self) -> bool:
        """True when something was tried and nothing was lost, twice or wrong."""
        rounds = [outcome for outcomes in self._outcomes.values() for outcome in outcomes]
        return bool(rounds) and not self._complaints and all(outcome.is_clean for outcome in rounds)

    def summary(self) -> str:
        """The table, and what failed with the way to see it again."""
        lines = [
            "| | fault | tries | lost | twice | wrong | recovery p50 | worst |",
            "|---|---|--:|--:|--:|--:|--:|--:|",
            *(_line(case, self._outcomes[case]) for case in CASES if case in self._outcomes),
        ]
        failed = [outcome for outcomes in self._outcomes.values() for outcome in outcomes if not outcome.is_clean]
        for outcome in failed:
            lines += ["", f"`{outcome.replay_command}`:"]
            lines += [f"    {detail}" for detail in outcome.findings.details]
        lines += [f"\n{complaint}" for complaint in self._complaints]
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Write the document anew."""
        rounds = sum(map(len, self._outcomes.values()))
        minutes = (SystemClock().now() - self._began).total_seconds() / 60
        run = (
            f"{rounds} rounds in {minutes:.0f} minutes; the whole stack's books were checked {self._verified} times. "
            f"Seed {self._seed}, {self._began:%d %B %Y}, {_machine()}."
        )
        head = _HEAD.format(minutes=f"{self._minutes or 60:g}")
        path.write_text(f"{head}{self.summary()}\n\n{run}\n\n{_FOOT}")


_FOOT = """Run it again with the same seed: `make faults MINUTES=60 SEED=<seed>`. One round again: `make faults CASE=R3
SEED=<seed> LENGTH=5` (faults last as in a long run; 1, the default: as in `make test`, where each runs once). That
the faults show a product that is broken: `.venv/bin/python -m tests.faults --case R7 --mutation no-inbox` ends with
1, as do R18 with `any-key` and C1 with `no-locks` and with `no-tenant`; `one-zone` is for R9, `no-answer` for R19.
The faults and what must hold: `tests/faults`.
"""


def _line(case: str, outcomes: Sequence[Outcome]) -> str:
    lost, twice, wrong = (sum(getattr(each.findings, kind) for each in outcomes) for kind in ("lost", "twice", "wrong"))
    times = sorted(each.recovery_s for each in outcomes if each.recovery_s is not None)
    typical, worst = (f"{percentile(times, 0.5):.1f} s", f"{times[-1]:.1f} s") if times else ("", "")
    return f"| {case} | {title(case)} | {len(outcomes)} | {lost} | {twice} | {wrong} | {typical} | {worst} |"


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
