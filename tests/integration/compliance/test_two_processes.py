"""Two API processes on one database: what keeps them apart is the locks of the database, and it is enough."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest_asyncio

from deploy.local.issuer import Issuer
from deploy.local.ports import free_port
from shared.db.engine import engine_for
from tests.conftest import GetDatabase
from tests.integration.compliance.contact_desk import Desk, open_desk

PROCESSES = 2
REQUESTS = 200
DEBTS = 5
KEPT = "policy.open_attempt"
"""The one policy that is left on: the processes live by the machine's clock, and the hours must not decide."""


@asynccontextmanager
async def _process(dsn: str, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    """An API process that is ready."""
    port = free_port()
    environment = {
        "COMPLIANCE_DATABASE_URL": dsn,
        "COMPLIANCE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "COMPLIANCE_JWKS_URL": issuer.jwks_url,
        "COMPLIANCE_JWT_ISSUER": issuer.url,
        "COMPLIANCE_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.compliance", "api"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            await asyncio.wait_for(_until_ready(http), 60)
            yield http
    finally:
        process.terminate()
        await process.wait()


async def _until_ready(http: httpx.AsyncClient) -> None:
    while True:
        try:
            if (await http.get("/readyz")).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)


@pytest_asyncio.fixture
async def desk(service_database: GetDatabase, issuer: Issuer) -> AsyncIterator[tuple[Desk, list[httpx.AsyncClient]]]:
    dsn = (await service_database("compliance")).service_dsn
    async with AsyncExitStack() as stack:
        engine = engine_for(dsn, application_name="race", pool_size=4)
        stack.push_async_callback(engine.dispose)
        made = await stack.enter_async_context(open_desk(engine, issuer, kind="creditor"))
        yield made, [await stack.enter_async_context(_process(dsn, issuer)) for _ in range(PROCESSES)]


async def test_of_two_hundred_at_once_through_two_processes_one_call_a_debt_is_let_out(
    desk: tuple[Desk, list[httpx.AsyncClient]],
) -> None:
    home, processes = desk
    await home.open("A")
    numbers = [f"D{n}" for n in range(DEBTS)]
    await home.feed(*(home.account_message(each, party="A") for each in numbers))
    path = f"/v1/creditors/{home.creditor}/policies"
    for policy in (await home.get(path)).json():
        if policy["rule_id"] != KEPT:
            # What is no policy of this role stays as it is: it is nothing to it, or law.
            await home.post(f"{path}/{policy['rule_id']}", {"is_on": False}, method="PUT")
    ids = [str(home.account(each)) for each in numbers]
    asked = [ids[n % DEBTS : n % DEBTS + 1 + n % 3] for n in range(REQUESTS)]

    async def ask(nth: int) -> dict[str, Any]:
        answer = await processes[nth % PROCESSES].post(
            "/v1/contact-decisions",
            json=home.request("A", account_ids=asked[nth]),
            headers=home.token("contact_service"),
        )
        assert answer.status_code == 200, answer.text
        decision: dict[str, Any] = answer.json()
        return decision

    answers = await asyncio.gather(*(ask(nth) for nth in range(REQUESTS)))
    let_out = [about for about, answer in zip(asked, answers, strict=True) if answer["permit"] is not None]
    assert Counter(debt for about in let_out for debt in about) == dict.fromkeys(ids, 1)
    stored = await home.query("SELECT count(*) FROM permit WHERE creditor_id = :creditor AND state = 'reserved'")
    assert stored == [(len(let_out),)]
