"""What a data directory remembers of its stack: who supervises it, which processes run, how far the start has come.

The supervisor writes it on every change; `status`, `down` and the next `up` read it. Only its owner may read it: the
address of an outside database may carry a password.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import psutil

from deploy.local.files import read_json, write_json
from deploy.local.process import Record
from deploy.local.supervisor import State, Status

FILE = "stack.json"


class Phase(StrEnum):
    """How far a stack is as a whole."""

    STARTING = "starting"
    UP = "up"
    FAILED = "failed"
    DOWN = "down"


@dataclass(frozen=True)
class StackState:
    """The content of `stack.json`. `services`: those that run; none are named where all do."""

    port_base: int
    outside: Mapping[str, str]
    services: Sequence[str]
    phase: Phase
    supervisor: Record | None = None
    statuses: Sequence[Status] = field(default_factory=tuple)
    error: str | None = None

    @property
    def is_supervised(self) -> bool:
        """Whether the supervisor that wrote this still runs."""
        return self.supervisor is not None and self.supervisor.process() is not None

    def pid_of(self, name: str) -> int | None:
        """The process number of a process of the table; None when it does not run."""
        for status in self.statuses:
            if status.name == name and status.record is not None and status.record.process() is not None:
                return status.record.pid
        return None

    def records(self) -> list[Record]:
        """Every process that this state names, those that others need last."""
        return [status.record for status in reversed(self.statuses) if status.record is not None]


def this_process(name: str) -> Record:
    """A record of the process that calls."""
    process = psutil.Process()
    return Record(name, process.pid, process.create_time())


def load(data_dir: Path) -> StackState | None:
    """Read the state of a data directory; None when it has none."""
    found = read_json(data_dir / FILE)
    if found is None:
        return None
    return StackState(
        port_base=found["port_base"],
        outside=found["outside"],
        services=tuple(found.get("services", ())),
        phase=Phase(found["phase"]),
        supervisor=_record(found["supervisor"]),
        statuses=[_status(status) for status in found["statuses"]],
        error=found["error"],
    )


class StateFile:
    """Writes the state of one data directory as it changes."""

    def __init__(self, data_dir: Path, state: StackState) -> None:
        self._path = data_dir / FILE
        self.state = state
        self._write()

    def set(self, *, phase: Phase | None = None, error: str | None = None) -> None:
        """Record a new phase, and why."""
        self.state = replace(self.state, phase=phase or self.state.phase, error=error)
        self._write()

    def observe(self, statuses: Sequence[Status]) -> None:
        """Record what became of the processes."""
        self.state = replace(self.state, statuses=statuses)
        self._write()

    def _write(self) -> None:
        write_json(self._path, asdict(self.state))


def _record(found: dict[str, object] | None) -> Record | None:
    return Record(**found) if found else None  # type: ignore[arg-type]


def _status(found: dict[str, object]) -> Status:
    record = _record(found.pop("record"))  # type: ignore[arg-type]
    state = State(str(found.pop("state")))
    return Status(state=state, record=record, **found)  # type: ignore[arg-type]
