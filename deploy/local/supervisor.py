"""Runs a table of processes: starts each when what it needs is ready, starts again what dies, stops all in order.

It knows nothing of Arrears; the table says everything. What runs is told to an observer on every change, so that a
later command can find the processes even when this one was killed.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from threading import Event

from deploy.local.process import Child, ProcessError, ProcessSpec, Record, rotate, tail

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_ROTATE_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
# A process that lived this long has recovered: its next death starts with the shortest pause again.
_RECOVERED_SECONDS = 60.0


class State(StrEnum):
    """Where one process of the table stands."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Status:
    """What the supervisor knows of one process."""

    name: str
    state: State = State.WAITING
    record: Record | None = None
    restarts: int = 0
    last_exit_code: int | None = None
    seconds_to_ready: float | None = None


Observer = Callable[[Sequence[Status]], None]


class StartError(RuntimeError):
    """A process failed while the stack was starting; everything was stopped again."""


@dataclass
class _Slot:
    """One row of the table while it runs. Times are time.monotonic() seconds."""

    spec: ProcessSpec
    status: Status
    child: Child | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    pause: float = _FIRST_PAUSE_SECONDS


class Supervisor:
    """Runs `specs`; logs go to `log_dir`/<name>.log; every process carries `mark` in its environment."""

    def __init__(
        self, specs: Sequence[ProcessSpec], *, mark: Path, log_dir: Path, observer: Observer = lambda _: None
    ) -> None:
        names = {spec.name for spec in specs}
        for spec in specs:
            if unknown := set(spec.needs) - names:
                raise ValueError(f"{spec.name} needs {', '.join(sorted(unknown))}, which the table does not have")
        self._slots = {spec.name: _Slot(spec, Status(spec.name)) for spec in specs}
        self._mark = mark
        self._log_dir = log_dir
        self._observer = observer
        self._is_up = False
        self._rotate_at = 0.0

    @property
    def statuses(self) -> list[Status]:
        """The table's state, in the table's order."""
        return [slot.status for slot in self._slots.values()]

    def run(self, stop: Event, on_ready: Callable[[], None] = lambda: None) -> None:
        """Start everything, keep it running until `stop` is set, then stop everything.

        Raises StartError when a process fails before all were ready once; after that, what dies is started again.
        """
        try:
            while not stop.is_set():
                self._step()
                if not self._is_up and all(s.status.state in {State.READY, State.DONE} for s in self._slots.values()):
                    self._is_up = True
                    on_ready()
                stop.wait(_POLL_SECONDS)
        finally:
            self._stop_all()

    def _step(self) -> None:
        for slot in self._slots.values():
            match slot.status.state:
                case State.WAITING if self._may_start(slot):
                    self._start(slot)
                case State.RESTARTING if time.monotonic() >= slot.start_again_at:
                    self._start(slot)
                case State.STARTING:
                    self._look_at_starting(slot)
                case State.READY:
                    self._look_at_running(slot)
        if time.monotonic() >= self._rotate_at:
            self._rotate_at = time.monotonic() + _ROTATE_SECONDS
            for path in self._log_dir.glob("*.log"):
                rotate(path)

    def _may_start(self, slot: _Slot) -> bool:
        return all(self._slots[name].status.state in {State.READY, State.DONE} for name in slot.spec.needs)

    def _start(self, slot: _Slot) -> None:
        try:
            slot.child = Child(slot.spec, self.log_path(slot.spec.name), self._mark)
        except OSError as error:
            self._fail(slot, f"{slot.spec.name} cannot be started: {error}")
            return
        slot.started_at = time.monotonic()
        self._set(slot, state=State.STARTING, record=slot.child.record)

    def _look_at_starting(self, slot: _Slot) -> None:
        child = _running(slot)
        code = child.exit_code()
        seconds = time.monotonic() - slot.started_at
        if code is None and not slot.spec.once and slot.spec.ready():
            self._set(slot, state=State.READY, seconds_to_ready=seconds)
            _log.info("%s is ready (pid %d, %.1f s)", slot.spec.name, child.record.pid, seconds)
        elif code == 0 and slot.spec.once:
            self._set(slot, state=State.DONE, last_exit_code=0, record=None, seconds_to_ready=seconds)
            _log.info("%s is done (%.1f s)", slot.spec.name, seconds)
        elif code is not None:
            self._died(slot, code)
        elif seconds > slot.spec.ready_seconds:
            child.stop()
            self._fail(slot, f"{slot.spec.name} was not ready in {slot.spec.ready_seconds:.0f} s")

    def _look_at_running(self, slot: _Slot) -> None:
        code = _running(slot).exit_code()
        if code is not None:
            self._died(slot, code)

    def _died(self, slot: _Slot, code: int) -> None:
        child = _running(slot)
        child.finish()  # what it had started must not hold its port
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        if not self._is_up:
            self._fail(slot, f"{slot.spec.name} {how}", code)
            return
        if time.monotonic() - slot.started_at > _RECOVERED_SECONDS:
            slot.pause = _FIRST_PAUSE_SECONDS
        _log.warning("%s (pid %d) %s; starting it again in %.1f s", slot.spec.name, child.record.pid, how, slot.pause)
        slot.start_again_at = time.monotonic() + slot.pause
        slot.pause = min(slot.pause * 2, _LONGEST_PAUSE_SECONDS)
        restarts = slot.status.restarts + 1
        self._set(slot, state=State.RESTARTING, restarts=restarts, last_exit_code=code, record=None)

    def _fail(self, slot: _Slot, why: str, code: int | None = None) -> None:
        """Give the start up; once the stack was up, try again instead."""
        if self._is_up:
            _log.error("%s; trying again in %.1f s", why, slot.pause)
            slot.start_again_at = time.monotonic() + slot.pause
            slot.pause = min(slot.pause * 2, _LONGEST_PAUSE_SECONDS)
            self._set(slot, state=State.RESTARTING, restarts=slot.status.restarts + 1, record=None)
            return
        self._set(slot, state=State.FAILED, last_exit_code=code, record=None)
        raise StartError(f"{why}\n{tail(self.log_path(slot.spec.name))}")

    def log_path(self, name: str) -> Path:
        """The log file of a process of the table."""
        return self._log_dir / f"{name}.log"

    def _stop_all(self) -> None:
        """Stop in waves: what nothing needs any more goes first, all of a wave at the same time."""
        while running := [slot for slot in self._slots.values() if slot.child is not None]:
            needed = {name for slot in running for name in _all_needs(slot.spec.name, self._slots)}
            wave = [slot for slot in running if slot.spec.name not in needed]
            for slot in wave:
                _running(slot).ask_to_stop()
            for slot in wave:
                _running(slot).finish()
                slot.child = None
                if slot.status.state not in {State.FAILED, State.DONE}:
                    self._set(slot, state=State.STOPPED, record=None)

    def _set(self, slot: _Slot, **changes: object) -> None:
        slot.status = replace(slot.status, **changes)  # type: ignore[arg-type]
        self._observer(self.statuses)


def _running(slot: _Slot) -> Child:
    if slot.child is None:
        raise ProcessError(f"{slot.spec.name} was never started")
    return slot.child


def _all_needs(name: str, slots: dict[str, _Slot]) -> set[str]:
    """What a process needs, and what that needs in turn: a step in between may be over and gone."""
    needs = set(slots[name].spec.needs)
    for need in slots[name].spec.needs:
        needs |= _all_needs(need, slots)
    return needs
