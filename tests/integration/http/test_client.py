"""Calls between services on real sockets: tokens, refusals that are passed on, time-outs, what may be repeated."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from deploy.local.clients import TOKEN_SECONDS, Client
from deploy.local.issuer import Issuer
from deploy.local.ports import free_port
from shared.clock import FixedClock
from shared.errors import Problem
from shared.http.client import RENEW_BEFORE, NoAnswerError, ServiceClient, ServiceTokens

SECRET = SecretStr("a secret of the tests")
NOON = datetime(2026, 3, 11, 16, tzinfo=UTC)


class Service(ThreadingHTTPServer):
    """Answers what the test has laid ready, in that order; the last answer stays."""

    daemon_threads = True
    answers: list[tuple[int, Any]]
    asked: list[tuple[str, dict[str, str]]]
    released: threading.Event


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.path, dict(self.headers)))
        answers = self.server.answers
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        if status == 0:
            self.server.released.wait(30)
            return
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name that the base class gives)
        """Be silent."""


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service(("127.0.0.1", free_port()), _Handler)
    server.answers, server.asked, server.released = [(200, {"ok": True})], [], threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


@pytest_asyncio.fixture
async def client(service: Service) -> AsyncIterator[ServiceClient]:
    async with ServiceClient(f"http://127.0.0.1:{service.server_port}", timeout_s=1) as made:
        yield made


async def test_a_token_of_its_own_is_kept_until_it_is_about_to_expire(issuer: Issuer) -> None:
    issuer.clients.put("contact", Client(SECRET.get_secret_value(), ("contact_service",)))
    clock = FixedClock(NOON)
    tokens = ServiceTokens(issuer.token_url, "contact", SECRET, clock)
    first = await asyncio.gather(*(tokens.token() for _ in range(8)))
    assert len(set(first)) == 1
    clock.at += timedelta(seconds=TOKEN_SECONDS) - RENEW_BEFORE - timedelta(seconds=1)
    assert await tokens.token() == first[0]
    clock.at += timedelta(seconds=1)
    second = await tokens.token()
    assert second != first[0]
    tokens.forget(second)
    assert await tokens.token() != second


async def test_a_wrong_secret_and_a_silent_issuer_give_no_token(issuer: Issuer) -> None:
    issuer.clients.put("contact", Client(SECRET.get_secret_value(), ("contact_service",)))
    for url, secret in ((issuer.token_url, SecretStr("wrong")), (f"http://127.0.0.1:{free_port()}", SECRET)):
        with pytest.raises(NoAnswerError) as refused:
            await ServiceTokens(url, "contact", secret, FixedClock(NOON)).token()
        assert not refused.value.was_sent


async def test_a_refusal_is_raised_as_it_is_and_is_not_repeated(service: Service, client: ServiceClient) -> None:
    service.answers = [(422, {"code": "due-on-in-past", "detail": "Too late."})]
    with pytest.raises(Problem) as refused:
        await client.post("/v1/promises", {}, token="t", idempotency_key="k")
    assert (refused.value.code, refused.value.status, refused.value.detail) == ("due-on-in-past", 422, "Too late.")
    assert len(service.asked) == 1


async def test_a_failure_is_tried_again_only_with_a_key(service: Service, client: ServiceClient) -> None:
    service.answers = [(500, {}), (503, {}), (201, {"id": 1})]
    assert (await client.post("/v1/x", {}, token="t", idempotency_key="k")).body == {"id": 1}
    assert [headers["Idempotency-Key"] for _, headers in service.asked] == ["k"] * 3
    service.answers, service.asked[:] = [(500, {})], []
    with pytest.raises(NoAnswerError):
        await client.post("/v1/x", {}, token="t")
    assert len(service.asked) == 1


async def test_a_service_that_says_nothing_is_no_answer_within_the_bound(
    service: Service, client: ServiceClient
) -> None:
    service.answers = [(0, None)]
    began = asyncio.get_running_loop().time()
    with pytest.raises(NoAnswerError) as silent:
        await client.post("/v1/x", {}, token="t", idempotency_key="k")
    assert asyncio.get_running_loop().time() - began < 5
    assert silent.value.was_sent


async def test_what_is_no_answer_of_ours_is_none(service: Service, client: ServiceClient) -> None:
    for status, body in ((200, b"<html>"), (404, {"code": "who-knows"}), (403, b"nope")):
        service.answers = [(status, body)]
        with pytest.raises(NoAnswerError):
            await client.get("/v1/x", token="t")


async def test_a_service_that_is_not_there_was_not_asked() -> None:
    async with ServiceClient(f"http://127.0.0.1:{free_port()}", timeout_s=1) as nobody:
        with pytest.raises(NoAnswerError) as gone:
            await nobody.post("/v1/x", {}, token="t")
    assert not gone.value.was_sent


async def test_lines_come_back_as_they_are_given_and_a_bad_one_is_no_answer(
    service: Service, client: ServiceClient
) -> None:
    service.answers = [(200, b'{"a":1}\n\n{"a":2}\n')]
    async with client.post_lines("/v1/x:batch", [{"q": 1}], token="t") as lines:
        assert [line async for line in lines] == [{"a": 1}, {"a": 2}]
    service.answers = [(200, b'{"a":1}\nnope\n')]
    with pytest.raises(NoAnswerError):
        async with client.post_lines("/v1/x:batch", [{"q": 1}], token="t") as lines:
            assert [line async for line in lines]
