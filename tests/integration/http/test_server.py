"""A process that is told to end loses no request: it is no longer ready, streams end, what runs is answered."""

import asyncio
import signal
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from shared.clock import SystemClock
from shared.db.locks import lock
from shared.db.transaction import open_transaction
from shared.http.server import Server, make_server
from tests.integration.http.sample_app import sample_app, settings_for


@pytest_asyncio.fixture
async def own_app(kernel_engine: AsyncEngine, issuer: Issuer) -> AsyncIterator[FastAPI]:
    """An app that this test ends itself."""
    yield sample_app(kernel_engine, settings_for(issuer.url, issuer.jwks_url))
    await kernel_engine.dispose()


async def started(app: FastAPI) -> tuple[Server, asyncio.Task[None], str]:
    server = make_server(app, app.state.settings)
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
        await asyncio.sleep(0.01)
    return server, serving, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


async def test_sigterm_ends_streams_and_answers_what_runs(
    own_app: FastAPI, kernel_engine: AsyncEngine, bearer: dict[str, str]
) -> None:
    server, serving, url = await started(own_app)
    creditor = uuid4()
    async with (
        httpx.AsyncClient(base_url=url, headers=bearer) as client,
        client.stream("GET", "/v1/stream") as stream,
    ):
        async with open_transaction(kernel_engine, SystemClock()) as tx:
            await lock(tx, accounts=[creditor])  # the request below waits for this account
            body = {"creditor_id": str(creditor), "order": "a", "value": 1}
            posting = asyncio.create_task(client.post("/v1/pairs", json=body, headers={"Idempotency-Key": "k"}))
            while not own_app.state.edge._running:  # noqa: ASYNC110 - the edge has no event for it
                await asyncio.sleep(0.01)
            server.handle_exit(signal.SIGTERM, None)
            async with asyncio.timeout(5):
                await stream.aread()
            assert not posting.done()
        assert (await posting).status_code == 201
    await asyncio.wait_for(serving, 10)
    assert own_app.state.edge._is_closed


async def test_the_server_names_neither_itself_nor_trusts_forwarded_headers(
    server: Server, url: str, bearer: dict[str, str]
) -> None:
    assert server.config.timeout_graceful_shutdown == 20
    assert not server.config.proxy_headers
    async with httpx.AsyncClient(base_url=url, headers=bearer) as client:
        answer = await client.get("/healthz")
    assert "server" not in answer.headers
