"""A service with no domain, on the kernel's tables: every part of the edge behind a route of its own."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock, SystemClock
from shared.db.locks import Locks
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.http.app import create_app
from shared.http.auth import Principal, requires
from shared.http.body_limit import STREAMED_BODY_BYTES
from shared.http.etag import IfMatch
from shared.http.free_text import FreeText
from shared.http.idempotency import OptionalKey, RequiredKey
from shared.http.micro_batcher import MicroBatcher
from shared.http.openapi import problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.stream import LastEventId, event_stream
from shared.http.transaction import Edge
from shared.messaging.live import LiveLog
from shared.settings import ServiceSettings

Writer = Annotated[Principal, Depends(requires("payments:write"))]
Reader = Annotated[Principal, Depends(requires("payments:read"))]

INSERT = 'INSERT INTO pair (creditor_id, "order", value) VALUES ($1, $2, $3)'


class NewPair(BaseModel):
    creditor_id: UUID
    order: str = Field(min_length=1, examples=["first"])
    value: int = Field(ge=1, le=2**70, examples=[12550])
    note: FreeText = ""


class Pair(BaseModel):
    order: str
    value: int


router = APIRouter(prefix="/v1", tags=["pairs"])


def edge_of(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


@router.post("/pairs", status_code=201, responses=problems("account-unknown", "arrangement-open"))
async def make_pair(request: Request, pair: NewPair, principal: Writer, key: RequiredKey) -> Pair:
    async def work(tx: Tx) -> Pair | Refusal:
        if not principal.may_see(pair.creditor_id):
            return Refusal("account-unknown", "There is no such account.")
        await tx.execute(INSERT, pair.creditor_id, pair.order, pair.value)
        if pair.value == 13:
            return Refusal("arrangement-open", "Thirteen is refused, after it was written.")
        return Pair(order=pair.order, value=pair.value)

    return await edge_of(request).run(
        work,
        principal=principal,
        idempotency=key,
        locks=Locks(accounts=frozenset({pair.creditor_id})),
        location=lambda made: f"/v1/pairs/{made.order}",
    )


@router.post("/batched-pairs", status_code=201)
async def make_batched_pair(request: Request, pair: NewPair, principal: Writer, key: OptionalKey) -> Pair:
    batcher: MicroBatcher[NewPair, Pair] = request.app.state.batcher
    return await batcher.submit(pair, principal=principal, idempotency=key)


async def make_pairs(tx: Tx, commands: Sequence[NewPair]) -> Sequence[Pair | Refusal]:
    accepted = [pair for pair in commands if pair.value != 13]
    await tx.execute(
        'INSERT INTO pair (creditor_id, "order", value) SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[])',
        [pair.creditor_id for pair in accepted],
        [pair.order for pair in accepted],
        [pair.value for pair in accepted],
    )
    return [
        Refusal("arrangement-open", "Thirteen is refused.")
        if pair.value == 13
        else Pair(order=pair.order, value=pair.value)
        for pair in commands
    ]


@router.get("/creditors/{creditor_id}/pairs", responses=problems("creditor-unknown"))
async def list_pairs(
    request: Request, creditor_id: UUID, principal: Reader, limit: Limit = 50, cursor: CursorText = None
) -> Page[Pair]:
    if not principal.may_see(creditor_id):
        raise Problem("creditor-unknown", "There is no such creditor.")
    after = decode_cursor(cursor, str)[0] if cursor else ""

    async def work(tx: Tx) -> list[Pair]:
        sql = 'SELECT "order", value FROM pair WHERE creditor_id = $1 AND "order" > $2 ORDER BY "order" LIMIT $3'
        return [Pair(**row) for row in await tx.fetch(sql, creditor_id, after, limit + 1)]

    return page_of(await edge_of(request).read(work), limit, lambda pair: encode_cursor(pair.order))


@router.put("/pairs/{order}")
async def change_pair(order: str, if_match: IfMatch, principal: Writer) -> Pair:
    if_match.check(7)
    return Pair(order=order, value=len(principal.sub))


@router.post("/imports", max_body_size=STREAMED_BODY_BYTES)
async def import_bytes(request: Request, principal: Writer, content_type: Annotated[str, Header()]) -> dict[str, int]:
    if content_type != "text/csv":
        raise Problem("unsupported-media-type", "Send text/csv.")
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return {"bytes": size, "sub": len(principal.sub)}


@router.get("/failures/{kind}")
async def fail(request: Request, kind: str, principal: Reader) -> Response:
    if kind == "database":
        await edge_of(request).read(lambda tx: tx.fetchval("SELECT 1 / 0"))
    if kind == "text":
        await edge_of(request).read(lambda tx: tx.fetchval("SELECT $1::text", "nul\0"))
    raise ValueError(f"Jane Doe said {principal.sub}")


@router.get("/stream")
async def stream(request: Request, principal: Reader, last_event_id: LastEventId = None) -> Response:
    return event_stream(request, ["queue.item_entered"], principal=principal, last_event_id=last_event_id)


def settings_for(issuer_url: str, jwks_url: str, **changed: Any) -> ServiceSettings:
    return ServiceSettings.model_validate(
        {
            "database_url": "postgresql://nobody@127.0.0.1:1/none",
            "kafka_bootstrap_servers": "127.0.0.1:1",
            "jwks_url": jwks_url,
            "jwt_issuer": issuer_url,
            "port": 0,
        }
        | changed
    )


def sample_app(
    engine: AsyncEngine, settings: ServiceSettings, *, clock: Clock | None = None, routers: Sequence[APIRouter] = ()
) -> FastAPI:
    app = create_app(
        title="sample",
        version="1.0.0",
        routers=[router, *routers],
        settings=settings,
        engine=engine,
        clock=clock or SystemClock(),
        assert_database=False,
    )
    app.state.live = LiveLog(engine, poll_s=0.01)
    app.state.batcher = MicroBatcher(
        app.state.edge,
        make_pairs,
        lambda pair: Locks(accounts=frozenset({pair.creditor_id})),
        location=lambda made: f"/v1/pairs/{made.order}",
    )
    return app
