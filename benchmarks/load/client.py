"""`python -m benchmarks.load.client ...`: posts payments over keep-alive connections as fast as they are answered.

Requests are made before the clock starts; an answer is read no further than it must be. Prints one JSON object.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import md5
from time import perf_counter, process_time
from typing import cast
from uuid import UUID

import uvloop

from benchmarks.book import DAY

AMOUNT_MINOR = 5_000
_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


def account_of(nth: int) -> UUID:
    """The nth account. PostgreSQL can compute it too, which lets pgbench name accounts without reading."""
    return UUID(md5(b"A%d" % nth, usedforsecurity=False).hexdigest())


def request(nth: int, *, port: int, path: str, token: str) -> bytes:
    """The nth payment as it goes over the wire."""
    body = json.dumps(
        {
            "account_id": str(account_of(nth)),
            "amount_minor": AMOUNT_MINOR,
            "currency": "USD",
            "effective_on": DAY.isoformat(),
            "channel": "online",
            "source": "portal",
            "source_ref": f"R{nth:011d}",
        }
    )
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: K{nth:011d}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class _Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, requests: Iterator[bytes], statuses: Counter[int], times: list[float]) -> None:
        self._requests = requests
        self._statuses = statuses
        self._times = times
        self._buffer = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def begin(self) -> None:
        """Send the next request, or end."""
        following = next(self._requests, None)
        if following is None:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent_at = perf_counter()
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(_END)
        if head < 0:
            return
        at = self._buffer.lower().find(_LENGTH, 0, head)
        length = int(self._buffer[at + len(_LENGTH) : self._buffer.find(b"\r", at)]) if at >= 0 else 0
        if len(self._buffer) < head + len(_END) + length:
            return
        self._times.append(perf_counter() - self._sent_at)
        self._statuses[int(self._buffer[9:12])] += 1
        self._buffer = b""
        self.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server has closed a connection"))


async def drive(port: int, requests: list[bytes], connections: int) -> dict[str, object]:
    """Send all requests and say how long it took, what was answered and what the client itself used."""
    statuses: Counter[int] = Counter()
    times: list[float] = []
    loop = asyncio.get_running_loop()
    ready = iter(requests)
    opened = [
        (await loop.create_connection(lambda: _Connection(ready, statuses, times), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    began, used = perf_counter(), process_time()
    for connection in opened:
        connection.begin()
    await asyncio.gather(*(connection.done for connection in opened))
    seconds = perf_counter() - began
    times.sort()
    return {
        "seconds": seconds,
        "cpu_seconds": process_time() - used,
        "statuses": dict(statuses),
        "p50_ms": 1000 * times[len(times) // 2],
        "p99_ms": 1000 * times[len(times) * 99 // 100],
    }


def main() -> None:
    """Read what to do from the command line and the token from standard input."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load.client")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/v1/payments")
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--connections", type=int, default=32)
    given = parser.parse_args()
    token = sys.stdin.read().strip()
    ready = [
        request(nth, port=given.port, path=given.path, token=token)
        for nth in range(given.first, given.first + given.requests)
    ]
    print(json.dumps(uvloop.run(drive(given.port, ready, given.connections))))


if __name__ == "__main__":
    main()
