"""Bringing a stack up and taking it down, whatever state an earlier run or a kill has left it in.

One data directory has at most one supervisor. What a killed supervisor left running is found by its records, by the
mark in the environment of every process, and by PostgreSQL's own pid file; it is ended before anything new starts.
"""

import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from deploy.local import ports, state
from deploy.local.jars import OnProgress
from deploy.local.process import MARK, ProcessSpec, Record, end, marked, tail
from deploy.local.stack import ROOT, Stack, process_table
from deploy.local.state import Phase, StackState, StateFile
from deploy.local.supervisor import StartError, Status, Supervisor

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_STOP_SECONDS = 90.0
_SUPERVISOR_LOG = "supervisor.log"
# What we put into a data directory. `down --wipe` removes these names only: a mistaken --data-dir costs nothing else.
_OURS = ("postgres", "kafka", "keys", "logs", "demo", "letters", "mail", "credentials.json", state.FILE, ".lock")

Watcher = Callable[[StackState], None]


class StackError(RuntimeError):
    """The stack cannot be brought up or down; the message says why."""


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Keep two commands from changing the same data directory at once."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"another command is working on {data_dir}: wait until it has ended") from None
        yield


def running(data_dir: Path) -> StackState | None:
    """The state of the stack in `data_dir` when it is supervised now; None otherwise."""
    found = state.load(data_dir)
    return found if found is not None and found.is_supervised else None


def up_detached(stack: Stack, watch: Watcher, on_progress: OnProgress) -> StackState:
    """Bring the stack up and leave it running. Returns when all is ready.

    Raises StackError, PortInUseError, JarError, PostgresError and their like; then nothing is left running.
    """
    with only_one(stack.data_dir):
        if running(stack.data_dir) is None:
            _prepare(stack, on_progress)
            _spawn_supervisor(stack)
        return _follow(stack.data_dir, watch)


def up_here(stack: Stack, watch: Watcher, on_progress: OnProgress, on_ready: Callable[[], None]) -> None:
    """Bring the stack up and supervise it in this process until SIGINT or SIGTERM. Raises as up_detached does."""
    with only_one(stack.data_dir):
        if running(stack.data_dir) is not None:
            raise StackError(f"the stack in {stack.data_dir} is up already")
        _prepare(stack, on_progress)
        file = new_state(stack)
    supervise(stack, file, watch, on_ready)


def supervise(
    stack: Stack,
    file: StateFile,
    watch: Watcher = lambda _: None,
    on_ready: Callable[[], None] = lambda: None,
    table: Callable[[Stack], Sequence[ProcessSpec]] = process_table,
) -> None:
    """Run the stack's processes until a signal ends it. Raises StackError when it cannot start."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stop.set())

    def observe(statuses: Sequence[Status]) -> None:
        file.observe(statuses)
        watch(file.state)

    def ready() -> None:
        file.set(phase=Phase.UP)
        watch(file.state)
        on_ready()

    try:
        Supervisor(table(stack), mark=stack.data_dir, log_dir=stack.log_dir, observer=observe).run(stop, ready)
    except StartError as error:
        file.set(phase=Phase.FAILED, error=str(error))
        raise StackError(str(error)) from error
    file.set(phase=Phase.DOWN)


def supervise_detached(stack: Stack) -> None:
    """What the detached supervisor's process runs; it writes its log to standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        supervise(stack, new_state(stack))
    except Exception as error:  # noqa: BLE001 (whatever it was, the waiting command must hear of it)
        _log.exception("the supervisor ended")
        found = state.load(stack.data_dir)
        if found is not None and found.phase is Phase.STARTING:
            StateFile(stack.data_dir, found).set(phase=Phase.FAILED, error=str(error))
        sys.exit(1)


def down(data_dir: Path, *, wipe: bool = False) -> list[Record]:
    """End every process of the stack, and with `wipe` remove its data. Returns what had to be ended as an orphan."""
    if not data_dir.exists():
        return []
    with only_one(data_dir):
        found = running(data_dir)
        if found is not None and found.supervisor is not None:
            end([found.supervisor], _STOP_SECONDS)
        orphans = end_orphans(data_dir)
        left = state.load(data_dir)
        if left is not None and left.phase is not Phase.DOWN:
            StateFile(data_dir, left).set(phase=Phase.DOWN)
        if wipe:
            _wipe(data_dir)
    return orphans


def end_orphans(data_dir: Path) -> list[Record]:
    """End every process of this data directory that no supervisor watches; return those that were running."""
    found = state.load(data_dir)
    recorded = found.records() if found is not None else []
    postmaster = _postmaster(data_dir)
    ended = end([*recorded, *([postmaster] if postmaster else [])])
    return ended + end(marked(data_dir))


def _prepare(stack: Stack, on_progress: OnProgress) -> None:
    end_orphans(stack.data_dir)
    ports.require_free(stack.ports())
    if stack.kafka is not None:
        stack.kafka.prepare(on_progress)
    if stack.postgres is not None:
        stack.postgres.prepare()


def new_state(stack: Stack) -> StateFile:
    """Take the data directory over: from now on this process is its supervisor."""
    me = state.this_process("supervisor")
    first = StackState(stack.port_base, stack.outside, stack.services, Phase.STARTING, supervisor=me)
    return StateFile(stack.data_dir, first)


def _spawn_supervisor(stack: Stack) -> None:
    stack.log_dir.mkdir(parents=True, exist_ok=True)
    arguments = ["--data-dir", str(stack.data_dir), "--port-base", str(stack.port_base)]
    arguments += [word for service in stack.services for word in ("--only", service)]
    environment = {**os.environ, **stack.outside, MARK: str(stack.data_dir)}
    with (stack.log_dir / _SUPERVISOR_LOG).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 (this very program)
            [sys.executable, "-m", "deploy.local", "supervise", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # It takes over the data directory by writing its state; until then `running` must not say no.
    while process.poll() is None:
        found = running(stack.data_dir)
        if found is not None and found.supervisor is not None and found.supervisor.pid == process.pid:
            return
        time.sleep(_POLL_SECONDS)
    raise StackError(f"the supervisor ended at once\n{tail(stack.log_dir / _SUPERVISOR_LOG)}")


def _follow(data_dir: Path, watch: Watcher) -> StackState:
    while True:
        found = state.load(data_dir)
        if found is not None:
            watch(found)
            if found.phase is Phase.UP:
                return found
            if found.phase is Phase.FAILED:
                raise StackError(found.error or "the stack did not start")
        if found is None or not found.is_supervised:
            raise StackError(f"the supervisor ended\n{tail(data_dir / 'logs' / _SUPERVISOR_LOG)}")
        time.sleep(_POLL_SECONDS)


def _postmaster(data_dir: Path) -> Record | None:
    """The server that PostgreSQL's own pid file names: it has overwritten the mark in its environment."""
    cluster = data_dir / "postgres" / "cluster"
    try:
        pid = int((cluster / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        ours = process.name() == "postgres" and str(cluster.resolve()) in process.cmdline()
        return Record("postgres", pid, process.create_time()) if ours else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def _wipe(data_dir: Path) -> None:
    for name in _OURS:
        path = data_dir / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if not any(data_dir.iterdir()):
        data_dir.rmdir()
