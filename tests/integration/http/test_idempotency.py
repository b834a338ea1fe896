"""The same request again has the same answer and one effect, however many times, at once or by another process."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from shared.clock import SystemClock
from shared.db.engine import engine_for
from shared.db.transaction import open_transaction
from tests.conftest import KERNEL, GetDatabase
from tests.integration.http.sample_app import sample_app, settings_for

BOTH = pytest.mark.parametrize("path", ["/v1/pairs", "/v1/batched-pairs"])


def pair(creditor: UUID, order: str = "first", value: int = 5) -> dict[str, Any]:
    return {"creditor_id": str(creditor), "order": order, "value": value}


async def count(engine: AsyncEngine, creditor: UUID) -> int:
    async with open_transaction(engine, SystemClock()) as tx:
        found: int = await tx.fetchval("SELECT count(*) FROM pair WHERE creditor_id = $1", creditor)
    return found


@BOTH
async def test_fifty_requests_at_once_with_one_key_have_one_effect_and_one_answer(
    client: httpx.AsyncClient, kernel_engine: AsyncEngine, path: str
) -> None:
    for _ in range(5):
        creditor, headers = uuid4(), {"Idempotency-Key": str(uuid4())}
        answers = await asyncio.gather(*(client.post(path, json=pair(creditor), headers=headers) for _ in range(50)))

        assert {answer.status_code for answer in answers} == {201}
        assert {answer.content for answer in answers} == {b'{"order":"first","value":5}'}
        assert {answer.headers["Location"] for answer in answers} == {"/v1/pairs/first"}
        assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
        assert await count(kernel_engine, creditor) == 1


@BOTH
async def test_two_processes_with_one_key_have_one_effect(
    client: httpx.AsyncClient, kernel_engine: AsyncEngine, issuer: Issuer, bearer: dict[str, str], path: str
) -> None:
    other = sample_app(kernel_engine, settings_for(issuer.url, issuer.jwks_url))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(other), base_url="http://other", headers=bearer
    ) as second:
        for _ in range(50):
            creditor, headers = uuid4(), {"Idempotency-Key": str(uuid4())}
            answers = await asyncio.gather(
                *(one.post(path, json=pair(creditor), headers=headers) for one in (client, second, client, second))
            )
            assert [answer.status_code for answer in answers] == [201] * 4
            assert await count(kernel_engine, creditor) == 1
    await other.state.edge.close()


@BOTH
async def test_a_later_repetition_is_answered_from_the_store(client: httpx.AsyncClient, path: str) -> None:
    creditor, headers = uuid4(), {"Idempotency-Key": str(uuid4())}
    first = await client.post(path, json=pair(creditor), headers=headers)
    again = await client.post(path, json=dict(reversed(pair(creditor).items())), headers=headers)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Content-Type"] == "application/json"


@BOTH
async def test_the_key_with_another_body_is_422_stored_or_in_flight(client: httpx.AsyncClient, path: str) -> None:
    creditor, headers = uuid4(), {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(
        *(client.post(path, json=pair(creditor, value=value), headers=headers) for value in range(20, 40))
    )
    later = await client.post(path, json=pair(creditor, value=99), headers=headers)

    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 19
    assert later.json()["code"] == "idempotency-key-reused"


async def test_a_key_counts_within_its_subject_and_route(
    client: httpx.AsyncClient, issuer: Issuer, kernel_engine: AsyncEngine
) -> None:
    creditor, key = uuid4(), str(uuid4())
    await client.post("/v1/pairs", json=pair(creditor), headers={"Idempotency-Key": key})
    token = issuer.mint("supervisor", sub="user-2")
    for number, (path, headers) in enumerate(
        [("/v1/pairs", {"Authorization": f"Bearer {token}"}), ("/v1/batched-pairs", {})]
    ):
        answer = await client.post(
            path, json=pair(creditor, f"other-{number}"), headers={"Idempotency-Key": key} | headers
        )
        assert answer.status_code == 201
        assert "Idempotency-Replayed" not in answer.headers
    assert await count(kernel_engine, creditor) == 3


@BOTH
async def test_a_refusal_is_not_stored_so_that_a_retry_may_succeed(
    client: httpx.AsyncClient, kernel_engine: AsyncEngine, path: str
) -> None:
    creditor, headers = uuid4(), {"Idempotency-Key": str(uuid4())}
    refused = await client.post(path, json=pair(creditor, value=13), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "arrangement-open")
    assert await count(kernel_engine, creditor) == 0

    assert (await client.post(path, json=pair(creditor, value=14), headers=headers)).status_code == 201


async def test_a_missing_or_malformed_key_is_400(client: httpx.AsyncClient) -> None:
    missing = await client.post("/v1/pairs", json=pair(uuid4()))
    malformed = await client.post("/v1/pairs", json=pair(uuid4()), headers={"Idempotency-Key": "a b"})

    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency-key-required")
    assert (malformed.status_code, malformed.json()["code"]) == (400, "idempotency-key-invalid")


@BOTH
async def test_a_key_that_another_process_holds_is_409_after_the_lock_timeout(
    app: FastAPI, issuer: Issuer, bearer: dict[str, str], service_database: GetDatabase, path: str
) -> None:
    database = await service_database(KERNEL)
    engine = engine_for(database.service_dsn, lock_timeout_ms=200)
    impatient = sample_app(engine, settings_for(issuer.url, issuer.jwks_url))
    creditor, key = uuid4(), str(uuid4())
    entered, leave = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        """What another process does that claims the key and then fails."""
        claim = "INSERT INTO idempotency (subject, route, key, fingerprint) VALUES ($1, $2, $3, '')"
        async with open_transaction(app.state.engine, SystemClock()) as tx:
            await tx.execute(claim, "user-1", f"POST {path}", key)
            entered.set()
            await leave.wait()

    holding = asyncio.create_task(hold())
    await entered.wait()
    transport = httpx.ASGITransport(impatient)
    async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=bearer) as client:
        answer = await client.post(path, json=pair(creditor), headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-in-flight")
        assert "Retry-After" in answer.headers
        leave.set()
        await holding
        assert (await client.post(path, json=pair(creditor), headers={"Idempotency-Key": key})).status_code == 201
    await impatient.state.edge.close()
    await engine.dispose()
