"""What the clients send: the nth payment, question or contact, as it goes over the wire."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import md5
from uuid import UUID

from benchmarks.book import DAY
from benchmarks.contact_book import request_of

AMOUNT_MINOR = 5_000


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests of one kind: where they go, what the nth says, and whether it has an Idempotency-Key of its own."""

    path: str
    body: Callable[[int], Mapping[str, object]]
    has_key: bool


def account_of(nth: int) -> UUID:
    """The nth account. PostgreSQL can compute it too, which lets pgbench name accounts without reading."""
    return UUID(md5(b"A%d" % nth, usedforsecurity=False).hexdigest())


def _payment(nth: int) -> dict[str, object]:
    return {
        "account_id": str(account_of(nth)),
        "amount_minor": AMOUNT_MINOR,
        "currency": "USD",
        "effective_on": DAY.isoformat(),
        "channel": "online",
        "source": "portal",
        "source_ref": f"R{nth:011d}",
    }


def _attempt(nth: int) -> dict[str, object]:
    return {name: value for name, value in request_of(nth).items() if name != "direction"}


KINDS = {
    "payments": Kind("/v1/payments", _payment, has_key=True),
    "decisions": Kind("/v1/contact-decisions", request_of, has_key=False),
    "attempts": Kind("/v1/contact-attempts", _attempt, has_key=True),
}


def request(kind: Kind, nth: int, *, port: int, token: str) -> bytes:
    """The nth request of its kind."""
    body = json.dumps(kind.body(nth))
    key = f"Idempotency-Key: K{nth:011d}\r\n" if kind.has_key else ""
    return (
        f"POST {kind.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\n{key}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
