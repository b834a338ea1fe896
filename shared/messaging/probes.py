"""A worker's `/healthz`, `/readyz` and `/metrics`: a few lines of HTTP on the worker's own event loop.

They must answer from that loop, and from nothing else: a loop that hangs is what liveness is to notice.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from shared.telemetry import metrics

_READ_S = 5.0
_MAX_LINE = 4096


async def serve_probes(
    host: str, port: int, *, is_healthy: Callable[[], bool], is_ready: Callable[[], bool]
) -> asyncio.Server:
    """Listen until the returned server is closed."""

    def answer(path: str) -> tuple[HTTPStatus, str, bytes]:
        if path == "/healthz":
            return _said("ok" if is_healthy() else "stalled", good=is_healthy())
        if path == "/readyz":
            return _said("ready" if is_ready() else "not ready", good=is_ready())
        if path == "/metrics":
            return HTTPStatus.OK, metrics.CONTENT_TYPE, metrics.exposition()
        return HTTPStatus.NOT_FOUND, "application/json", b'{"status":"not found"}'

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_READ_S):
                request = (await reader.readline()).decode("latin-1").split()
                while (await reader.readline()).strip():
                    pass
                path = request[1].partition("?")[0] if len(request) > 1 else ""
                status, kind, body = answer(path)
                head = (
                    f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode() + body)
                await writer.drain()
        except (TimeoutError, OSError, ValueError):
            pass  # a broken client of a probe is nobody's concern
        finally:
            writer.close()

    return await asyncio.start_server(serve, host, port, limit=_MAX_LINE)


def _said(status: str, *, good: bool) -> tuple[HTTPStatus, str, bytes]:
    code = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
    return code, "application/json", f'{{"status":"{status}"}}'.encode()
