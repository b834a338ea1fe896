"""`python -m benchmarks.load.constant PORT BYTES`: reads each request and answers a constant. The client's ceiling."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn


def constant(size: int) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """Return an ASGI app whose answer has `size` bytes."""
    body = b'"' + b"x" * max(0, size - 2) + b'"'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


if __name__ == "__main__":
    port, size = map(int, sys.argv[1:3])
    uvicorn.run(
        constant(size), host="127.0.0.1", port=port, loop="uvloop", http="httptools", lifespan="off", log_level="error"
    )
