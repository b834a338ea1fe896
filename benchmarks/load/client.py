"""`python -m benchmarks.load.client KIND ...`: posts over keep-alive connections as fast as it is answered.

Requests are made before the clock starts; an answer is read no further than it must be. Prints one JSON object.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from time import perf_counter, process_time
from typing import cast

import uvloop

from benchmarks.load.requests import KINDS, request

_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


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
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    given = parser.parse_args()
    token = sys.stdin.read().strip()
    ready = [
        request(KINDS[given.kind], nth, port=given.port, token=token)
        for nth in range(given.first, given.first + given.requests)
    ]
    print(json.dumps(uvloop.run(drive(given.port, ready, given.connections))))


if __name__ == "__main__":
    main()
