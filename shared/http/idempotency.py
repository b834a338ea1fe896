"""`Idempotency-Key`: the same request again gets the first answer, and its effects happen once.

A key counts within one subject and one route. The claim, the effects and the stored answer commit together; refusals
are not stored, so a retry may succeed. The same key with another body is 422 `idempotency-key-reused`.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from shared.db.transaction import Tx
from shared.errors import ArrearsError, Problem

REPLAYED_HEADER = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The key of a request, the route that scopes it, and the SHA-256 of what it asks.

    `status` is the status of a success; `response` is where the headers and the stored body of this answer go.
    """

    key: str
    route: str
    fingerprint: str
    status: int = 200
    response: Response | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A success as it was answered first. `body` is its JSON, or None for an answer without a body."""

    status: int
    body: str | None
    headers: dict[str, str] = field(default_factory=dict)

    def as_response(self) -> Response:
        """Return the answer once more, marked as a repetition."""
        headers = self.headers | {REPLAYED_HEADER: "true"}
        if self.body is None:
            return Response(status_code=self.status, headers=headers)
        return Response(self.body, status_code=self.status, headers=headers, media_type="application/json")


class ReplayedError(ArrearsError):
    """Not a failure: the request was answered before. The app sends `answer` in place of the route's own."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("answered before")
        self.answer = answer


Scope = tuple[str, str, str]
"""Subject, route, key."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A key as a transaction claims it."""

    scope: Scope
    fingerprint: str


_CLAIM = """
INSERT INTO idempotency (subject, route, key, fingerprint, created_at)
SELECT subject, route, key, fingerprint, $5
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS c(subject, route, key, fingerprint)
ORDER BY subject, route, key
ON CONFLICT DO NOTHING
RETURNING subject, route, key
"""
_LOAD = """
SELECT i.subject, i.route, i.key, i.fingerprint, i.status, i.headers, i.body
FROM idempotency i
JOIN unnest($1::text[], $2::text[], $3::text[]) AS c(subject, route, key) USING (subject, route, key)
"""
_STORE = """
UPDATE idempotency i SET status = v.status, headers = v.headers, body = v.body
FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::jsonb[], $6::text[])
  AS v(subject, route, key, status, headers, body)
WHERE i.subject = v.subject AND i.route = v.route AND i.key = v.key
"""
_RELEASE = """
DELETE FROM idempotency i USING unnest($1::text[], $2::text[], $3::text[]) AS c(subject, route, key)
WHERE i.subject = c.subject AND i.route = c.route AND i.key = c.key
"""


def _columns(scopes: Sequence[Scope]) -> list[list[str]]:
    return [list(column) for column in zip(*scopes, strict=True)]


async def claim(tx: Tx, claims: Sequence[Claim]) -> dict[Scope, Answer | Problem]:
    """Claim keys, in sorted order, and return what is known of those that were claimed before.

    Waits for another transaction that holds one of them, at most `lock_timeout` (SQLSTATE 55P03).
    """
    if not claims:
        return {}
    scopes = [item.scope for item in claims]
    made = await tx.fetch(_CLAIM, *_columns(scopes), [item.fingerprint for item in claims], tx.clock.now())
    ours = {(row["subject"], row["route"], row["key"]) for row in made}
    others = [scope for scope in scopes if scope not in ours]
    if not others:
        return {}
    rows = await tx.fetch(_LOAD, *_columns(others))
    stored = {(row["subject"], row["route"], row["key"]): row for row in rows}
    return {item.scope: _known(stored.get(item.scope), item) for item in claims if item.scope not in ours}


async def known(tx: Tx, claimed: Claim) -> None:
    """Look whether a key has its answer, without claiming it: for what must not be begun twice outside the database.

    Raises:
        ReplayedError: it was answered before.
        Problem: it was used for another request.
    """
    row = await tx.fetchrow(_LOAD, *_columns([claimed.scope]))
    found = None if row is None else _known(row, claimed)
    if isinstance(found, Answer):
        raise ReplayedError(found)
    if found is not None:
        raise found


def _known(row: Any, claimed: Claim) -> Answer | Problem:
    if row is None or row["status"] is None:  # it was there and is not: the key was pruned at this moment
        return in_flight()
    if row["fingerprint"] != claimed.fingerprint:
        return reused()
    return Answer(row["status"], row["body"], row["headers"] or {})


async def store(tx: Tx, answers: Sequence[tuple[Scope, Answer]]) -> None:
    """Store answers with the keys that this transaction claimed."""
    if answers:
        await tx.execute(
            _STORE,
            *_columns([scope for scope, _ in answers]),
            [answer.status for _, answer in answers],
            [answer.headers for _, answer in answers],
            [answer.body for _, answer in answers],
        )


async def release(tx: Tx, scopes: Sequence[Scope]) -> None:
    """Give up keys that this transaction claimed: their commands were refused and may be tried again."""
    if scopes:
        await tx.execute(_RELEASE, *_columns(scopes))


def reused() -> Problem:
    """Return the problem of a key that comes with another request than before."""
    return Problem("idempotency-key-reused", "The key was used for another request.", field="Idempotency-Key")


def in_flight() -> Problem:
    """Return the problem of a key whose first request has not ended."""
    return Problem("idempotency-key-in-flight", "The first request is still running.")


def json_of(result: Any) -> str | None:
    """Return a result as the JSON that is answered, or None for no body. Bytes are JSON already."""
    if result is None:
        return None
    if isinstance(result, bytes):
        return result.decode()
    if isinstance(result, BaseModel):
        return result.model_dump_json(by_alias=True)
    return orjson.dumps(result, default=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError


def fingerprint(method: str, path: str, query: bytes, body: bytes) -> str:
    """Return the SHA-256 of what a request asks. JSON counts by its content, not by its spaces or the order of keys."""
    try:
        canonical = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS) if body else b""
    except (ValueError, TypeError):  # no JSON, or deeper than it can be written: the schema refuses it
        canonical = body
    digest = hashlib.sha256()
    for part in (method.encode(), path.encode(), query, canonical):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Chosen by the client, 1 to 255 visible ASCII characters; a repetition gets the first answer.",
        examples=["0c4f7f0e-6a0e-4b49-9b2f-6d1c7e8a2f11"],
        json_schema_extra={"pattern": f"^{_KEY.pattern}$"},
    ),
]


async def _optional_key(request: Request, response: Response, header: KeyHeader = None) -> IdempotencyKey | None:
    if header is None:
        return None
    if not _KEY.fullmatch(header):
        raise Problem(
            "idempotency-key-invalid", "The key has 1 to 255 visible ASCII characters.", field="Idempotency-Key"
        )
    route = request.scope["route"]
    return IdempotencyKey(
        key=header,
        route=f"{request.method} {route.path}",
        fingerprint=fingerprint(
            request.method, request.scope["path"], request.scope["query_string"], await request.body()
        ),
        status=route.status_code or 200,
        response=response,
    )


OptionalKey = Annotated[IdempotencyKey | None, Depends(_optional_key)]
"""A route parameter: the key of the request, if it has one."""


async def require_key(key: OptionalKey) -> IdempotencyKey:
    """Return the key of the request. Raises `idempotency-key-required`."""
    if key is None:
        raise Problem("idempotency-key-required", "Send an Idempotency-Key.", field="Idempotency-Key")
    return key


RequiredKey = Annotated[IdempotencyKey, Depends(require_key)]
"""A route parameter: the key of a request that moves money or contacts a person. Missing: 400."""
