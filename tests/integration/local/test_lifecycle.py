"""Up and down over whatever a run or a kill has left, with real processes in place of the services."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from deploy.local import lifecycle, ports, state
from deploy.local.process import Record, marked
from deploy.local.stack import ROOT, Stack
from deploy.local.state import Phase, StackState

STAND_IN = Path(__file__).with_name("stand_in_stack.py")


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        threading.Event().wait(0.02)


@dataclass
class Place:
    """A data directory and the supervisors that were started in it."""

    folder: Path
    port_base: int = field(default_factory=ports.free_port)
    supervisors: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> tuple[subprocess.Popen[bytes], StackState]:
        self.folder.mkdir(exist_ok=True)
        argv = [sys.executable, str(STAND_IN), str(self.folder), str(self.port_base)]
        supervisor = subprocess.Popen(argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        self.supervisors.append(supervisor)
        wait_until(self._is_up)
        # The worker's child comes a moment after the worker.
        wait_until(lambda: len(marked(self.folder)) == 3)
        return supervisor, self.state()

    def state(self) -> StackState:
        found = state.load(self.folder)
        assert found is not None
        return found

    def _is_up(self) -> bool:
        found = lifecycle.running(self.folder)
        return found is not None and found.phase is Phase.UP


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "a folder, with spaces")
    yield made
    lifecycle.down(made.folder)
    for supervisor in made.supervisors:
        supervisor.wait(20)


def test_down_ends_every_process_and_the_data_stays(place: Place) -> None:
    supervisor, _ = place.start()
    assert lifecycle.down(place.folder) == []
    assert supervisor.wait(20) == 0
    assert marked(place.folder) == []
    found = state.load(place.folder)
    assert found is not None
    assert found.phase is Phase.DOWN


def test_down_after_the_supervisor_was_killed_leaves_no_process_behind(place: Place) -> None:
    supervisor, found = place.start()
    supervisor.kill()
    supervisor.wait()
    left = {found.pid_of("accounts-api"), found.pid_of("accounts-worker")}
    assert None not in left
    assert lifecycle.running(place.folder) is None
    ended = {record.pid for record in lifecycle.down(place.folder)}
    assert left <= ended
    assert marked(place.folder) == []
    assert all(record.process() is None for record in found.records())


def test_the_next_start_works_after_the_supervisor_was_killed(place: Place) -> None:
    supervisor, _ = place.start()
    supervisor.kill()
    supervisor.wait()
    assert len(lifecycle.end_orphans(place.folder)) >= 2
    ports.require_free({"accounts API": place.port_base + 1})
    place.start()


def test_a_process_that_no_record_names_is_found_by_its_mark(place: Place) -> None:
    supervisor, found = place.start()
    left = {found.pid_of("accounts-api"), found.pid_of("accounts-worker")}
    supervisor.kill()
    supervisor.wait()
    (place.folder / state.FILE).unlink()
    assert left <= {record.pid for record in lifecycle.down(place.folder)}


def test_a_record_whose_number_was_given_out_again_is_left_alone(place: Place) -> None:
    place.folder.mkdir()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        mistaken = Record("accounts-api", stranger.pid, psutil.Process(stranger.pid).create_time() - 3600)
        assert mistaken.process() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_down_where_nothing_runs_says_nothing_and_does_nothing(place: Place) -> None:
    assert lifecycle.down(place.folder) == []
    assert not place.folder.exists()


def test_wipe_removes_what_is_ours_and_nothing_else(place: Place) -> None:
    place.start()
    (place.folder / "my notes.txt").write_text("keep me")
    (place.folder / "logs").mkdir(exist_ok=True)
    lifecycle.down(place.folder, wipe=True)
    assert [path.name for path in place.folder.iterdir()] == ["my notes.txt"]


def test_a_signal_ends_the_supervisor_and_all_it_started(place: Place) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        supervisor, _ = place.start()
        supervisor.send_signal(number)
        assert supervisor.wait(20) == 0
        assert marked(place.folder) == []


def test_a_killed_process_is_started_again_and_the_state_names_the_new_one(place: Place) -> None:
    _, found = place.start()
    first = found.pid_of("accounts-api")
    assert first is not None
    os.kill(first, signal.SIGKILL)

    def has_returned() -> bool:
        now = state.load(place.folder)
        return now is not None and now.pid_of("accounts-api") not in {None, first}

    wait_until(has_returned)


def test_a_port_in_use_is_named_with_its_holder(place: Place) -> None:
    place.start()
    expected = (
        rf"port {place.port_base + 1} \(accounts API\) is held by python.* \(pid \d+\) of the stack in {place.folder}"
    )
    with pytest.raises(ports.PortInUseError, match=expected):
        ports.require_free({"accounts API": place.port_base + 1})


def test_two_commands_on_one_data_directory_do_not_mix(place: Place) -> None:
    place.folder.mkdir()
    with lifecycle.only_one(place.folder), pytest.raises(lifecycle.StackError, match="another command"):
        lifecycle.down(place.folder)


def test_a_second_supervised_start_in_this_process_is_refused_while_one_runs(place: Place) -> None:
    place.start()
    with pytest.raises(lifecycle.StackError, match="is up already"):
        lifecycle.up_here(Stack(place.folder, place.port_base), lambda _: None, lambda _: None, lambda: None)
