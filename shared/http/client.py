"""Calls from one service to another over HTTP: with a token of its own or the caller's, within a bound of time.

A refusal (4xx problem+json) is raised as the `Problem` that it is, so that it can be answered on; no answer in time, a
failure inside (5xx) or an answer that is none raises `NoAnswerError`, and the caller decides what that means. A call is
repeated only where nothing can have happened, or where it may be repeated: a read, or one with an Idempotency-Key.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

import httpx
import orjson
from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from shared.clock import Clock
from shared.errors import PROBLEMS, ArrearsError, Problem
from shared.http.request_context import current_context

RENEW_BEFORE = timedelta(seconds=30)
"""A token is renewed so long before it expires."""
_TRIES = 3
_FAILED = 500
_REFUSED = 400
_UNAUTHENTICATED = 401
_NDJSON = "application/x-ndjson"

_log = logging.getLogger(__name__)


class NoAnswerError(ArrearsError):
    """A service did not answer in time, failed inside, or gave an answer that cannot be read."""

    def __init__(self, reason: str, *, was_sent: bool = True) -> None:
        super().__init__(reason)
        self.was_sent = was_sent
        """False: the request never reached the service, so nothing can have happened there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its status, its JSON (None when it has no body) and its headers."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class ServiceTokens:
    """Tokens of this service, by the client-credentials grant (RFC 6749, 4.4); one is kept until it is about to expire.

    Safe for concurrent use: whoever finds none asks, and the others wait for the same answer.
    """

    def __init__(
        self, url: str, client_id: str, client_secret: SecretStr, clock: Clock, *, timeout_s: float = 2
    ) -> None:
        self._url = url
        self._credentials = (client_id, client_secret)
        self._clock = clock
        self._timeout_s = timeout_s
        self._asking = asyncio.Lock()
        self._token: str | None = None
        self._renew_at: datetime | None = None

    async def token(self) -> str:
        """Return a token that is good for a while.

        Raises:
            NoAnswerError: the issuer did not give one.
        """
        async with self._asking:
            if self._token is None or self._renew_at is None or self._clock.now() >= self._renew_at:
                await self._ask()
            assert self._token is not None  # noqa: S101 - `_ask` has set it, or raised
            return self._token

    def forget(self, token: str) -> None:
        """Give up a token that was refused; the next call asks for another."""
        if token == self._token:
            self._token = None

    async def _ask(self) -> None:
        client_id, secret = self._credentials
        asked_at = self._clock.now()
        try:
            async with asyncio.timeout(self._timeout_s), httpx.AsyncClient() as http:
                answer = await http.post(
                    self._url,
                    data={"grant_type": "client_credentials"},
                    auth=(client_id, secret.get_secret_value()),
                )
                answer.raise_for_status()
                granted = answer.json()
                self._token = str(granted["access_token"])
                life = timedelta(seconds=float(granted.get("expires_in", 60)))
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError) as error:
            _log.warning("no service token", extra={"error": type(error).__name__})
            raise NoAnswerError("the issuer gave no token", was_sent=False) from None
        self._renew_at = asked_at + max(life - RENEW_BEFORE, life / 2)


