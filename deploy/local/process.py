"""One operating-system process of the stack: how to start it, when it is ready, how to end it with all its children.

A process gets its own session and its own log file, opened for appending, so it outlives a killed supervisor with its
log intact, and everything that it starts can be found again by the mark in its environment.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

# Each process of a stack carries its data directory in this variable, and hands it down to its own children.
MARK = "ARREARS_STACK"
LOG_LIMIT_BYTES = 10_000_000
_TAIL_BYTES = 4_000
_POLL_SECONDS = 0.05
_SAME_START_SECONDS = 2.0


class ProcessError(RuntimeError):
    """A process did not start or did not become ready; the message ends with the last lines of its log."""


def _at_once() -> bool:
    return True


@dataclass(frozen=True)
class ProcessSpec:
    """What to run. `env` is added to our own; `needs` names processes that must be ready (or, if `once`, done) before.

    `ready` is asked until it says yes, for at most `ready_seconds`. `once` marks a step that ends by itself.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    user: str | None = None
    needs: tuple[str, ...] = ()
    once: bool = False
    ready: Callable[[], bool] = _at_once
    ready_seconds: float = 60
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 20


@dataclass(frozen=True)
class Record:
    """A process that was started: enough to recognise it later, when its number may belong to another."""

    name: str
    pid: int
    started: float

    def process(self) -> psutil.Process | None:
        """Return the process when it still runs; None when it ended, even if its number was given out again."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < _SAME_START_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class Child:
    """A running process that was started from a spec by us."""

    def __init__(self, spec: ProcessSpec, log_path: Path, mark: Path) -> None:
        self.spec = spec
        self.log_path = log_path
        self._popen = _spawn(spec, log_path, mark)
        self.record = Record(spec.name, self._popen.pid, _start_of(self._popen.pid))

    def exit_code(self) -> int | None:
        """The exit code once it has ended, else None."""
        return self._popen.poll()

    def stop(self) -> None:
        """End it and all it started: politely first, by force after `stop_seconds`."""
        self.ask_to_stop()
        self.finish()

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once."""
        if self._popen.poll() is None:
            self._popen.send_signal(self.spec.stop_signal)

    def finish(self) -> None:
        """Wait for the end, by force after `stop_seconds`."""
        try:
            self._popen.wait(self.spec.stop_seconds)
        except subprocess.TimeoutExpired:
            _signal_group(self.record.pid, signal.SIGKILL)
            self._popen.wait()
        # What it left behind in its session, if anything.
        _signal_group(self.record.pid, signal.SIGKILL)

    def wait_ready(self) -> None:
        """Wait until it is ready (a `once` step: until it ended well). Raises ProcessError otherwise."""
        deadline = time.monotonic() + self.spec.ready_seconds
        while time.monotonic() < deadline:
            code = self.exit_code()
            if self.spec.once and code == 0:
                return
            if code is not None:
                raise ProcessError(f"{self.spec.name} ended with code {code}\n{tail(self.log_path)}")
            if not self.spec.once and self.spec.ready():
                return
            time.sleep(_POLL_SECONDS)
        self.stop()
        raise ProcessError(f"{self.spec.name} was not ready in {self.spec.ready_seconds:.0f} s\n{tail(self.log_path)}")


def _spawn(spec: ProcessSpec, log_path: Path, mark: Path) -> subprocess.Popen[bytes]:
    log_path.parent.mkdir(parents=True, exist_ok=True)
    # Variables of libpq would redirect our own PostgreSQL programs.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    account = pwd.getpwnam(spec.user) if spec.user else None
    with log_path.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 (the table of processes is our own)
            spec.argv,
            cwd=spec.cwd,
            env={**inherited, MARK: str(mark), **spec.env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def _start_of(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def end(records: list[Record], patience_seconds: float = 20) -> list[Record]:
    """End processes that another supervisor started, in the given order; return those that were still running."""
    ended = []
    for record in records:
        # Asked anew each time: two records may name one process, and the end of one may be the end of another.
        if record.process() is not None:
            _end_one(record, patience_seconds)
            ended.append(record)
    return ended


def _end_one(record: Record, patience_seconds: float) -> None:
    process = record.process()
    if process is None:
        return
    try:
        # SIGINT is PostgreSQL's fast shutdown; the JVM and Python end on SIGTERM.
        process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
        if not _is_gone(record, patience_seconds):
            process.kill()
            _is_gone(record, patience_seconds)
    except psutil.NoSuchProcess:
        pass
    _signal_group(record.pid, signal.SIGKILL)


def _is_gone(record: Record, seconds: float) -> bool:
    """Wait for the end of a process that is no child of ours: where nobody collects it, it stays as a zombie."""
    deadline = time.monotonic() + seconds
    while record.process() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def marked(mark: Path) -> list[Record]:
    """Find every process, other than this one and its ancestors, that carries the mark of this data directory.

    It catches what no record names: a process started in the instant before a supervisor was killed.
    """
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        if process.pid in ours:
            continue
        try:
            if process.environ().get(MARK) == str(mark):
                found.append(Record(process.name(), process.pid, process.create_time()))
        except (psutil.Error, OSError):
            continue  # a process of another user, or one that has just ended
    return found


def rotate(log_path: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
    """Keep a log bounded: past the limit it moves to `<name>.1` and starts anew in place.

    The writer has the file open for appending, so the file is copied and emptied, not renamed.
    """
    try:
        if log_path.stat().st_size < limit_bytes:
            return
    except FileNotFoundError:
        return
    shutil.copyfile(log_path, log_path.with_name(log_path.name + ".1"))
    os.truncate(log_path, 0)


def tail(log_path: Path) -> str:
    """Return the last lines of a log, for an error message."""
    try:
        with log_path.open("rb") as file:
            file.seek(max(0, log_path.stat().st_size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return "(it wrote no log)"
    lines = text.splitlines()[-15:]
    return "\n".join([f"  last lines of {log_path}:", *(f"  | {line}" for line in lines)])
