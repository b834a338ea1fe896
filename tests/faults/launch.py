"""Starts a service as its `__main__` does, with places in it at which a test can have it killed, and a clock to set.

`python -m tests.faults.launch services.payments worker`. Nothing of this is in the product: the places are wrapped
here, and one is live only while the file that `FAILPOINT` names holds its name and a count. The process that passes
it for the last time renames the file and dies by SIGKILL, so each shot falls once. Its clock is the machine's, and as
many seconds ahead as the file says that `CLOCK` names, if there is one.
"""

import os
import runpy
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer

import shared.jobs
from shared.clock import SystemClock
from shared.db.transaction import Tx
from shared.messaging.publisher import Publisher
from shared.messaging.relay import Relay
from tests.faults.mutations import MUTATIONS

BEFORE_COMMIT = "before_commit"
"""All is written, nothing is committed."""
AFTER_COMMIT = "after_commit"
"""Committed; nobody was answered, nothing was published."""
BEFORE_PUBLISH = "before_publish"
"""The relay has read the outbox, and sent nothing of it."""
AFTER_ACK = "after_ack"
"""Kafka has acknowledged events that still stand in the outbox."""
BEFORE_OFFSETS = "before_offsets"
"""The effects of a polled batch are committed, its offsets are not."""
IN_CHUNK = "in_chunk"
"""A chunk of a job has done its work and is not committed."""
AFTER_CHUNK = "after_chunk"
"""A chunk of a job is committed, and the next has not begun."""

VARIABLE = "FAILPOINT"
CLOCK = "FAULT_CLOCK"
MUTATION = "FAULT_MUTATION"
FIRED = ".fired"


class Failpoint:
    """The one trigger of this process: a file that says where, and the how manieth time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def passes(self, name: str) -> None:
        """Note that the process passes this place; it does not return when this was the shot."""
        try:
            wanted, count = self._path.read_text().split()
        except FileNotFoundError:
            return
        if wanted != name:
            return
        if int(count) > 1:
            write(self._path, wanted, int(count) - 1)
            return
        self._path.rename(self._path.with_suffix(FIRED))
        os.kill(os.getpid(), signal.SIGKILL)


def write(path: Path, name: str, count: int) -> None:
    """Arm the trigger."""
    put(path, f"{name} {count}")


def put(path: Path, text: str) -> None:
    """Write a file so that whoever reads it sees all of it or nothing."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(text)
    draft.rename(path)


def move_clock(path: Path) -> None:
    """Let the process live by a clock that the file sets, while it is there; everything in it asks `SystemClock`."""
    machine = SystemClock.now

    def now(clock: SystemClock) -> datetime:
        try:
            ahead_s = float(path.read_text())
        except FileNotFoundError:
            ahead_s = 0
        return machine(clock) + timedelta(seconds=ahead_s)

    setattr(SystemClock, "now", now)  # noqa: B010 - to a type checker a function is no method


def install(failpoint: Failpoint) -> None:
    """Wrap the places. One that is not there any more ends the process: a test that kills nowhere proves nothing."""
    committing = Tx.commit

    async def commit(tx: Tx) -> None:
        failpoint.passes(BEFORE_COMMIT)
        # As the first of the hooks: they run before any other task of the process does.
        tx._after_commit.insert(0, lambda: failpoint.passes(AFTER_COMMIT))
        await committing(tx)

    setattr(Tx, "commit", commit)  # noqa: B010 - to a type checker a function is no method
    _before(Publisher, "send_encoded", lambda *_: failpoint.passes(BEFORE_PUBLISH))
    _before(Relay, "_delete", lambda _relay, _connection, sent: failpoint.passes(AFTER_ACK) if sent else None)
    _before(AIOKafkaConsumer, "commit", lambda *_: failpoint.passes(BEFORE_OFFSETS))
    _after(shared.jobs, "save_chunk", lambda: failpoint.passes(IN_CHUNK))
    _after(shared.jobs.JobRunner, "_chunk", lambda: failpoint.passes(AFTER_CHUNK))


def _before(owner: Any, name: str, pass_by: Callable[..., object]) -> None:
    wrapped = getattr(owner, name)

    async def call(*args: Any, **options: Any) -> Any:
        pass_by(*args)
        return await wrapped(*args, **options)

    setattr(owner, name, call)


def _after(owner: Any, name: str, pass_by: Callable[[], object]) -> None:
    wrapped = getattr(owner, name)

    async def call(*args: Any, **options: Any) -> Any:
        result = await wrapped(*args, **options)
        pass_by()
        return result

    setattr(owner, name, call)


def main() -> None:
    """Wrap, then become the service."""
    module, *arguments = sys.argv[1:]
    install(Failpoint(Path(os.environ[VARIABLE])))
    move_clock(Path(os.environ[CLOCK]))
    if mutation := os.environ.get(MUTATION):
        MUTATIONS[mutation](module)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
