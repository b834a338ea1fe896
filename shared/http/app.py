"""The FastAPI app of a service: its routes behind one edge. `app.py` of each service calls `create_app` with its parts.

Only pure ASGI middleware. Every route of a service needs an access token; one that does not say for what (`requires`,
or `authenticate` for any token) is a defect, and stops the app from being made.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute, RouteContext
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import compile_path

from shared.clock import Clock
from shared.db.engine import check_database
from shared.db.transaction import AfterCommit
from shared.errors import ArrearsError
from shared.http import health, openapi, problem
from shared.http.auth import authenticate
from shared.http.authenticator import Authenticator
from shared.http.body_limit import MAX_BODY, BodyLimitMiddleware
from shared.http.idempotency import REPLAYED_HEADER, ReplayedError
from shared.http.jwks import Jwks
from shared.http.observe import CORRELATION_HEADER, ObserveMiddleware
from shared.http.transaction import Edge
from shared.settings import ServiceSettings

_ALLOWED_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "traceparent",
    CORRELATION_HEADER,
)
_EXPOSED_HEADERS = ("ETag", "Location", "Retry-After", "WWW-Authenticate", CORRELATION_HEADER, REPLAYED_HEADER)

LifespanPart = Callable[[FastAPI], AbstractAsyncContextManager[Any]]


class OpenRouteError(ArrearsError):
    """A route does not say what an access token must allow for it."""


def create_app(
    *,
    title: str,
    version: str,
    routers: Sequence[APIRouter],
    webhooks: Sequence[APIRouter] = (),
    settings: ServiceSettings,
    engine: AsyncEngine,
    clock: Clock,
    description: str = "",
    migrations: Path | None = None,
    checks: Mapping[str, health.Check] | None = None,
    lifespan: Sequence[LifespanPart] = (),
    after_commit: Sequence[AfterCommit] = (),
    assert_database: bool = True,
) -> FastAPI:
    """Return the app of a service. The edge is at `app.state.edge` at once, for batchers that routes share.

    `webhooks` are for senders without a token, who prove themselves in another way (`auth.proves_sender`).
    `migrations` is the folder whose head must have run before the app is ready; `lifespan` parts are entered in order
    and left in reverse, before the edge closes and the pool is disposed; `after_commit` hooks run after each commit.

    Raises:
        OpenRouteError: a route does not say what a token must allow for it.
        ValueError: two routes share an operation id (their function's name).
    """
    templates: dict[object, str] = {}
    limits: dict[object, int] = {}
    app = FastAPI(
        title=title,
        version=version,
        description=description,
        lifespan=_lifespan(engine, lifespan, assert_database=assert_database),
        generate_unique_id_function=lambda route: route.name,
        middleware=[
            Middleware(ObserveMiddleware, templates=templates),
            *_cors(settings.cors_origins),
            Middleware(BodyLimitMiddleware, limits=limits),
        ],
        redoc_url=None,
        redirect_slashes=False,
        # Its logs would hold what a request got wrong, its spans every request: see shared/telemetry.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.settings = settings
    app.state.edge = Edge(engine, clock, after_commit=after_commit)
    _set_state(app, settings, engine, clock, checks=checks or {}, migrations=migrations)
    problem.install(app)
    app.add_exception_handler(ReplayedError, _on_replayed)
    _include(app, routers, webhooks)
    for route in openapi.api_routes(app):
        templates[route.endpoint] = str(route.path_format)
        if size := _max_body(route):
            limits[route.endpoint] = size
    openapi.install(app)
    return app


def _include(app: FastAPI, routers: Sequence[APIRouter], webhooks: Sequence[APIRouter]) -> None:
    app.include_router(health.router)
    for router in routers:
        app.include_router(router, dependencies=[Depends(authenticate)])  # before whatever else a route asks for
    for router in webhooks:
        app.include_router(router)
    _refuse_open_routes(app)
    app.state.methods = _methods(app)


def _set_state(
    app: FastAPI,
    settings: ServiceSettings,
    engine: AsyncEngine,
    clock: Clock,
    *,
    checks: Mapping[str, health.Check],
    migrations: Path | None,
) -> None:
    """What routes, streams and probes find at the app."""
    jwks = Jwks(settings.jwks_url, clock)
    app.state.engine = engine
    app.state.clock = clock
    app.state.authenticator = Authenticator(
        jwks,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        clock=clock,
        leeway=timedelta(seconds=settings.jwt_leeway_s),
    )
    app.state.draining = asyncio.Event()
    app.state.checks = {"database": health.pool_check(engine), "jwks": health.jwks_check(jwks), **checks}
    if migrations is not None:
        app.state.checks["migrations"] = health.migrations_check(engine, migrations)


def _max_body(route: RouteContext) -> int | None:
    own: int | None = (route.openapi_extra or {}).get(MAX_BODY)
    return own or route.max_body_size


def _methods(app: FastAPI) -> dict[re.Pattern[str], set[str]]:
    """What each path takes. The framework's 405 names the methods of the first route that fits the path alone."""
    taken: dict[str, set[str]] = {}
    for route in openapi.api_routes(app):
        taken.setdefault(str(route.path_format), set()).update(route.methods or ())
    return {compile_path(path)[0]: methods for path, methods in taken.items()}


def _lifespan(engine: AsyncEngine, parts: Sequence[LifespanPart], *, assert_database: bool) -> Any:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        if assert_database:
            await check_database(engine)
        jwks: Jwks = app.state.authenticator.jwks
        await jwks.load()  # a silent issuer keeps the app from being ready, not from starting
        async with AsyncExitStack() as stack:
            stack.push_async_callback(engine.dispose)
            stack.push_async_callback(jwks.close)
            stack.push_async_callback(app.state.edge.close)
            for part in parts:
                await stack.enter_async_context(part(app))
            stack.callback(app.state.draining.set)
            yield

    return run


def _cors(origins: Sequence[str]) -> list[Middleware]:
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=list(_ALLOWED_HEADERS),
            expose_headers=list(_EXPOSED_HEADERS),
            max_age=600,
        )
    ]


async def _on_replayed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ReplayedError)  # noqa: S101 - the registration above says so
    return error.answer.as_response()


def _refuse_open_routes(app: FastAPI) -> None:
    ours = {route.endpoint for route in health.router.routes if isinstance(route, APIRoute)}
    for context in openapi.api_routes(app):
        route = context.original_route
        if not isinstance(route, APIRoute) or route.endpoint in ours:
            continue
        if not openapi.is_secured(route.dependant) and not openapi.is_proven(route.dependant):
            raise OpenRouteError(
                f"{sorted(route.methods or ())} {context.path_format} does not say what a token must allow"
            )
