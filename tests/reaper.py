"""Ends the servers of a test run that was killed, and removes their folder.

It waits until the run closes its standard input, which the operating system does too when the run dies.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local.process import end, marked


def guard(directory: Path) -> subprocess.Popen[bytes]:
    """Start a reaper for the servers below `directory`; the caller closes its `stdin` when the run has ended."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.reaper", str(directory)],
        stdin=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[1],
        start_new_session=True,  # Ctrl-C is for the run, which ends its servers itself
    )


def main() -> None:
    """Wait for the end of the run, then clear up behind it."""
    directory = Path(sys.argv[1]).resolve()
    sys.stdin.buffer.read()
    for server in [path for path in directory.glob("*") if path.is_dir()]:
        end(marked(server), patience_seconds=5)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
