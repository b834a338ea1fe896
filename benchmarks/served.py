"""Processes that answer on a port, and the client that asks them: what the cases over HTTP share."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.place import Place
from deploy.local.ports import free_port

CONNECTIONS = 32


@dataclass(slots=True)
class Server:
    """What answers on a port, and how many requests it has had; `figures` is what the client said of each round."""

    port: int
    database: str | None
    token: str
    sent: int = 0
    figures: list[dict[str, Any]] = field(default_factory=list)

    @property
    def latency(self) -> str:
        """How fast it answered, in words: medians over the rounds."""
        p50, p99 = (median(each[name] for each in self.figures) for name in ("p50_ms", "p99_ms"))
        return f"Arrears answered with p50 {p50:.1f} ms and p99 {p99:.1f} ms."


@dataclass(frozen=True, slots=True)
class Wanted:
    """A process: its module, the service whose settings it reads, and the role of those who ask it."""

    name: str
    module: tuple[str, ...]
    service: str
    role: str
    environment: Mapping[str, str] = field(default_factory=dict)


@asynccontextmanager
async def served(place: Place, prepared: str, wanted: Wanted) -> AsyncIterator[Server]:
    """A process on a copy of its own of a prepared database."""
    async with (
        place.copy(wanted.service, prepared) as engine,
        _started(place, str(engine.url.database), wanted) as port,
    ):
        yield Server(port, str(engine.url.database), place.issuer.mint(wanted.role))


@asynccontextmanager
async def answering(place: Place, prepared: str, wanted: Wanted) -> AsyncIterator[Server]:
    """A process that writes nothing, so that it needs no copy."""
    async with _started(place, prepared, wanted) as port:
        yield Server(port, None, place.issuer.mint(wanted.role))


@asynccontextmanager
async def _started(place: Place, database: str, wanted: Wanted) -> AsyncIterator[int]:
    """A process with the settings of its service; give the port on which it listens.

    A service reads its port from its settings; whatever else is started takes it as its first argument.
    """
    port = free_port()
    module, *arguments = wanted.module
    if not module.startswith("services."):
        arguments.insert(0, str(port))
    environment = {**place.environment(wanted.service, database, port), **wanted.environment}
    async with place.process(wanted.name, module, *arguments, port=port, environment=environment):
        yield port


async def asked(
    server: Server,
    kind: str,
    requests: int,
    *,
    status: int,
    check: Callable[[int], Awaitable[None]] | None = None,
    connections: int = CONNECTIONS,
) -> float:
    """Let a client of its own send so many requests, check what came of all so far, and return the seconds.

    Raises:
        AssertionError: an answer had another status, or `check` says so.
    """
    arguments = {"port": server.port, "first": server.sent, "requests": requests, "connections": connections}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.load.client",
        kind,
        *(part for name, value in arguments.items() for part in (f"--{name}", str(value))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate(server.token.encode())
    if process.returncode != 0:
        raise AssertionError(f"the client ended with {process.returncode}")
    figures = json.loads(said)
    if figures["statuses"] != {str(status): requests}:
        raise AssertionError(f"the answers were {figures['statuses']}, not {requests} times {status}")
    server.sent += requests
    server.figures.append(figures)
    if check is not None:
        await check(server.sent)
    return float(figures["seconds"])
