"""The jars of Apache Kafka, exactly as `jgo.lock.toml` names them, in a cache of the user.

Jars are fetched through jgo, so the machine's own repository settings (jgo's config file, M2_REPO) apply. Every jar is
compared with its locked SHA-256 before it may run; a damaged one is fetched once more, then refused.
"""

import hashlib
import os
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import LockFile
from jgo.maven import MavenContext, PythonResolver

from deploy.local.files import exclusive

HERE = Path(__file__).parent
SPEC_PATH = HERE / "jgo.toml"
LOCK_PATH = HERE / "jgo.lock.toml"
_TIMEOUT_SECONDS = 60


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
    meter = _Meter(len(wanted), on_progress)
    context: MavenContext | None = None
    # Two stacks that start at once (a test run beside `make run`) would write the same files.
    with exclusive(store / ".lock"):
        for jar in wanted:
            path = store / jar.relative_path
            if not _is_intact(path, jar):
                context = context or _maven(store, meter)
                _fetch(context, path, jar)
            meter.next_jar()
    return [store / jar.relative_path for jar in wanted]


class _Meter:
    """Counts what has arrived and tells it to whoever watches."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self._state = Progress(0, total, 0)
        self._tell = on_progress

    def next_jar(self) -> None:
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


def _maven(store: Path, meter: _Meter) -> MavenContext:
    settings = GlobalSettings.load()
    machine_repository = Path(settings.repo_cache)
    return MavenContext(
        resolver=PythonResolver(progress_callback=meter.download),
        repo_cache=store,
        # What another Maven build of this user fetched already need not be fetched again.
        local_repos=[machine_repository] if machine_repository.is_dir() else [],
        remote_repos={"central": MAVEN_CENTRAL_URL, **settings.repositories},
        timeout=_TIMEOUT_SECONDS,
    )


def _fetch(context: MavenContext, path: Path, jar: Jar) -> None:
    found = ""
    for _ in range(2):
        # A file that is not intact is what an interrupted download left: jgo would take it as complete.
        path.unlink(missing_ok=True)
        try:
            dependency = context.create_dependency(f"{jar.group}:{jar.artifact}:{jar.version}")
            source = Path(dependency.artifact.resolve())
        except (requests.RequestException, RuntimeError, OSError) as error:
            raise JarError(f"cannot fetch {jar.filename} for the Kafka broker: {error}\n{WAYS_OUT}") from error
        found = sha256_of(source)
        if source != path:
            context.local_repos.clear()  # when the machine's own copy differs, the next try goes to the network
            if found == jar.sha256:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(source.read_bytes())
        if found == jar.sha256:
            return
    path.unlink(missing_ok=True)
    raise JarError(
        f"{jar.filename} is not the locked file: SHA-256 {found}, expected {jar.sha256}. "
        f"It was not used. The repository that served it is damaged or is not to be trusted.\n{WAYS_OUT}"
    )


def write_lock() -> None:
    """Resolve `jgo.toml` anew and write `jgo.lock.toml`: for maintainers, after a change of version."""
    with SPEC_PATH.open("rb") as file:
        spec = tomllib.load(file)
    store = cache_dir() / "jars"
    context = _maven(store, _Meter(0, lambda _: None))
    inputs = [context.create_dependency(text) for text in spec["dependencies"]["coordinates"]]
    resolved, transitive = context.resolver.resolve(inputs)
    wanted = [*resolved, *(d for d in transitive if d.scope in {"compile", "runtime"})]
    lock = LockFile.from_resolved_dependencies(
        wanted, environment_name=spec["environment"]["name"], java_version=spec["java"]["version"]
    )
    lock.save(LOCK_PATH)


if __name__ == "__main__":
    write_lock()
