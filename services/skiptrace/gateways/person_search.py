"""Asks a vendor for a person over HTTPS: bounded in time and size, tried again where that is safe.

A search carries our reference, by which the vendor bills it once, so every try of it may be repeated. What cannot be
answered raises `VendorError`; nothing of the person is in it, nor in a log.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Self

import httpx
import orjson
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from services.skiptrace.domain.mapping import Answer, Layout, MappingError, Subject, read_answer, request_body
from services.skiptrace.settings import VendorEndpoint
from shared.errors import ArrearsError

TRIES = 3
MAX_ANSWER_BYTES = 1_000_000
_OK = 200
_TOO_MANY = 429
_FAILED = 500
_REFUSED = 400

_log = logging.getLogger(__name__)


class VendorError(ArrearsError):
    """A vendor did not answer a search. `code` says how; `may_be_billed`: it may have done the work all the same."""

    def __init__(self, code: str, *, may_be_billed: bool, is_repeatable: bool) -> None:
        super().__init__(code)
        self.code = code
        self.may_be_billed = may_be_billed
        self.is_repeatable = is_repeatable


class PersonSearch:
    """The vendors that the deployment has endpoints of, by the endpoint's name."""

    def __init__(
        self, endpoints: Mapping[str, VendorEndpoint], *, timeout_s: float, first_wait_s: float = 0.25
    ) -> None:
        self._timeout_s = timeout_s
        self._first_wait_s = first_wait_s
        self._clients = {
            name: httpx.AsyncClient(
                base_url=endpoint.url.rstrip("/"),
                auth=(endpoint.username, endpoint.password.get_secret_value()),
                # Shorter than the whole: a vendor that was never reached is told from one that does not answer.
                timeout=httpx.Timeout(timeout_s, connect=timeout_s / 2, pool=timeout_s / 4),
                follow_redirects=False,
            )
            for name, endpoint in endpoints.items()
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await asyncio.gather(*(client.aclose() for client in self._clients.values()))

    async def search(self, endpoint: str, layout: Layout, subject: Subject, purpose: str, reference: str) -> Answer:
        """Search for a person. `reference` is ours, and the same whenever this search is tried again.

        Raises:
            VendorError: no answer that can be used, after all tries.
        """
        client = self._clients.get(endpoint)
        if client is None:
            raise VendorError("endpoint-not-configured", may_be_billed=False, is_repeatable=False)
        body = _written(layout, subject, purpose, reference)
        tries = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=self._first_wait_s, max=5),
            retry=retry_if_exception(lambda error: isinstance(error, VendorError) and error.is_repeatable),
            reraise=True,
        )
        may_be_billed = False
        try:
            async for attempt in tries:
                with attempt:
                    try:
                        return await self._once(client, layout, body)
                    except VendorError as error:
                        may_be_billed = may_be_billed or error.may_be_billed
                        raise
        except VendorError as error:
            _log.warning("a vendor did not answer", extra={"endpoint": endpoint, "code": error.code})
            raise VendorError(error.code, may_be_billed=may_be_billed, is_repeatable=error.is_repeatable) from None
        raise AssertionError("the last try raises")

    async def _once(self, client: httpx.AsyncClient, layout: Layout, body: bytes) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_s):
                status, content = await _post(client, layout.path, body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise VendorError("not-reached", may_be_billed=False, is_repeatable=True) from None
        except (TimeoutError, httpx.TimeoutException):
            raise VendorError("timed-out", may_be_billed=True, is_repeatable=True) from None
        except httpx.HTTPError:
            raise VendorError("connection-lost", may_be_billed=True, is_repeatable=True) from None
        if status >= _FAILED or status == _TOO_MANY:
            raise VendorError(f"answered-{status}", may_be_billed=status >= _FAILED, is_repeatable=True)
        if status != _OK:
            # What a vendor refuses it refuses again: a wrong account, a layout that it does not know.
            raise VendorError(f"answered-{status}", may_be_billed=status < _REFUSED, is_repeatable=False)
        try:
            return read_answer(layout, orjson.loads(content))
        except (orjson.JSONDecodeError, MappingError):
            raise VendorError("answer-unreadable", may_be_billed=True, is_repeatable=False) from None


def _written(layout: Layout, subject: Subject, purpose: str, reference: str) -> bytes:
    try:
        return orjson.dumps(request_body(layout, subject, purpose, reference))
    except (MappingError, orjson.JSONEncodeError):
        raise VendorError("layout-unusable", may_be_billed=False, is_repeatable=False) from None


async def _post(client: httpx.AsyncClient, path: str, body: bytes) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    async with client.stream("POST", path, content=body, headers=headers) as answer:
        content = bytearray()
        async for part in answer.aiter_bytes():
            content += part
            if len(content) > MAX_ANSWER_BYTES:
                raise VendorError("answer-too-large", may_be_billed=True, is_repeatable=False)
        return answer.status_code, bytes(content)
