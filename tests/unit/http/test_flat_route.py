"""A flat route answers as the framework's own does, whatever comes."""

from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from shared.http import problem
from shared.http.auth import Principal, requires
from shared.http.flat_route import FlatRoute
from shared.http.idempotency import OptionalKey, RequiredKey


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    amount_minor: int = Field(gt=0, strict=True)


class Receipt(BaseModel):
    name: str
    key: str | None
    who: str


class _Authenticator:
    async def principal(self, token: str) -> Principal:
        return Principal(token, frozenset({"payments:write"} if token == "clerk" else ()))


def _app(route_class: type[APIRoute]) -> FastAPI:
    router = APIRouter(route_class=route_class)
    writer = Annotated[Principal, Depends(requires("payments:write"))]

    @router.post("/required", status_code=201)
    async def required(body: Order, principal: writer, key: RequiredKey) -> Receipt:
        return Receipt(name=body.name, key=key.key, who=principal.sub)

    @router.post("/optional")
    async def optional(body: Order, principal: writer, key: OptionalKey) -> Receipt:
        return Receipt(name=body.name, key=key.key if key else None, who=principal.sub)

    @router.post("/queried")
    async def queried(body: Order, principal: writer, times: Annotated[int, Query(ge=1)]) -> Receipt:
        return Receipt(name=body.name * times, key=None, who=principal.sub)

    app = FastAPI()
    app.state.authenticator = _Authenticator()
    problem.install(app)
    app.include_router(router)
    return app


FLAT, PLAIN = _app(FlatRoute), _app(APIRoute)
ORDER = '{"name": "Łódź", "amount_minor": 5}'
BODIES: dict[str, bytes] = {
    "valid": ORDER.encode(),
    "utf-16": ORDER.encode("utf-16"),
    "cut": ORDER[:-1].encode(),
    "empty": b"",
    "null": b"null",
    "list": b"[1]",
    "unknown field": b'{"name": "a", "amount_minor": 5, "extra": 1}',
    "twice": b'{"name": "a", "name": "b", "amount_minor": 5}',
    "wrong types": b'{"name": 5, "amount_minor": "5"}',
    "fraction": b'{"name": "a", "amount_minor": 5.0}',
    "not a number": b'{"name": "a", "amount_minor": NaN}',
    "lone surrogate": b'{"name": "\\ud800", "amount_minor": 5}',
    "no text": b'{"name": "\xff", "amount_minor": 5}',
}
HEADERS: dict[str, dict[str, str]] = {
    "as it should be": {"Authorization": "Bearer clerk", "Idempotency-Key": "k-1", "Content-Type": "application/json"},
    "charset": {
        "Authorization": "Bearer clerk",
        "Idempotency-Key": "k-1",
        "Content-Type": "application/json; charset=utf-8",
    },
    "text": {"Authorization": "Bearer clerk", "Idempotency-Key": "k-1", "Content-Type": "text/plain"},
    "no type": {"Authorization": "Bearer clerk", "Idempotency-Key": "k-1"},
    "no key": {"Authorization": "Bearer clerk", "Content-Type": "application/json"},
    "bad key": {"Authorization": "Bearer clerk", "Idempotency-Key": "k 1", "Content-Type": "application/json"},
    "no token": {"Idempotency-Key": "k-1", "Content-Type": "application/json"},
    "no right": {"Authorization": "Bearer guest", "Idempotency-Key": "k-1", "Content-Type": "application/json"},
}


@pytest.mark.parametrize("path", ["/required", "/optional", "/queried?times=2", "/queried"])
@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
async def test_the_answer_is_the_one_of_the_framework(path: str, headers: dict[str, str]) -> None:
    for name, body in BODIES.items():
        flat, plain = [await _post(app, path, headers, body) for app in (FLAT, PLAIN)]
        assert (flat.status_code, flat.headers, flat.content) == (plain.status_code, plain.headers, plain.content), name


def test_the_document_is_the_one_of_the_framework() -> None:
    assert FLAT.openapi() == PLAIN.openapi()


async def test_a_valid_request_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    get_route_handler = APIRoute.get_route_handler

    def counted(route: APIRoute) -> Any:
        whole = get_route_handler(route)

        async def handle(request: Request) -> Any:
            taken.append(request.url.path)
            return await whole(request)

        return handle

    monkeypatch.setattr(APIRoute, "get_route_handler", counted)
    app = _app(FlatRoute)
    for path in ("/required", "/optional", "/queried?times=2"):
        (await _post(app, path, HEADERS["as it should be"], BODIES["valid"])).raise_for_status()
    assert taken == ["/queried"]


async def _post(app: FastAPI, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.post(path, content=body, headers=headers)
