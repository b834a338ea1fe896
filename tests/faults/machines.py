"""The machines that the faults happen to: every process of a local stack, and a second of each kind where asked for.

They run under the eyes of this process, which starts again what dies (as an orchestrator does), unless it is told to
leave it down. A round has the services that its fault strikes, and no others: what nobody strikes would only take the
machine's time. `python -m deploy.local status|verify-books|down` work on the data directory as on any other.
"""

import asyncio
import os
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil

from deploy.local import lifecycle, ports
from deploy.local.process import Child, ProcessSpec, tail
from deploy.local.stack import SERVICES, Stack, _answers, process_table
from deploy.local.state import Phase, StateFile
from deploy.local.supervisor import State, Status
from tests.faults.launch import CLOCK, FIRED, VARIABLE, put, write

POSTGRES, KAFKA = "postgres", "kafka"
ISSUER = "issuer"
MONEY = ("accounts", "payments")
"""The services that move money and know what is owed."""
EVERY_SERVICE = tuple(SERVICES)
WORKERS = tuple(f"{service}-worker" for service in MONEY)
_POLL_S = 0.05
_PAUSE_S = 0.2
"""How long what has died stays down, at the least."""
_SECOND_WORKER, _SECOND_API = 50, 60
SECONDS = tuple(place + of for of in SERVICES.values() for place in (_SECOND_WORKER, _SECOND_API))
"""Where the second processes listen, above the port base."""


class MachineError(Exception):
    """A process did not come up, or a failpoint was never passed; the message ends with its log."""


def second(name: str) -> str:
    """The name of the second process of a kind."""
    return f"{name}-2"