class ServiceClient:
    """Calls one service. `timeout_s` bounds a whole call, its repetitions and its token included."""

    def __init__(
        self, url: str, *, tokens: ServiceTokens | None = None, timeout_s: float = 2, limit: int = 100
    ) -> None:
        self._tokens = tokens
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=limit, max_keepalive_connections=limit),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(self, path: str, *, params: Mapping[str, Any] | None = None, token: str | None = None) -> Answer:
        """Read. Without `token` the service's own is sent."""
        return await self._call(_Request("GET", path, token, is_repeatable=True, params=params))

    async def post(
        self, path: str, body: Any = None, *, token: str | None = None, idempotency_key: str | None = None
    ) -> Answer:
        """Send a command, as JSON. Without `token` the service's own is sent.

        Raises:
            Problem: it was refused.
            NoAnswerError: whether it was done is not known, unless `was_sent` is False.
        """
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        content = None if body is None else orjson.dumps(body)
        return await self._call(
            _Request("POST", path, token, idempotency_key is not None, content=content, headers=headers)
        )

    @asynccontextmanager
    async def post_lines(
        self, path: str, lines: Iterable[Any], *, token: str | None = None, timeout_s: float = 60
    ) -> AsyncIterator[AsyncIterator[Any]]:
        """Send NDJSON and give the objects of the NDJSON that comes back, as they come. Never repeated.

        `timeout_s` bounds the wait for each next part.
        """
        bearer = token or await self._own_token()
        body = b"".join(orjson.dumps(line) + b"\n" for line in lines)
        headers = _headers(bearer) | {"Content-Type": _NDJSON, "Accept": _NDJSON}
        try:
            async with self._http.stream("POST", path, content=body, headers=headers, timeout=timeout_s) as answer:
                if answer.status_code >= _REFUSED:
                    await answer.aread()
                    _judged(answer)
                yield _objects(answer)
        except httpx.HTTPError as error:
            raise NoAnswerError(type(error).__name__, was_sent=not isinstance(error, httpx.ConnectError)) from error

    async def _call(self, request: "_Request") -> Answer:
        def may_repeat(error: BaseException) -> bool:
            return isinstance(error, NoAnswerError) and (request.is_repeatable or not error.was_sent)

        tries = AsyncRetrying(
            stop=stop_after_attempt(_TRIES),
            wait=wait_random_exponential(multiplier=0.05, max=0.5),
            retry=retry_if_exception(may_repeat),
            reraise=True,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                async for attempt in tries:
                    with attempt:
                        return await self._once(request)
        except TimeoutError:
            raise NoAnswerError("no answer in time") from None
        raise AssertionError("the last try raises")

    async def _once(self, request: "_Request") -> Answer:
        bearer = request.token or await self._own_token()
        headers = _headers(bearer) | request.headers
        if request.content is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = await self._http.request(
                request.method, request.path, params=request.params, content=request.content, headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NoAnswerError(type(error).__name__, was_sent=False) from error
        except httpx.HTTPError as error:
            raise NoAnswerError(type(error).__name__) from error
        if answer.status_code == _UNAUTHENTICATED and request.token is None and self._tokens is not None:
            self._tokens.forget(bearer)
            raise NoAnswerError("the service's own token was refused", was_sent=False)
        return _judged(answer)

    async def _own_token(self) -> str:
        if self._tokens is None:
            raise ValueError("a client without tokens of its own sends those that it is given")
        return await self._tokens.token()


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    token: str | None
    is_repeatable: bool
    params: Mapping[str, Any] | None = None
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


def _judged(answer: httpx.Response) -> Answer:
    """Return a success; raise what else it is."""
    if answer.status_code >= _FAILED:
        raise NoAnswerError(f"answered {answer.status_code}")
    try:
        body = orjson.loads(answer.content) if answer.content else None
    except orjson.JSONDecodeError:
        raise NoAnswerError(f"answered {answer.status_code} and no JSON") from None
    if answer.status_code < _REFUSED:
        return Answer(answer.status_code, body, answer.headers)
    said: dict[str, Any] = body if isinstance(body, dict) else {}
    code = said.get("code")
    if not isinstance(code, str) or code not in PROBLEMS:
        raise NoAnswerError(f"answered {answer.status_code} without a code that is known here")
    retry_after = answer.headers.get("Retry-After")
    raise Problem(
        code,
        str(said.get("detail", "")),
        status=answer.status_code,
        headers={"Retry-After": retry_after} if retry_after else None,
    )


def _headers(bearer: str) -> dict[str, str]:
    """The token, and the correlation and trace of the request that is being served: they go on over there."""
    context = current_context()
    headers = {"Authorization": f"Bearer {bearer}", "Accept": "application/json"}
    if context.correlation_id is not None:
        headers["X-Correlation-Id"] = str(context.correlation_id)
    if context.traceparent is not None:
        headers["traceparent"] = context.traceparent
    return headers


async def _objects(answer: httpx.Response) -> AsyncIterator[Any]:
    async for line in answer.aiter_lines():
        if line.strip():
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                raise NoAnswerError("a line is no JSON") from None
