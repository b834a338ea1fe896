"""`/healthz`: the event loop answers. `/readyz`: this process can serve a request now. `/metrics`: Prometheus.

Liveness never looks at a dependency: a database that is down is not cured by restarting everything that waits for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import orjson
from fastapi import APIRouter, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from shared.db.revision import check_revision
from shared.errors import ArrearsError
from shared.http.jwks import Jwks
from shared.telemetry import metrics

Check = Callable[[], Awaitable[bool]]

_CHECK_TIMEOUT_S = 2.0

_log = logging.getLogger(__name__)

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> Response:
    """Answer while the event loop runs."""
    return _json({"status": "ok"}, 200)


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Answer 200 when every check passes, else 503 with the checks that do not, and why where that is known."""
    checks: Mapping[str, Check] = request.app.state.checks
    reasons: dict[str, str] = {}
    passed = await asyncio.gather(*(_passes(name, check, reasons) for name, check in checks.items()))
    results = dict(zip(checks, passed, strict=True))
    if request.app.state.draining.is_set():
        results["not_draining"] = False
    is_ready = all(results.values())
    if is_ready:
        return _json({"status": "ready", "checks": results}, 200)
    return _json({"status": "not ready", "checks": results, "reasons": reasons}, 503)


@router.get("/metrics")
async def scrape() -> Response:
    """Return the metrics of this process."""
    return Response(metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})


def _json(body: object, status: int) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


async def _passes(name: str, check: Check, reasons: dict[str, str]) -> bool:
    try:
        return await asyncio.wait_for(check(), _CHECK_TIMEOUT_S)
    except ArrearsError as error:
        reasons[name] = str(error)
        _log.warning("not ready", extra={"check": name, "reason": str(error)})
        return False
    except Exception:  # noqa: BLE001 - whatever it is, the process is not ready
        _log.warning("not ready", extra={"check": name})
        return False


def pool_check(engine: AsyncEngine) -> Check:
    """Check that the pool gives a connection and that it answers."""

    async def check() -> bool:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        return True

    return check


def jwks_check(jwks: Jwks) -> Check:
    """Check that the issuer's keys are loaded; asks for them if not."""
    return jwks.load


def migrations_check(engine: AsyncEngine, scripts: Path) -> Check:
    """Check that the migrations in `scripts` have run; once seen, they stay."""
    seen = False

    async def check() -> bool:
        nonlocal seen
        if not seen:
            await check_revision(engine, scripts)
            seen = True
        return seen

    return check
