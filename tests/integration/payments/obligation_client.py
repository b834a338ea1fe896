"""The routes of promises and arrangements behind the real edge, with real tokens, called as a front-end app would."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from services.payments.api import arrangements, promises
from shared.clock import SystemClock
from shared.http.app import create_app
from shared.settings import ServiceSettings
from tests.integration.declared import held_to_its_document


@dataclass
class Client:
    """Calls the API with a token of a role; every POST gets a fresh Idempotency-Key unless it brings its own."""

    http: httpx.AsyncClient
    issuer: Issuer

    def token(self, role: str, *, creditors: Sequence[UUID] = (), sub: str | None = None) -> str:
        return self.issuer.mint(role, creditors=creditors, ttl=timedelta(minutes=5), sub=sub)

    async def post(
        self, path: str, body: dict[str, Any] | None = None, *, role: str = "collector", **options: Any
    ) -> httpx.Response:
        headers = {"Idempotency-Key": options.pop("key", str(uuid4())), **options.pop("headers", {})}
        return await self.http.post(path, json=body, headers=self._authorized(role, headers, options))

    async def get(self, path: str, *, role: str = "collector", **options: Any) -> httpx.Response:
        return await self.http.get(
            path, params=options.pop("params", None), headers=self._authorized(role, {}, options)
        )

    def _authorized(self, role: str, headers: dict[str, str], options: dict[str, Any]) -> dict[str, str]:
        token = self.token(role, creditors=options.get("creditors", ()), sub=options.get("sub"))
        return {**headers, "Authorization": f"Bearer {token}"}


@asynccontextmanager
async def served(engine: AsyncEngine, issuer: Issuer) -> AsyncIterator[Client]:
    """The app with the two routers on a database."""
    settings = ServiceSettings(
        database_url=SecretStr(engine.url.render_as_string(hide_password=False)),
        kafka_bootstrap_servers="127.0.0.1:1",
        jwks_url=issuer.jwks_url,
        jwt_issuer=issuer.url,
    )
    app: FastAPI = create_app(
        title="payments",
        version="1",
        routers=[promises.router, arrangements.router],
        settings=settings,
        engine=engine,
        clock=SystemClock(),
    )
    transport, hooks = httpx.ASGITransport(app=app), held_to_its_document("payments")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://payments", event_hooks=hooks) as http,
    ):
        yield Client(http, issuer)
