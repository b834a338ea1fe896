"""The outermost layer of every request: correlation id, trace, access log, metrics, and the answer when all else fails.

Pure ASGI. It learns the route template when the router has matched, so that no metric or log line holds an id of the
path; query strings and bodies are never written.
"""

import logging
import time
from collections.abc import Mapping
from uuid import UUID

from opentelemetry.trace import SpanKind
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db.transaction import Context
from shared.errors import Problem
from shared.http.problem import problem_for, problem_response
from shared.http.request_context import set_context
from shared.ids import new_id
from shared.telemetry.logging import bind, unbind_all
from shared.telemetry.metrics import counter, gauge, histogram
from shared.telemetry.tracing import Span, start_span

CORRELATION_HEADER = "X-Correlation-Id"
UNMATCHED = "unmatched"
_SERVER_ERROR = 500
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_CORRELATION = CORRELATION_HEADER.lower().encode()
_NO_STORE = (b"cache-control", b"no-store")
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})

REQUESTS = counter("arrears_http_requests_total", "Requests answered.", ("method", "route", "status"))
SECONDS = histogram("arrears_http_request_seconds", "Time to the end of the answer.", ("method", "route"))
IN_FLIGHT = gauge("arrears_http_requests_in_flight", "Requests that are being served.")

_log = logging.getLogger("arrears.http")


class ObserveMiddleware:
    """Wraps the app. `templates` maps an endpoint to the whole template of its route."""

    def __init__(self, app: ASGIApp, templates: Mapping[object, str]) -> None:
        self._app = app
        self._templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        correlation_id = _uuid(headers.get(CORRELATION_HEADER)) or new_id()
        span = start_span("request", parent=headers.get("traceparent"), kind=SpanKind.SERVER)
        set_context(Context(correlation_id=correlation_id, traceparent=span.traceparent))
        unbind_all()
        bind(correlation_id=str(correlation_id), trace_id=f"{span.context.trace_id:032x}")
        begun = time.perf_counter()
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, correlation_id)
            await send(message)

        IN_FLIGHT.inc()
        try:
            await self._app(scope, receive, send_on)
        except Exception as error:
            span.fail(type(error).__name__)
            problem = problem_for(error)
            _log_failure(problem)
            if status:  # the answer has begun: only breaking it off tells the client
                raise
            await problem_response(problem)(scope, receive, send_on)
        finally:
            IN_FLIGHT.dec()
            self._record(scope, status or 499, time.perf_counter() - begun, span)
            unbind_all()

    def _record(self, scope: Scope, status: int, seconds: float, span: Span) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = self._templates.get(scope.get("endpoint"), UNMATCHED)
        REQUESTS.labels(method, route, status).inc()
        SECONDS.labels(method, route).observe(seconds)
        span.rename(f"{method} {route}")
        span.set(http__request__method=method, http__route=route, http__response__status_code=status)
        if status >= _SERVER_ERROR:
            span.fail(str(status))
        span.end()
        if route in _QUIET:
            return
        principal = scope.get("state", {}).get("principal")
        fields = {"method": method, "route": route, "status": status, "duration_ms": round(seconds * 1000, 2)}
        if principal is not None:
            fields["sub"] = principal.sub
        _log.info("request served", extra=fields)


def _log_failure(problem: Problem) -> None:
    if problem.code == "internal-error":
        _log.exception("request failed", extra={"code": problem.code})
    else:
        _log.warning("request refused by the database", extra={"code": problem.code})


def _add_headers(message: Message, correlation_id: UUID) -> None:
    headers = [*message.get("headers", ()), (_CORRELATION, str(correlation_id).encode()), _NO_SNIFFING]
    if all(name != _NO_STORE[0] for name, _ in headers):
        headers.append(_NO_STORE)
    message["headers"] = headers


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
