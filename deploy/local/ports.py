"""TCP ports on the loopback interface: finding a free one, and naming who holds one.

Every listener of the local stack binds 127.0.0.1, so only that address is asked about.
"""

import random
import socket

import psutil

from deploy.local.process import MARK

LOOPBACK = "127.0.0.1"
# Below the range that operating systems take outgoing ports from: a port found free here is not taken a moment later
# by somebody's outgoing connection.
SPAN = range(15_000, 32_001)
"""Where a free port is looked for. Processes that run beside each other may take a part each."""
_CONNECT_SECONDS = 0.5
_given: set[int] = set()


class PortInUseError(RuntimeError):
    """A port that the stack needs is held by another process; the message names both."""


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """Whether something answers a connection on 127.0.0.1:`port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_SECONDS)
        return probe.connect_ex((LOOPBACK, port)) == 0


def free_port() -> int:
    """Return a port that nothing holds at the moment, chosen at random; never the same one twice in a process."""
    chooser = random.SystemRandom()
    for _ in range(200):
        port = chooser.choice(SPAN)
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise PortInUseError(f"no free port found between {SPAN[0]} and {SPAN[-1]}")


def holder_of(port: int) -> str | None:
    """Say which process listens on `port`, as `name (pid 123)`; None when nothing does.

    A process of another user may be hidden from us: then the answer says so instead of giving a name.
    """
    if is_free(port):
        return None
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        connections = []
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr or connection.laddr.port != port:
            continue
        if connection.pid is None:
            continue
        return _describe(connection.pid)
    return "a process of another user"


def _describe(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        described = f"{process.name()} (pid {pid})"
        stack = process.environ().get(MARK)
    except psutil.Error:
        return f"pid {pid}"
    return f"{described} of the stack in {stack}" if stack else described


def require_free(ports: dict[str, int]) -> None:
    """Raise PortInUseError when one of `ports` (what it is for -> number) is taken; the message lists every one."""
    taken = [f"port {port} ({use}) is held by {holder_of(port)}" for use, port in ports.items() if not is_free(port)]
    if taken:
        raise PortInUseError("; ".join(taken))
