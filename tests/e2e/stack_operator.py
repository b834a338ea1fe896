"""The operator of a stack: starts and stops it, asks for its processes, and runs the commands of a service."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from deploy.local import ports, state
from deploy.local.stack import ROOT, SERVICES, Stack, process_table
from tests.conftest import _unavailable

MONEY_SERVICES = ("accounts", "payments")
"""Enough of a stack for what moves money and is owed."""


class StackFailedError(Exception):
    """The stack did not come up; the message is what its command printed."""


class Operator:
    """`python -m deploy.local` on one data directory, and `python -m services.<name>` beside its workers."""

    def __init__(self, data_dir: Path, port_base: int, services: Sequence[str] = tuple(SERVICES)) -> None:
        self.data_dir = data_dir
        self.stack = Stack(data_dir, port_base, services=tuple(services))

    def up(self) -> None:
        """Start everything. Raises StackFailedError."""
        only = [word for service in self.stack.services for word in ("--only", service)]
        done = self._local("up", "--detach", "--port-base", str(self.stack.port_base), *only)
        if done.returncode != 0:
            raise StackFailedError(done.stdout + done.stderr)

    def down(self) -> None:
        """Stop everything and remove the data."""
        self._local("down", "--wipe")

    def pid(self, service: str, role: str) -> int | None:
        """The process of a service, as `status --json` shows it; None while it is down."""
        found = state.load(self.data_dir)
        return found.pid_of(f"{service}-{role}") if found is not None else None

    def dead_letters(self, service: str, key: str) -> list[dict[str, Any]]:
        """What a service has parked under a message key and not taken since."""
        listed = self._service(service, "dead-letters", "--key", key)
        assert listed.returncode == 0, listed.stderr
        return [json.loads(line) for line in listed.stdout.splitlines()]

    def replay(self, service: str, key: str) -> subprocess.CompletedProcess[str]:
        """Take again what a service has parked under a message key."""
        return self._service(service, "replay", "--key", key)

    def replay_all(self, service: str) -> subprocess.CompletedProcess[str]:
        """Take again everything that a service has parked, however long it takes."""
        return self._service(service, "replay", "--all", seconds=3_600)

    def verify_books(self, creditor: UUID, *options: str) -> subprocess.CompletedProcess[str]:
        """Have the books of one creditor checked: the report as JSON, and the exit code."""
        return self._local("verify-books", "--json", "--creditor", str(creditor), *options)

    def verify_contacts(self, creditor: UUID) -> subprocess.CompletedProcess[str]:
        """Have the contacts of one creditor checked: the report as JSON, and the exit code."""
        return self._local("verify-contacts", "--json", "--creditor", str(creditor))

    def _local(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command, *options = arguments
        return _run("deploy.local", command, "--data-dir", str(self.data_dir), *options)

    def _service(self, service: str, *arguments: str, seconds: float = 180) -> subprocess.CompletedProcess[str]:
        (worker,) = (spec for spec in process_table(self.stack) if spec.name == f"{service}-worker")
        return _run(f"services.{service}", *arguments, env=worker.env, seconds=seconds)


def _run(
    module: str, *arguments: str, env: Mapping[str, str] | None = None, seconds: float = 180
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def free_base(beside: Iterable[int] = ()) -> int:
    """A port base above which everything that the stack listens on is free, and so is what is to listen `beside` it."""
    while True:
        base = ports.free_port()
        wanted = [*Stack(Path("/nowhere"), base).ports().values(), *(base + place for place in beside)]
        if all(map(ports.is_free, wanted)):
            return base


@contextmanager
def running_stack(data_dir: Path, services: Sequence[str] = tuple(SERVICES)) -> Iterator[Operator]:
    """A stack of its own on free ports, with all services or these; gone at the end; after a kill, by the reaper."""
    operator = Operator(data_dir, free_base(), services)
    try:
        operator.up()
    except StackFailedError as error:
        operator.down()
        _unavailable("The local stack", error)
    try:
        yield operator
    finally:
        operator.down()
