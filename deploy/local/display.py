"""What a person sees while the stack starts: a download meter and a line for each process.

On a terminal the lines are live; elsewhere (a log, CI) each is printed once, when it is final.
"""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploy.local.jars import Progress
from deploy.local.state import StackState
from deploy.local.supervisor import State, Status

_STYLES = {State.READY: "green", State.DONE: "green", State.FAILED: "red", State.RESTARTING: "yellow"}
_FINAL = {State.READY, State.DONE, State.FAILED, State.RESTARTING}


class StartDisplay:
    """Shows a start as it goes on; use it as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, transient=True)
        self._progress: Progress | None = None
        self._statuses: tuple[Status, ...] = ()
        self._printed: set[tuple[str, State, int]] = set()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def fetching(self, progress: Progress) -> None:
        """Show how far the fetch of the broker's jars is."""
        is_last = progress.ready == progress.total
        if progress.received_bytes and is_last and self._progress != progress:
            self._console.print(f"fetched the Kafka broker: {_fetched(progress)}")
        self._progress = None if is_last else progress
        self._draw()

    def starting(self, state: StackState) -> None:
        """Show how far the processes are."""
        self._statuses = tuple(state.statuses)
        for status in self._statuses:
            key = (status.name, status.state, status.restarts)
            if status.state in _FINAL and key not in self._printed:
                self._printed.add(key)
                self._console.print(Text.assemble(f"{status.name:<18} ", _words(status)))
        self._draw()

    def _draw(self) -> None:
        if not self._console.is_terminal:
            return
        rows = Table.grid(padding=(0, 2))
        if self._progress is not None:
            rows.add_row("Kafka broker", _fetched(self._progress))
        for status in self._statuses:
            if status.state not in _FINAL:
                rows.add_row(status.name, Text(status.state.value, style="dim"))
        self._live.update(rows)


def _fetched(progress: Progress) -> str:
    return f"{progress.ready} of {progress.total} jars, {progress.received_bytes / 1e6:.1f} MB received"


def _words(status: Status) -> Text:
    took = f" in {status.seconds_to_ready:.1f} s" if status.seconds_to_ready is not None else ""
    pid = f" (pid {status.record.pid})" if status.record is not None else ""
    return Text(f"{status.state.value}{took}{pid}", style=_STYLES.get(status.state, ""))
