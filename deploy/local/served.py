"""The small servers of the local stack: each in a thread of this process, or as a process until it is told to end.

An answer is written whole, with its length. Nothing is logged: it would hold personal data, and health is asked often.
"""

import json
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deploy.local.files import read_json, write_json


class Served(ABC):
    """A server on `host`:`port`."""

    def __init__(self, port: int, host: str) -> None:
        self.host, self.port = host, port

    @abstractmethod
    def start(self) -> None:
        """Serve in threads of this process. Raises OSError when the port is taken."""

    @abstractmethod
    def stop(self) -> None:
        """Stop serving."""

    def serve(self) -> None:
        """Serve in this process until SIGTERM or SIGINT."""
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        self.start()
        ended.wait()
        self.stop()


class HttpServed(Served):
    """A server on HTTP, at `url`."""

    def __init__(self, port: int, host: str) -> None:
        super().__init__(port, host)
        self.url = f"http://{host}:{port}"
        self._server: ThreadingHTTPServer | None = None

    @property
    @abstractmethod
    def handler(self) -> type["Handler"]:
        """What answers a request, and finds this server as `owner`."""

    def start(self) -> None:
        """Serve in threads of this process. Raises OSError when the port is taken."""
        self._server = ThreadingHTTPServer((self.host, self.port), type("Owned", (self.handler,), {"owner": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name=type(self).__name__, daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Handler(BaseHTTPRequestHandler):
    """Reads a request and answers it."""

    owner: Any
    """The server, of the type that the handler is for."""

    def body(self) -> bytes:
        """The body of the request."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status: int, body: object = None, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        """Answer with JSON: bytes as they are, anything else dumped; None is an empty object."""
        content = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has given up waiting

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name that the base class gives)
        """Be silent."""


def made_once(path: Path, make: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Return what `path` holds, or what `make` gives, which is kept there from now on."""
    known: dict[str, str] = read_json(path) or {}
    if not known:
        known = make()
        write_json(path, known)
    return known
