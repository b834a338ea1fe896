"""A stack whose services are stand-ins, supervised by this process: `stand_in_stack.py DATA_DIR [PORT_BASE]`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.local import lifecycle
from deploy.local.process import ProcessSpec
from deploy.local.stack import Stack

SERVES = "import http.server, sys; http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), None).serve_forever()"
PARENT = (
    "import subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "time.sleep(600)"
)


def table(stack: Stack) -> Sequence[ProcessSpec]:
    """A process that listens, and one that has a child of its own."""
    port = stack.port_base + 1
    return [
        ProcessSpec("accounts-api", (sys.executable, "-c", SERVES, str(port))),
        ProcessSpec("accounts-worker", (sys.executable, "-c", PARENT), needs=("accounts-api",)),
    ]


if __name__ == "__main__":
    here = Stack(Path(sys.argv[1]), int(sys.argv[2]))
    lifecycle.supervise(here, lifecycle.new_state(here), table=table)
