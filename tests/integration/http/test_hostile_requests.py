"""Every route of every service answers whatever is sent with a problem that it declares, and never with a failure."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from deploy.contracts import _NOWHERE, SERVICES
from deploy.local.issuer import Issuer
from shared.http.roles import ROLES
from tests.conftest import GetEngine

SAMPLES: dict[str, Any] = {"uuid": str(UUID(int=1)), "date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z"}
CARD = "4111111111111111"
STREAM = "/v1/queues/stream"

BAD_LEAVES = (
    r'"a\u0000b"',
    r'"\ud800"',
    r'"\udc00\ud800"',
    '"' + "x" * 100_000 + '"',
    "NaN",
    "-Infinity",
    "1e400",
    "1" + "0" * 400,
    str(2**63),
    str(-(2**63) - 1),
    "-1",
    "0.1",
    "true",
    "null",
    "[]",
    "{}",
    '"0000-00-00"',
    '"0001-01-01"',
    '"9999-12-31"',
    '"9999-12-31T23:59:59-23:59"',
    '"0001-01-01T00:00:00+23:59"',
    '"2026-02-30"',
    f'"{CARD}"',
)
BAD_BODIES = (
    b"",
    b"{",
    b"nul",
    b"NaN",
    b'"',
    b"[]",
    b"[" * 500_000,
    b'{"a":' * 100_000,
    b"[" * 500 + b"]" * 500,
    b"\xff\xfe{}",
    b'{"a": "\xff"}',
    b"1" * 10_000,
    b'{"a":1,"a":2}',
    b"\xef\xbb\xbf{}",
)
BAD_TEXTS = (
    "%00",
    "%ff%fe",
    "%ed%a0%80",
    "a" * 3000,
    "-1",
    "1" + "0" * 400,
    "NaN",
    "9999-12-31",
    "0000-00-00",
    "%20",
    "'--",
)


class Surface:
    """One service: its app, its document, and a client that may do everything."""

    def __init__(self, app: FastAPI, http: httpx.AsyncClient) -> None:
        self.http = http
        self.document = app.openapi()
        self.wrong: list[str] = []

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if path != STREAM:
                    yield path, method.upper(), operation

    async def check(self, method: str, path: str, operation: dict[str, Any], url: str, **sent: Any) -> httpx.Response:
        headers = {"Idempotency-Key": "k", "If-Match": '"1"'} | sent.pop("headers", {})
        answer = await self.http.request(method, url, headers=headers, **sent)
        wrong = []
        if str(answer.status_code) not in operation["responses"] or answer.status_code == 500:
            wrong.append("status")
        if answer.status_code >= 400 and answer.headers["Content-Type"] != "application/problem+json":
            wrong.append("no problem")
        if answer.status_code >= 400 and CARD in answer.text:
            wrong.append("a card number comes back")
        if wrong:
            self.wrong.append(
                f"{wrong} {method} {path}: {answer.status_code} {answer.text[:120]} {url[:99]} {str(sent)[:60]}"
            )
        return answer

    def sample(self, schema: dict[str, Any], depth: int = 0) -> Any:
        """A document that fits a schema in its shape, with every field."""
        while not schema.keys().isdisjoint(("$ref", "anyOf", "oneOf", "allOf")):
            name = schema.get("$ref", "").rpartition("/")[2]
            choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or [{}]
            schema = self.document["components"]["schemas"][name] if name else choices[0]
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        kind = schema.get("type")
        if kind == "object" and depth < 8:
            return {name: self.sample(field, depth + 1) for name, field in schema.get("properties", {}).items()}
        if kind == "array":
            return [self.sample(schema.get("items", {}), depth + 1)] if depth < 8 else []
        if kind == "string":
            pattern = "USD" if "[A-Z]{3}" in schema.get("pattern", "") else "abc"
            return (schema.get("examples") or [SAMPLES.get(schema.get("format", ""), pattern)])[0]
        return {"integer": 100, "number": 1, "boolean": True}.get(str(kind), {})


def leaves(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(document, (dict, list)) and document:
        pairs = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in pairs:
            yield from leaves(value, (*path, key))
    else:
        yield path


def with_leaf(document: Any, path: tuple[Any, ...], text: str) -> bytes:
    """The JSON of a document with one of its leaves written as `text`, which need not be JSON."""
    if not path:
        return text.encode()
    copy = json.loads(json.dumps(document))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = "@@leaf@@"
    return json.dumps(copy).replace('"@@leaf@@"', text).encode()


def url_of(path: str, operation: dict[str, Any], *, name: str | None = None, text: str = "") -> str:
    """The address of an operation with samples in its path and required query, and `text` in place of one of them."""
    query = []
    for parameter in operation.get("parameters", []):
        sample = str(SAMPLES.get(parameter["schema"].get("format", ""), "abc"))
        value = text if parameter["name"] == name else quote(sample)
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", value)
        elif parameter["in"] == "query" and (parameter.get("required") or parameter["name"] == name):
            query.append(f"{parameter['name']}={value}")
    return path + ("?" + "&".join(query) if query else "")


@pytest_asyncio.fixture(params=[service.name for service in SERVICES])
async def surface(request: pytest.FixtureRequest, service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Surface]:
    service = next(one for one in SERVICES if one.name == request.param)
    engine = await service_engine(service.name)
    known = {
        "database_url": engine.url.render_as_string(hide_password=False),
        "jwks_url": issuer.jwks_url,
        "jwt_issuer": issuer.url,
    }
    settings = service.settings(**_NOWHERE | known)
    create: Any = service.create_api  # with the test's own database
    app: FastAPI = create(settings, engine=engine)
    token = issuer.mint(ROLES, sub="user-1")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://service",
        headers={"Authorization": f"Bearer {token}"},
    ) as http:
        made = Surface(app, http)
        yield made
        assert made.wrong == []
    await app.state.edge.close()


def json_body(operation: dict[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (
        operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    )
    return found


JSON = {"Content-Type": "application/json"}


async def test_bodies_that_are_no_json_of_the_schema(surface: Surface) -> None:
    for path, method, operation in surface.operations():
        if "requestBody" not in operation:
            continue
        url = url_of(path, operation)
        for body in BAD_BODIES:
            answer = await surface.check(method, path, operation, url, content=body, headers=JSON)
            assert answer.status_code >= 400 or json_body(operation) is None or body.endswith(b"{}")
        for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""):
            sent = {"Content-Type": media_type}
            answer = await surface.check(method, path, operation, url, content=b'{"a": 1}', headers=sent)
            assert answer.status_code >= 400


async def test_fields_that_hold_what_no_field_should(surface: Surface) -> None:
    for path, method, operation in surface.operations():
        schema = json_body(operation)
        if schema is None:
            continue
        document, url = surface.sample(schema), url_of(path, operation)
        for place in leaves(document):
            for text in BAD_LEAVES:
                body = with_leaf(document, place, text)
                await surface.check(method, path, operation, url, content=body, headers=JSON)


async def test_paths_and_queries_that_hold_what_no_parameter_should(surface: Surface) -> None:
    for path, method, operation in surface.operations():
        schema = json_body(operation)
        sent: dict[str, Any] = {"json": surface.sample(schema)} if schema else {}
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "header":
                continue
            for text in BAD_TEXTS:
                url = url_of(path, operation, name=parameter["name"], text=text)
                await surface.check(method, path, operation, url, **sent)


async def test_headers_that_hold_what_no_header_should(surface: Surface) -> None:
    for path, method, operation in surface.operations():
        schema = json_body(operation)
        sent: dict[str, Any] = {"json": surface.sample(schema)} if schema else {}
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "header":
                for value in (b"\xff\xfe", b"x" * 5000, b" ", b'W/"1"', b"-1"):
                    headers: Any = {parameter["name"].encode(): value}
                    url = url_of(path, operation)
                    await surface.check(method, path, operation, url, headers=headers, **sent)


async def test_a_method_that_a_path_does_not_take_is_405(surface: Surface) -> None:
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE"}
    for path, taken in surface.document["paths"].items():
        others = (re.sub(r"{\w+}", "[^/]+", other) for other in surface.document["paths"] if other != path)
        if any(re.fullmatch(other, path) for other in others):
            continue  # another method reaches the path of a thing with this name
        operation = next(iter(taken.values()))
        for method in methods - {name.upper() for name in taken}:
            answer = await surface.check(method, path, operation, url_of(path, operation))
            assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed"), (method, path)
            assert answer.headers["Allow"] == ", ".join(sorted(name.upper() for name in taken)), path
