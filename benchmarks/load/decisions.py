"""`python -m benchmarks.load.decisions ...`: asks for decisions over keep-alive connections, one for each person.

The same client as that of payments, with other requests; prints the same JSON object.
"""

import argparse
import json
import sys

import uvloop

from benchmarks.contact_book import request_of
from benchmarks.load.client import drive


def request(nth: int, *, port: int, path: str, token: str) -> bytes:
    """The question about the nth person as it goes over the wire."""
    body = json.dumps(request_of(nth))
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def main() -> None:
    """Read what to do from the command line and the token from standard input."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load.decisions")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/v1/contact-decisions")
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
