"""A body is at most 1 MiB, unless its route says otherwise.

A route that streams an import says `max_body_size=STREAMED_BODY_BYTES`. A route with a limit of its own says
`openapi_extra={MAX_BODY: bytes}`: the framework's `max_body_size` would answer in plain text, not with a problem.

Checked when the body is read, for the route is known only then; what was declared too large is not read at all.
"""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1 << 20
MAX_BODY = "x-max-body-bytes"
"""The key in `openapi_extra=` of a route that says how many bytes its body may have; clients read it too."""
STREAMED_BODY_BYTES = 64 << 30
"""`max_body_size=` of a route that streams its body and holds none of it."""


class BodyLimitMiddleware:
    """Pure ASGI. `limits` maps an endpoint to the largest body of its route, in bytes."""

    def __init__(self, app: ASGIApp, limits: Mapping[object, int]) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        size = 0

        async def receive_within() -> Message:
            nonlocal size
            limit = self._limits.get(scope.get("endpoint"), MAX_BODY_BYTES)
            # The framework passes an HTTPException on as it is; of any other error it would make a 400.
            if declared.isdecimal() and int(declared) > limit:
                raise HTTPException(413)
            message = await receive()
            if message["type"] == "http.request":
                size += len(message.get("body", b""))
                if size > limit:
                    raise HTTPException(413)
            return message

        await self._app(scope, receive_within, send)
