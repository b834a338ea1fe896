"""Fetches jars through jgo, so the machine's own repository settings (jgo's config file, M2_REPO) apply.

No address of a repository stands here. What arrives counts only when it has the locked SHA-256: a file that has not is
fetched once more, then refused.
"""

import tomllib
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import LockFile
from jgo.maven import MavenContext, PythonResolver

from deploy.local.jars import LOCK_PATH, SPEC_PATH, WAYS_OUT, Jar, JarError, Meter, cache_dir, sha256_of

_TIMEOUT_SECONDS = 60


def fetch(store: Path, jar: Jar, meter: Meter) -> None:
    """Bring `jar` into `store`. Raises JarError, with the ways out, when it cannot be had or is not the locked one."""
    context = _context(store, meter)
    path = store / jar.relative_path
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
    context = _context(cache_dir() / "jars", Meter(0, lambda _: None))
    inputs = [context.create_dependency(text) for text in spec["dependencies"]["coordinates"]]
    resolved, transitive = context.resolver.resolve(inputs)
    wanted = [*resolved, *(d for d in transitive if d.scope in {"compile", "runtime"})]
    lock = LockFile.from_resolved_dependencies(
        wanted, environment_name=spec["environment"]["name"], java_version=spec["java"]["version"]
    )
    lock.save(LOCK_PATH)


def _context(store: Path, meter: Meter) -> MavenContext:
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


if __name__ == "__main__":
    write_lock()
