"""What a client sees: one form of error everywhere, its documents, its headers, health and streams."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from openapi_spec_validator import validate
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from shared.errors import PROBLEMS
from shared.http.app import OpenRouteError
from shared.http.openapi import api_routes
from shared.http.server import Server
from shared.jobs import run_chunk
from shared.telemetry.logging import configure_logging
from tests.integration.http.sample_app import sample_app, settings_for

NEW: dict[str, Any] = {"creditor_id": str(UUID(int=1)), "order": "a", "value": 1}


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "code", "detail"} <= body.keys()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:arrears:problem:{code}")
    return body


async def test_no_route_answers_without_a_token(app: FastAPI) -> None:
    """Every route and method of the app, as it is mounted."""
    asked = 0
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sample") as client:
        for route in api_routes(app):
            path = str(route.path_format)
            if path in {"/healthz", "/readyz", "/metrics"}:
                continue
            concrete = path.replace("{creditor_id}", str(UUID(int=1))).replace("{order}", "a").replace("{kind}", "x")
            for method in route.methods or ():
                for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic dTpw"}):
                    answer = await client.request(method, concrete, headers=headers, json=NEW)
                    assert_problem(answer, 401, "unauthenticated")
                    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                    asked += 1
    assert asked == 21


async def test_who_has_no_token_is_told_so_whatever_the_body_holds(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sample") as client:
        for content in (b"{", b"\xff\xfe", b"[" * 100_000, b"", b'{"value": 1}'):
            for headers in ({}, {"Authorization": "Bearer x"}):
                sent = {"Content-Type": "application/json", **headers}
                answer = await client.post("/v1/batched-pairs", content=content, headers=sent)
                assert_problem(answer, 401, "unauthenticated")


async def test_an_app_with_an_open_route_cannot_be_made(kernel_engine: AsyncEngine, issuer: Issuer) -> None:
    router = APIRouter()

    @router.get("/v1/open")
    async def open_route() -> None: ...

    with pytest.raises(OpenRouteError, match="/v1/open"):
        sample_app(kernel_engine, settings_for(issuer.url, issuer.jwks_url), routers=[router])


async def test_a_token_without_the_scope_is_403_and_another_creditor_is_404(
    client: httpx.AsyncClient, issuer: Issuer
) -> None:
    auditor = {"Authorization": f"Bearer {issuer.mint('auditor')}"}
    limited = {"Authorization": f"Bearer {issuer.mint('supervisor', creditors=[UUID(int=7)])}"}

    body = assert_problem(await client.post("/v1/batched-pairs", json=NEW, headers=auditor), 403, "forbidden")
    assert "payments:write" in body["detail"]
    answer = await client.get(f"/v1/creditors/{UUID(int=1)}/pairs", headers=limited)
    assert_problem(answer, 404, "creditor-unknown")
    assert (await client.get(f"/v1/creditors/{UUID(int=7)}/pairs", headers=limited)).status_code == 200


async def test_every_kind_of_bad_request_is_a_problem_that_echoes_nothing(client: httpx.AsyncClient) -> None:
    json_type = {"Content-Type": "application/json"}
    wrong = NEW | {"value": "Jane Doe", "creditor_id": 5}
    body = assert_problem(await client.post("/v1/batched-pairs", json=wrong), 422, "validation-error")
    assert {error["field"] for error in body["errors"]} == {"value", "creditor_id"}
    assert "Jane" not in json.dumps(body)
    for content in (b"{", b"\xff\xfe", b"[" * 100_000):
        answer = await client.post("/v1/batched-pairs", content=content, headers=json_type)
        assert_problem(answer, 400, "malformed-request")
    empty = await client.post("/v1/batched-pairs", content=b"", headers=json_type)
    assert_problem(empty, 422, "validation-error")
    for media_type in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await client.post("/v1/batched-pairs", content=b"{}", headers={"Content-Type": media_type})
        assert_problem(answer, 415, "unsupported-media-type")
    assert_problem(await client.get("/v1/nothing"), 404, "not-found")
    assert_problem(await client.get("/nothing"), 404, "not-found")
    not_allowed = await client.delete("/v1/batched-pairs")
    assert_problem(not_allowed, 405, "method-not-allowed")
    assert not_allowed.headers["Allow"] == "POST"
    assert_problem(await client.get("/v1/creditors/x/pairs"), 422, "validation-error")
    assert_problem(await client.get(f"/v1/creditors/{UUID(int=1)}/pairs?limit=201"), 422, "validation-error")
    assert_problem(await client.get(f"/v1/creditors/{UUID(int=1)}/pairs?cursor=abc"), 400, "cursor-invalid")


async def test_a_card_number_in_a_text_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/batched-pairs", json=NEW | {"note": "card 4111 1111 1111 1111"})

    body = assert_problem(answer, 422, "card-number-refused")
    assert body["errors"][0]["field"] == "note"
    assert "4111" not in answer.text


async def test_an_update_needs_the_version_that_was_read(client: httpx.AsyncClient) -> None:
    assert_problem(await client.put("/v1/pairs/a"), 428, "precondition-required")
    assert_problem(await client.put("/v1/pairs/a", headers={"If-Match": '"6"'}), 412, "precondition-failed")
    assert (await client.put("/v1/pairs/a", headers={"If-Match": '"7"'})).status_code == 200


async def test_a_body_over_1_mib_is_413_declared_or_not(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * (1 << 16)

    headers = {"Content-Type": "application/json"}
    declared = await client.post("/v1/batched-pairs", content=b" " * ((1 << 20) + 1), headers=headers)
    assert_problem(declared, 413, "body-too-large")
    assert_problem(await client.post("/v1/batched-pairs", content=endless(), headers=headers), 413, "body-too-large")
    assert_problem(await client.post("/nothing", content=b" " * ((1 << 20) + 1)), 404, "not-found")


async def test_a_route_that_streams_takes_more(client: httpx.AsyncClient) -> None:
    async def large() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * (1 << 16)

    answer = await client.post("/v1/imports", content=large(), headers={"Content-Type": "text/csv"})
    assert answer.json()["bytes"] == 40 << 16


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("sample", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


async def test_a_failure_is_500_without_a_word_of_it_and_is_logged_with_its_place(
    client: httpx.AsyncClient, log: io.StringIO
) -> None:
    correlation_id = str(uuid4())
    for kind in ("defect", "database"):
        answer = await client.get(f"/v1/failures/{kind}", headers={"X-Correlation-Id": correlation_id})
        assert_problem(answer, 500, "internal-error")
        assert answer.headers["X-Correlation-Id"] == correlation_id
        assert "Jane" not in answer.text + log.getvalue()
    entries = [json.loads(line) for line in log.getvalue().splitlines()]
    failures = [entry for entry in entries if entry["event"] == "request failed"]
    assert failures[0]["exception"]["type"] == "builtins.ValueError"
    assert failures[1]["exception"]["sqlstate"] == "22012"
    assert {entry["correlation_id"] for entry in failures} == {correlation_id}
    assert_problem(await client.get("/v1/failures/text"), 422, "validation-error")


async def test_the_access_log_and_the_metrics_name_the_route_and_no_id(
    client: httpx.AsyncClient, log: io.StringIO
) -> None:
    creditor = str(uuid4())
    await client.get(f"/v1/creditors/{creditor}/pairs?cursor=abc")
    (entry,) = [e for e in map(json.loads, log.getvalue().splitlines()) if e["event"] == "request served"]
    metrics = (await client.get("/metrics")).text

    assert (entry["route"], entry["status"], entry["method"]) == ("/v1/creditors/{creditor_id}/pairs", 400, "GET")
    assert entry["sub"] == "user-1"
    assert creditor not in log.getvalue()
    assert creditor not in metrics
    assert 'arrears_http_requests_total{method="GET",route="/v1/creditors/{creditor_id}/pairs",status="400"}' in metrics


async def test_a_trace_goes_on_into_the_transaction(app: FastAPI, client: httpx.AsyncClient) -> None:
    seen: list[str | None] = []
    original = app.state.edge.read

    async def spy(fn: Any) -> Any:
        async def work(tx: Any) -> Any:
            seen.append(tx.context.traceparent)
            return await fn(tx)

        return await original(work)

    app.state.edge.read = spy
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    await client.get(f"/v1/creditors/{uuid4()}/pairs", headers=headers)

    assert [parent.split("-")[1] for parent in seen if parent] == [trace]


async def test_the_openapi_document_is_valid_and_declares_every_error(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    validate(document)

    operations = [op for path in document["paths"].values() for op in path.values()]
    assert {op["operationId"] for op in operations} >= {"make_pair", "list_pairs", "change_pair"}
    assert document["components"]["securitySchemes"]["bearer"] == {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of the issuer.",
    }
    for operation in operations:
        assert operation["security"] == [{"bearer": []}]
        assert {"401", "403", "500", "503"} <= operation["responses"].keys()
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"]
                for code in response["content"]["application/problem+json"]["examples"]:
                    assert PROBLEMS[code][0] == int(status)
    made = document["paths"]["/v1/pairs"]["post"]
    assert {"400", "404", "409", "413", "415", "422"} <= made["responses"].keys()
    conflict = made["responses"]["409"]["content"]["application/problem+json"]["examples"]
    assert {"arrangement-open", "idempotency-key-in-flight"} <= conflict.keys()
    assert made["x-required-scopes"] == ["payments:write"]
    assert (await client.get("/docs")).status_code == 200


async def test_pages_join_up(client: httpx.AsyncClient) -> None:
    creditor = str(uuid4())
    for number in range(7):
        await client.post("/v1/batched-pairs", json=NEW | {"creditor_id": creditor, "order": f"{number}"})
    found, cursor = [], ""
    while cursor is not None:
        query = f"?limit=3&cursor={cursor}" if cursor else "?limit=3"
        page = (await client.get(f"/v1/creditors/{creditor}/pairs{query}")).json()
        found += [item["order"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == [f"{number}" for number in range(7)]


async def test_readiness_looks_at_database_keys_and_draining_and_liveness_at_nothing(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    ready = await client.get("/readyz")
    assert ready.json() == {"status": "ready", "checks": {"database": True, "jwks": True}}
    app.state.draining.set()
    assert (await client.get("/readyz")).status_code == 503
    assert (await client.get("/healthz")).status_code == 200


async def test_without_database_and_keys_the_app_lives_and_is_not_ready(kernel_engine: AsyncEngine) -> None:
    broken = sample_app(kernel_engine, settings_for("http://127.0.0.1:1", "http://127.0.0.1:1/jwks"))
    transport = httpx.ASGITransport(broken)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"database": True, "jwks": False}
        assert (await client.get("/healthz")).status_code == 200
        refused = await client.get("/v1/stream", headers={"Authorization": "Bearer a.b.c"})
        assert_problem(refused, 503, "unavailable")
    await broken.state.edge.close()


async def test_cors_answers_the_origins_of_the_settings_only(kernel_engine: AsyncEngine, issuer: Issuer) -> None:
    settings = settings_for(issuer.url, issuer.jwks_url, cors_origins=("https://desk.example",))
    app = sample_app(kernel_engine, settings)
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        ours = await client.options("/v1/pairs", headers={"Origin": "https://desk.example"} | asked)
        other = await client.options("/v1/pairs", headers={"Origin": "https://evil.example"} | asked)
    assert ours.headers["Access-Control-Allow-Origin"] == "https://desk.example"
    assert "Access-Control-Allow-Origin" not in other.headers


async def frames(lines: AsyncIterator[str], count: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    frame: dict[str, str] = {}
    async with asyncio.timeout(10):
        async for line in lines:
            if line:
                name, _, value = line.partition(": ")
                frame |= {name: value} if name else {}
            elif frame:
                found.append(frame)
                frame = {}
                if len(found) == count:
                    break
    return found


async def tell(app: FastAPI, *numbers: int) -> None:
    insert = """
    INSERT INTO stream_log (event_id, topic, key, type, source, time, body)
    SELECT gen_random_uuid(), 'queue.item_entered', 'k', 't', '/accounts', now(), jsonb_build_object('n', n)::text
    FROM unnest($1::int[]) AS n
    """
    await run_chunk(app.state.engine, app.state.clock, lambda tx: tx.execute(insert, numbers))


async def test_a_stream_tells_what_comes_resumes_and_resets(
    app: FastAPI, server: Server, url: str, bearer: dict[str, str]
) -> None:
    assert server.started
    await tell(app, 1, 2)
    async with httpx.AsyncClient(base_url=url, headers=bearer) as client:
        async with client.stream("GET", "/v1/stream") as answer:  # a new client begins at the end of the log
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            lines = answer.aiter_lines()
            hello, start = await frames(lines, 2)
            assert "retry" in hello
        await tell(app, 3)
        resume = {"Last-Event-ID": start["id"]}  # it was cut off before its first event, and misses none
        async with client.stream("GET", "/v1/stream", headers=resume) as answer:
            _, third = await frames(answer.aiter_lines(), 2)
            assert (third["event"], third["data"]) == ("queue.item_entered", '{"n": 3}')
            assert int(third["id"]) == int(start["id"]) + 1
        async with client.stream("GET", "/v1/stream", headers={"Last-Event-ID": "99999"}) as answer:
            _, reset = await frames(answer.aiter_lines(), 2)
            assert (reset["event"], reset["id"]) == ("stream.reset", third["id"])
        refused = await client.get("/v1/stream", headers={"Last-Event-ID": "x"})
        assert_problem(refused, 422, "validation-error")


async def test_a_stream_ends_when_the_process_drains(
    app: FastAPI, server: Server, url: str, bearer: dict[str, str]
) -> None:
    async with (
        httpx.AsyncClient(base_url=url, headers=bearer) as client,
        client.stream("GET", "/v1/stream") as answer,
    ):
        app.state.draining.set()
        async with asyncio.timeout(5):
            assert "retry" in (await answer.aread()).decode()
    assert server.started
