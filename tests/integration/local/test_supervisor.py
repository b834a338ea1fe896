"""The supervisor on real processes that stand in for services: it needs none of Arrears to do its work."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.local.process import ProcessSpec, marked
from deploy.local.supervisor import StartError, State, Status, Supervisor

LIVES = "import time; print('alive', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


def python(name: str, code: str, **details: object) -> ProcessSpec:
    return ProcessSpec(name=name, argv=(sys.executable, "-c", code), **details)  # type: ignore[arg-type]


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        threading.Event().wait(0.02)


@dataclass
class Run:
    """A supervisor at work in a thread, and all that it told."""

    supervisor: Supervisor
    folder: Path
    history: list[tuple[str, State]] = field(default_factory=list)
    error: BaseException | None = None
    is_ready: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)

    def status(self, name: str) -> Status:
        return next(status for status in self.supervisor.statuses if status.name == name)

    def pid(self, name: str) -> int:
        record = self.status(name).record
        assert record is not None
        return record.pid


@contextmanager
def supervised(folder: Path, specs: Sequence[ProcessSpec]) -> Iterator[Run]:
    def observe(statuses: Sequence[Status]) -> None:
        for status in statuses:
            if (status.name, status.state) not in run.history[-len(statuses) :]:
                run.history.append((status.name, status.state))

    supervisor = Supervisor(specs, mark=folder, log_dir=folder / "logs", observer=observe)
    run = Run(supervisor, folder)

    def work() -> None:
        try:
            supervisor.run(run.stop, run.is_ready.set)
        except StartError as error:
            run.error = error

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield run
    finally:
        run.stop.set()
        thread.join(30)
    assert not thread.is_alive()
    assert marked(folder) == []


def test_a_process_that_is_killed_is_started_again_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with supervised(tmp_path, [python("worker", LIVES)]) as run:
        assert run.is_ready.wait(20)
        first = run.pid("worker")
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: run.status("worker").restarts == 1 and run.status("worker").state is State.READY)
        assert run.pid("worker") != first
    assert f"worker (pid {first}) was killed by signal 9; starting it again" in caplog.text


def test_a_process_that_keeps_dying_is_given_longer_and_longer_pauses(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    once_alive = tmp_path / "was alive"
    code = (
        f"import pathlib, sys, time; p = pathlib.Path({str(once_alive)!r})\n"
        "sys.exit(3) if p.exists() else p.touch()\n"
        "time.sleep(600)"
    )
    with supervised(tmp_path, [python("worker", code, ready=once_alive.exists)]) as run:
        assert run.is_ready.wait(20)
        os.kill(run.pid("worker"), signal.SIGKILL)
        wait_until(lambda: run.status("worker").restarts >= 3)
    pauses = [record.args[-1] for record in caplog.records if isinstance(record.args, tuple) and "again" in record.msg]
    assert pauses[:3] == [0.5, 1.0, 2.0]


def test_a_process_starts_only_when_what_it_needs_is_ready(tmp_path: Path) -> None:
    gate, seen = tmp_path / "gate", tmp_path / "seen"
    begin = f"import pathlib, time; gate, seen = pathlib.Path({str(gate)!r}), pathlib.Path({str(seen)!r})\n"
    opens = begin + "time.sleep(0.3); gate.touch(); time.sleep(600)"
    looks = begin + "seen.write_text(str(gate.exists())); time.sleep(600)"
    table = [
        python("service", looks, needs=("migrate",), ready=seen.exists),
        python("migrate", "pass", needs=("database",), once=True),
        python("database", opens, ready=gate.exists),
    ]
    with supervised(tmp_path, table) as run:
        assert run.is_ready.wait(20)
        assert run.status("migrate").state is State.DONE
        wait_until(lambda: seen.read_text() == "True")


def test_a_step_that_fails_ends_the_start_and_shows_what_it_said(tmp_path: Path) -> None:
    table = [
        python("database", LIVES),
        python("migrate", "print('no such column'); raise SystemExit(4)", needs=("database",), once=True),
    ]
    with supervised(tmp_path, table) as run:
        wait_until(lambda: run.error is not None)
        assert "migrate ended with code 4" in str(run.error)
        assert "no such column" in str(run.error)
        assert not run.is_ready.is_set()


def test_a_process_that_never_becomes_ready_ends_the_start(tmp_path: Path) -> None:
    with supervised(tmp_path, [python("service", LIVES, ready=lambda: False, ready_seconds=0.5)]) as run:
        wait_until(lambda: run.error is not None)
        assert "service was not ready in" in str(run.error)


def test_a_program_that_does_not_exist_ends_the_start(tmp_path: Path) -> None:
    with supervised(tmp_path, [ProcessSpec("service", ("/no/such/program",))]) as run:
        wait_until(lambda: run.error is not None)
        assert "service cannot be started" in str(run.error)


def test_what_others_need_is_stopped_last(tmp_path: Path) -> None:
    order = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        "def leave(*_):\n"
        f"    open({str(order)!r}, 'a').write('NAME\\n'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "print('alive', flush=True)\n"
        "time.sleep(600)"
    )

    def says_alive(name: str) -> Callable[[], bool]:
        log = tmp_path / "logs" / f"{name}.log"
        return lambda: log.exists() and "alive" in log.read_text()

    def leaver(name: str, *needs: str) -> ProcessSpec:
        return python(name, code.replace("NAME", name), needs=needs, ready=says_alive(name))

    migrate = python("migrate", "pass", needs=("database",), once=True)
    with supervised(tmp_path, [leaver("database"), migrate, leaver("service", "migrate")]) as run:
        assert run.is_ready.wait(20)
    assert order.read_text().split() == ["service", "database"]


def test_a_process_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "deaf.log"
    table = [python("deaf", DEAF, ready=lambda: log.exists() and "deaf" in log.read_text(), stop_seconds=0.3)]
    with supervised(tmp_path, table) as run:
        assert run.is_ready.wait(20)


def test_the_children_of_a_process_end_with_it(tmp_path: Path) -> None:
    code = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {LIVES!r}])\ntime.sleep(600)"
    log = tmp_path / "logs" / "parent.log"
    table = [python("parent", code, ready=lambda: log.exists() and "alive" in log.read_text())]
    with supervised(tmp_path, table) as run:
        assert run.is_ready.wait(20)
        assert len(marked(tmp_path)) == 2


def test_a_table_with_an_unknown_need_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="service needs nothing-like-it"):
        Supervisor([python("service", LIVES, needs=("nothing-like-it",))], mark=tmp_path, log_dir=tmp_path)