class Machines:
    """All processes of one data directory."""

    def __init__(self, data_dir: Path, port_base: int) -> None:
        self.stack = Stack(data_dir.resolve(), port_base)
        self._specs: dict[str, ProcessSpec] = {}
        self._children: dict[str, Child] = {}
        self._down: set[str] = set()
        self._done: set[str] = set()
        self._restarts: dict[str, int] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._state: StateFile | None = None

    async def up(self) -> None:
        """Start the servers and the services of money; returns when all is ready.

        Raises MachineError, and what servers raise.
        """
        self.stack.data_dir.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(lifecycle._prepare, self.stack, lambda _: None)
        self._state = lifecycle.new_state(self.stack)
        self._specs = self._table()
        await self.have(MONEY)
        self._write(Phase.UP)
        self._keeper = asyncio.create_task(self._keep())

    async def have(self, services: Sequence[str]) -> None:
        """Run these services, with what they talk to, and no others; returns when all are ready."""
        wanted = {spec.name for spec in process_table(replace(self.stack, services=tuple(services)))}
        idle = [name for name in self._children if name.removesuffix("-2") not in wanted]
        await asyncio.gather(*(self.stop(name) for name in idle))
        self._down.difference_update(idle)
        waiting = [self._specs[name] for name in self._specs if name in wanted - self._children.keys() - self._done]
        while waiting:
            wave = [spec for spec in waiting if not {other.name for other in waiting} & set(spec.needs)]
            for spec in wave:
                self._start(spec.name)
            await asyncio.gather(*(asyncio.to_thread(self._children[spec.name].wait_ready) for spec in wave))
            for spec in wave:
                if spec.once:
                    del self._children[spec.name]
                    self._done.add(spec.name)
            waiting = [spec for spec in waiting if spec not in wave]

    def has_had(self, service: str) -> bool:
        """Whether this service has run on these machines."""
        return f"{service}-migrate" in self._done

    async def close(self, *, wipe: bool = True) -> None:
        """Stop everything, whatever state it is in."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        for child in self._children.values():
            _signal(child.record.pid, signal.SIGCONT)
        services = [name for name in self._children if name not in {POSTGRES, KAFKA}]
        for names in (services, [POSTGRES, KAFKA]):
            stopping = [self._children.pop(name) for name in names if name in self._children]
            await asyncio.gather(*(asyncio.to_thread(child.stop) for child in stopping))
        self._write(Phase.DOWN)
        await asyncio.to_thread(lifecycle.end_orphans, self.stack.data_dir)
        if wipe:
            lifecycle._wipe(self.stack.data_dir)

    # Faults

    def pid(self, name: str) -> int:
        """The process number of what runs under this name."""
        return self._children[name].record.pid

    def kill(self, name: str, *, stays_down: bool = False) -> None:
        """SIGKILL a process with all its children; it comes back by itself unless it `stays_down`."""
        if stays_down:
            self._down.add(name)
        process = psutil.Process(self.pid(name))
        # The backends of PostgreSQL are in sessions of their own: killing the group would leave them writing.
        for one in [process, *process.children(recursive=True)]:
            _signal(one.pid, signal.SIGKILL)

    def release(self, name: str) -> None:
        """Let what was killed to stay down come back by itself."""
        self._down.discard(name)

    def freeze(self, name: str) -> None:
        """SIGSTOP a process: it looks alive to the machine and dead to the others."""
        _signal(self.pid(name), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """SIGCONT: it goes on in the middle of what it did, and does not know how long it was away."""
        _signal(self.pid(name), signal.SIGCONT)

    async def stop(self, name: str) -> float:
        """SIGTERM, and wait for its end; returns how many seconds it took. It stays down."""
        self._down.add(name)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.to_thread(self._children[name].stop)
        del self._children[name]
        return loop.time() - began

    async def start(self, name: str) -> None:
        """Start what is down, and wait until it is ready. Raises MachineError, and PortInUseError for a second."""
        self._down.discard(name)
        if name not in self._children or self._children[name].exit_code() is not None:
            if name.endswith("-2"):  # a stranger there would be taken for it
                service, role, _ = name.split("-")
                ports.require_free({name: self.second_port(service, role)})
            self._start(name)
        await self.ready(name)

    async def ready(self, *names: str, seconds: float = 180) -> None:
        """Wait until these (or all that should run) are ready. Raises MachineError."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        for name in names or [name for name in self._children if name not in self._down]:
            while not await asyncio.to_thread(self._specs[name].ready):
                if loop.time() > until:
                    raise MachineError(f"{name} is not ready\n{tail(self.stack.log_dir / f'{name}.log')}")
                await asyncio.sleep(_POLL_S)

    def arm(self, name: str, failpoint: str, count: int) -> None:
        """Have the process of this name killed when it passes a failpoint for the `count`th time from now."""
        path = self._trigger(name)
        path.with_suffix(FIRED).unlink(missing_ok=True)
        write(path, failpoint, count)

    async def fired(self, name: str, seconds: float = 150) -> None:
        """Wait until the armed failpoint has killed the process. Raises MachineError when it was not passed."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.has_fired(name):
            if loop.time() > until:
                raise MachineError(f"{name} never came to {self._trigger(name).read_text()}")
            await asyncio.sleep(_POLL_S)

    def has_fired(self, name: str) -> bool:
        """Whether the last failpoint that was armed for this process has killed it."""
        return self._trigger(name).with_suffix(FIRED).exists()

    def disarm(self) -> None:
        """Take every trigger away."""
        for name in self._specs:
            self._trigger(name).unlink(missing_ok=True)

    def set_clocks(self, names: Iterable[str], ahead_s: float) -> None:
        """Let the clocks of these processes show so many seconds more than the machine's, from this moment on."""
        for name in names:
            put(self._clock(name), str(ahead_s))

    async def right_clocks(self) -> None:
        """Set every clock right. Whoever's was wrong begins anew: it may remember times that have not come yet."""
        wrong = [name for name in self._specs if self._clock(name).exists()]
        running = [name for name in wrong if name in self._children]
        await asyncio.gather(*(self.stop(name) for name in running))
        for name in wrong:
            self._clock(name).unlink()
        await asyncio.gather(*(self.start(name) for name in running))

    async def heal(self) -> None:
        """Thaw, disarm, set right and start again all that should run; the seconds are stopped. Raises MachineError."""
        self.disarm()
        for name in list(self._children):
            _signal(self.pid(name), signal.SIGCONT)
        await self.right_clocks()
        for name in [name for name in self._children if name.endswith("-2")]:
            await self.stop(name)
        for name in [name for name in self._specs if name in self._down and not name.endswith("-2")]:
            await self.start(name)
        await self.ready()

    # The table

    def _table(self) -> dict[str, ProcessSpec]:
        specs = {}
        for spec in process_table(self.stack):
            service, _, role = spec.name.partition("-")
            if service in SERVICES and role in {"api", "worker"}:
                specs[spec.name] = self._launched(spec)
                specs[second(spec.name)] = self._launched(self._second(spec))
            else:
                specs[spec.name] = self._launched(spec) if spec.name == ISSUER else spec
        return specs

    def _second(self, spec: ProcessSpec) -> ProcessSpec:
        service, _, role = spec.name.partition("-")
        port = self.second_port(service, role)
        answers = _answers(f"http://127.0.0.1:{port}/readyz")
        environment = {**spec.env, f"{service.upper()}_PORT": str(port)}
        return replace(spec, name=second(spec.name), env=environment, ready=answers)

    def second_port(self, service: str, role: str) -> int:
        """Where the second API or worker of a service answers."""
        return self.stack.port_base + SERVICES[service] + (_SECOND_API if role == "api" else _SECOND_WORKER)

    def _launched(self, spec: ProcessSpec) -> ProcessSpec:
        """With places at which it can be killed, and a clock that can be set."""
        python, _, *rest = spec.argv
        files = {VARIABLE: str(self._trigger(spec.name)), CLOCK: str(self._clock(spec.name))}
        return replace(spec, argv=(python, "-m", "tests.faults.launch", *rest), env={**spec.env, **files})

    def _trigger(self, name: str) -> Path:
        return self.stack.log_dir / f"{name}.failpoint"

    def _clock(self, name: str) -> Path:
        return self.stack.log_dir / f"{name}.clock"

    def _start(self, name: str) -> None:
        self._children[name] = Child(self._specs[name], self.stack.log_dir / f"{name}.log", self.stack.data_dir)
        self._write()

    async def _keep(self) -> None:
        """Start again what has died, a moment later; what runs once has ended, not died."""
        loop = asyncio.get_running_loop()
        died_at: dict[str, float] = {}
        while True:
            for name, child in list(self._children.items()):
                if name in self._down or self._specs[name].once or child.exit_code() is None:
                    continue
                if loop.time() - died_at.setdefault(name, loop.time()) >= _PAUSE_S:
                    del died_at[name]
                    child.finish()
                    self._restarts[name] = self._restarts.get(name, 0) + 1
                    self._start(name)
            await asyncio.sleep(_POLL_S)

    def _write(self, phase: Phase | None = None) -> None:
        if self._state is None:
            return
        self._state.observe(self._statuses())
        if phase is not None:
            self._state.set(phase=phase)

    def _statuses(self) -> Sequence[Status]:
        return [
            Status(name, State.READY, child.record, self._restarts.get(name, 0))
            for name, child in self._children.items()
        ]


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
