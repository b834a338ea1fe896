"""Serves an app: uvicorn with uvloop and httptools, our logs, and an end that loses no request.

On SIGTERM the app is not ready at once, streams end, and requests have 20 s to be answered.
"""

import gc
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from shared.settings import ServiceSettings
from shared.telemetry.logging import configure_logging
from shared.telemetry.tracing import configure_tracing, shutdown_tracing

GRACEFUL_SHUTDOWN_S = 20
KEEP_ALIVE_S = 75
"""Longer than a load balancer keeps its own side open, else it sends into a closed connection."""
_NEW_OBJECTS = 50_000
"""After how many new objects the collector looks for cycles: about what one batch makes."""


class Server(uvicorn.Server):
    """Tells the app that it is to end, before uvicorn waits for its connections."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._served = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain: no longer ready, and streams end."""
        self._served.state.draining.set()
        super().handle_exit(sig, frame)


def make_server(app: FastAPI, settings: ServiceSettings) -> Server:
    """Return the server of an app, not yet running."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # X-Forwarded-* is anybody's to write
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
        backlog=2048,
    )
    return Server(config, app)


def keep_start() -> None:
    """Take what a process has made at its start out of the collector's sight: it lives as long as the process.

    Else each full collection walks through all modules and schemas again. And let it wait until a batch of messages or
    lines is done with what it has made, which goes by itself: looking for cycles in it took a sixth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


def serve(app: FastAPI, settings: ServiceSettings, *, sockets: list[socket.socket] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return."""
    configure_logging(app.title, level=settings.log_level)
    configure_tracing(app.title, ratio=settings.trace_sample_ratio, otlp_endpoint=settings.otlp_endpoint)
    keep_start()
    try:
        make_server(app, settings).run(sockets)
    finally:
        shutdown_tracing()
