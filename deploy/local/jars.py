"""The jars of Apache Kafka, exactly as `jgo.lock.toml` names them, in a cache of the user.

Every jar is compared with its locked SHA-256 before it may run; one that is missing or altered is fetched anew.
"""

import hashlib
import os
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local.files import exclusive

HERE = Path(__file__).parent
SPEC_PATH = HERE / "jgo.toml"
LOCK_PATH = HERE / "jgo.lock.toml"


@dataclass(frozen=True)
class Jar:
    """One locked jar: its Maven coordinates and the SHA-256 of its bytes."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """The file's name in any Maven repository."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def relative_path(self) -> Path:
        """The file's place in any Maven repository."""
        return Path(*self.group.split("."), self.artifact, self.version, self.filename)


@dataclass(frozen=True)
class Progress:
    """How far a fetch has come: jars ready of all, and bytes received in this call."""

    ready: int
    total: int
    received_bytes: int


OnProgress = Callable[[Progress], None]


class JarError(RuntimeError):
    """The broker's jars cannot be had, or are not the locked ones."""


WAYS_OUT = (
    "Two ways out: (1) set KAFKA_BOOTSTRAP_SERVERS=host:port to use a Kafka that runs already (then no jar is needed); "
    "(2) tell jgo where your Maven repository is, in ~/.config/jgo.conf:\n"
    "  [repositories]\n"
    "  central = <address of your mirror>\n"
    "or put the jars in your local Maven repository (M2_REPO, default ~/.m2/repository)."
)


def cache_dir() -> Path:
    """The user's cache of Arrears, outside every data directory: `down --wipe` does not touch it."""
    if own := os.environ.get("ARREARS_CACHE_DIR"):
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "arrears"


def locked_jars(lock_path: Path = LOCK_PATH) -> list[Jar]:
    """Read the lock. Raises JarError when an entry has no SHA-256."""
    with lock_path.open("rb") as file:
        entries = tomllib.load(file)["dependencies"]
    for entry in entries:
        if not entry.get("sha256"):
            raise JarError(f"{entry['groupId']}:{entry['artifactId']} has no SHA-256 in {lock_path.name}")
    return [Jar(e["groupId"], e["artifactId"], e["version"], e["sha256"]) for e in entries]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ensure_jars(on_progress: OnProgress = lambda _: None, *, jars: list[Jar] | None = None) -> list[Path]:
    """Return the paths of all locked jars, fetching those that are missing. Raises JarError with the ways out.

    The check is made on every call, not only after a fetch: the cache is an ordinary directory that anyone may alter.
    """
    wanted = locked_jars() if jars is None else jars
    store = cache_dir() / "jars"
    store.mkdir(parents=True, exist_ok=True)
    meter = Meter(len(wanted), on_progress)
    # Two stacks that start at once (a test run beside `make run`) would write the same files.
    with exclusive(store / ".lock"):
        for jar in wanted:
            path = store / jar.relative_path
            if not _is_intact(path, jar):
                # Loading jgo takes longer than most commands of the stack do: only a fetch pays for it.
                from deploy.local.maven import fetch  # noqa: PLC0415

                fetch(store, jar, meter)
            meter.next_jar()
    return [store / jar.relative_path for jar in wanted]


class Meter:
    """Counts what has arrived and tells it to whoever watches."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self._state = Progress(0, total, 0)
        self._tell = on_progress

    def next_jar(self) -> None:
        """Count one jar as ready."""
        self._set(replace(self._state, ready=self._state.ready + 1))

    def _received(self, size: int) -> None:
        self._set(replace(self._state, received_bytes=self._state.received_bytes + size))

    def _set(self, state: Progress) -> None:
        self._state = state
        self._tell(state)

    @contextmanager
    def download(self, _filename: str, _size: int) -> Iterator[Callable[[int], None]]:
        """Follow one download, in the form that jgo asks for."""
        yield self._received


def _is_intact(path: Path, jar: Jar) -> bool:
    return path.exists() and sha256_of(path) == jar.sha256
