"""The local stack as a user starts it, for studies of whole processes: up, down, who runs, and its doors."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import psutil

from deploy.local import state
from deploy.local.ports import is_free
from deploy.local.supervisor import Status

_ROOT = Path(__file__).resolve().parents[2]
_BASES = range(20_000, 31_000, 100)
_PLACES = 40
"""Ports above the base that a stack may take."""


class LocalStack:
    """A stack in a folder, on ports that nothing holds."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._base = next(base for base in _BASES if all(is_free(base + place) for place in range(_PLACES)))

    async def up(self) -> float:
        """Start it and return the seconds until every process was ready."""
        began = perf_counter()
        await self._command("up", "--detach", "--data-dir", str(self.data_dir), "--port-base", str(self._base))
        return perf_counter() - began

    async def down(self) -> None:
        """Stop it; its data stays."""
        await self._command("down", "--data-dir", str(self.data_dir))

    async def token(self, *roles: str) -> str:
        """A token for 12 hours."""
        asked = [part for role in roles for part in ("--role", role)]
        said = await self._command("token", *asked, "--ttl", "12h", "--data-dir", str(self.data_dir))
        return said.strip()

    def url(self, service: str) -> str:
        """Where a service's API is."""
        return f"http://127.0.0.1:{self._base + {'accounts': 1, 'payments': 3}[service]}"

    def port(self, service: str) -> int:
        """The port of a service's API."""
        return int(self.url(service).rpartition(":")[2])

    async def bootstrap_servers(self) -> str:
        """Where Kafka is."""
        said = json.loads(await self._command("status", "--json", "--data-dir", str(self.data_dir)))
        return str(said["kafka"]["bootstrap_servers"])

    @property
    def statuses(self) -> list[Status]:
        """What its supervisor knows of every process."""
        found = state.load(self.data_dir)
        return [] if found is None else list(found.statuses)

    def memory(self) -> dict[str, float]:
        """The memory of every process and its children, in MiB, shared pages divided among those that share them."""
        found = state.load(self.data_dir)
        if found is None:
            return {}
        running = {
            one.name: one.record.pid for one in found.statuses if one.record is not None and one.record.process()
        }
        if found.supervisor is not None:
            running["supervisor"] = found.supervisor.pid
        return {name: _mib(pid, with_children=name != "supervisor") for name, pid in running.items()}

    async def _command(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "deploy.local",
            *arguments,
            cwd=_ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"deploy.local {arguments[0]} ended with {process.returncode}: {complained.decode()}")
        return said.decode()


def _mib(pid: int, *, with_children: bool) -> float:
    try:
        first = psutil.Process(pid)
        family = [first, *first.children(recursive=True)] if with_children else [first]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(map(_own_mib, family))


def _own_mib(process: psutil.Process) -> float:
    try:
        found = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0
    return float(getattr(found, "pss", found.rss)) / 2**20


@asynccontextmanager
async def open_stack(data_dir: Path) -> AsyncIterator[LocalStack]:
    """A stack that is not up yet; it is down afterwards, whatever happened."""
    stack = LocalStack(data_dir)
    try:
        yield stack
    finally:
        await stack.down()
