"""The whole stack through its own commands: real servers, real services, and a kill of all that can be killed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from deploy.local import ports, state
from deploy.local.process import marked
from deploy.local.stack import ROOT, SERVICES, Stack
from tests.e2e.stack_operator import MONEY_SERVICES


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        threading.Event().wait(0.1)


def local(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "deploy.local", *arguments]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


class Commands:
    """`python -m deploy.local` on one data directory."""

    def __init__(self, data_dir: Path, port_base: int) -> None:
        self.data_dir = data_dir
        self.port_base = port_base

    def run(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        return local(command, "--data-dir", str(self.data_dir), *options)

    def up(self) -> subprocess.CompletedProcess[str]:
        """Start two services: that all five start is shown by every journey."""
        only = [word for service in MONEY_SERVICES for word in ("--only", service)]
        return self.run("up", "--detach", "--port-base", str(self.port_base), *only)

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return answer

    def pid(self, service: str, role: str) -> int | None:
        found = state.load(self.data_dir)
        return found.pid_of(f"{service}-{role}") if found is not None else None


def free_base() -> int:
    while True:
        base = ports.free_port()
        if all(ports.is_free(port) for port in Stack(Path("/nowhere"), base).ports().values()):
            return base


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    made = Commands(tmp_path_factory.mktemp("stack") / "a stack with spaces" / ("long" * 30), free_base())
    try:
        yield made
    finally:
        made.run("down", "--wipe")
    assert not made.data_dir.exists()
    assert marked(made.data_dir) == []


@pytest.fixture(scope="module")
def stack(commands: Commands) -> Commands:
    brought = commands.up()
    assert brought.returncode == 0, brought.stdout + brought.stderr
    return commands


def test_every_service_is_ready_when_up_returns(stack: Commands) -> None:
    status = stack.status()
    for service in MONEY_SERVICES:
        place = SERVICES[service]
        url = status["services"][service]["url"]
        assert url == f"http://127.0.0.1:{stack.port_base + place}"
        assert httpx.get(f"{url}/readyz").status_code == 200


def test_status_has_the_fields_that_the_surface_names(stack: Commands) -> None:
    status = stack.status()
    assert status.keys() == {"data_dir", "services", "kafka"}
    assert status["data_dir"] == str(stack.data_dir)
    assert status["kafka"] == {"bootstrap_servers": f"127.0.0.1:{stack.port_base + 21}"}
    for service in MONEY_SERVICES:
        assert status["services"][service].keys() == {"url", "database", "processes"}
        for pid in status["services"][service]["processes"].values():
            assert psutil.pid_exists(pid)


async def test_the_database_that_status_names_is_that_of_the_service(stack: Commands) -> None:
    for service in MONEY_SERVICES:
        connection = await asyncpg.connect(stack.status()["services"][service]["database"])
        assert await connection.fetchval("SELECT current_database()") == service
        await connection.close()


def test_a_token_is_one_line_and_opens_the_services(stack: Commands) -> None:
    printed = stack.run("token", "--role", "admin", "--role", "supervisor", "--ttl", "5m")
    assert printed.returncode == 0
    assert printed.stderr == ""
    [token] = printed.stdout.splitlines()
    url = stack.status()["services"]["accounts"]["url"]
    answer = httpx.get(f"{url}/v1/creditors", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert httpx.get(f"{url}/v1/creditors").status_code == 401


def test_an_unknown_role_is_refused_with_the_names_of_all(stack: Commands) -> None:
    refused = stack.run("token", "--role", "supervisr")
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert "senior_collector" in refused.stderr


def test_a_second_up_says_that_it_is_up_already_and_changes_nothing(stack: Commands) -> None:
    before = stack.status()
    again = stack.up()
    assert again.returncode == 0
    assert "is up already" in again.stdout
    assert stack.status() == before


def test_other_services_than_those_that_run_are_refused(stack: Commands) -> None:
    refused = stack.run("up", "--detach", "--only", "contact")
    assert refused.returncode == 1
    assert "is up with accounts, payments: take it down first" in refused.stderr


def test_every_process_has_a_log_file_of_its_own(stack: Commands) -> None:
    logs = {path.stem for path in (stack.data_dir / "logs").glob("*.log")}
    expected = {f"{service}-{role}" for service in MONEY_SERVICES for role in ("api", "worker", "migrate")}
    assert expected | {"postgres", "kafka", "issuer", "databases", "supervisor"} <= logs
    assert "Kafka Server started" in (stack.data_dir / "logs" / "kafka.log").read_text()


def test_another_stack_on_the_same_ports_is_refused_and_told_who_holds_them(stack: Commands, tmp_path: Path) -> None:
    refused = Commands(tmp_path / "second", stack.port_base).up()
    assert refused.returncode == 1
    assert f"port {stack.port_base + 1} (accounts API) is held by" in refused.stderr
    assert str(stack.data_dir) in refused.stderr


def test_a_service_that_is_killed_comes_back_and_the_log_names_it(stack: Commands) -> None:
    first = stack.pid("payments", "worker")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: stack.pid("payments", "worker") not in {None, first})
    assert "payments-worker" in (stack.data_dir / "logs" / "supervisor.log").read_text()


def test_the_stack_comes_up_again_after_its_supervisor_was_killed(stack: Commands) -> None:
    found = state.load(stack.data_dir)
    assert found is not None
    assert found.supervisor is not None
    before = stack.pid("accounts", "api")
    os.kill(found.supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not found.is_supervised)
    assert stack.run("status").returncode == 3
    again = stack.up()
    assert again.returncode == 0, again.stdout + again.stderr
    assert stack.pid("accounts", "api") != before
    url = stack.status()["services"]["accounts"]["url"]
    assert httpx.get(f"{url}/readyz").status_code == 200


def test_down_after_a_kill_of_the_supervisor_leaves_no_process_and_keeps_the_data(stack: Commands) -> None:
    found = state.load(stack.data_dir)
    assert found is not None
    assert found.supervisor is not None
    os.kill(found.supervisor.pid, signal.SIGKILL)
    ended = stack.run("down")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "which no supervisor watched" in ended.stdout
    assert marked(stack.data_dir) == []
    assert all(record.process() is None for record in found.records())
    for port in Stack(stack.data_dir, stack.port_base).ports().values():
        assert ports.is_free(port)
    assert (stack.data_dir / "postgres" / "cluster" / "PG_VERSION").exists()


def test_down_where_nothing_runs_is_no_error(stack: Commands) -> None:
    assert "Nothing was running" in stack.run("down").stdout
