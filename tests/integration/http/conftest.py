"""The sample app on the real PostgreSQL and the real issuer; asked through ASGI, or through uvicorn on a free port."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from shared.http.server import Server, make_server
from tests.integration.http.sample_app import sample_app, settings_for


@pytest_asyncio.fixture
async def app(kernel_engine: AsyncEngine, issuer: Issuer) -> AsyncIterator[FastAPI]:
    made = sample_app(kernel_engine, settings_for(issuer.url, issuer.jwks_url))
    yield made
    await made.state.edge.close()


@pytest.fixture
def bearer(issuer: Issuer) -> dict[str, str]:
    """The header of a supervisor who reaches every creditor."""
    return {"Authorization": f"Bearer {issuer.mint('supervisor', sub='user-1')}"}


@pytest_asyncio.fixture
async def client(app: FastAPI, bearer: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sample", headers=bearer) as made:
        yield made


@pytest_asyncio.fixture
async def server(app: FastAPI) -> AsyncIterator[Server]:
    """The app behind a real server in this event loop."""
    made = make_server(app, app.state.settings)
    serving = asyncio.create_task(made._serve())
    while not made.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
        await asyncio.sleep(0.01)
    yield made
    made.should_exit = True
    await asyncio.wait_for(serving, 10)


@pytest.fixture
def url(server: Server) -> str:
    port = server.servers[0].sockets[0].getsockname()[1]
    return f"http://127.0.0.1:{port}"
