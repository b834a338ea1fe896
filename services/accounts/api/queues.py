"""Queue definitions as data, with what is in each; the work list of one; the preview of a change."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response

from services.accounts.domain.actor import Actor
from services.accounts.domain.queues import CODE
from services.accounts.handlers import put_queue as putting
from services.accounts.queries import queues as queries
from services.accounts.schemas.queues import QueueIn, QueueOut, QueuePreview
from services.accounts.schemas.work_items import WorkItemOut
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.http.auth import Principal, requires
from shared.http.etag import OptionalIfMatch, set_etag
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import EdgeOf, answered

router = APIRouter(prefix="/v1/queues", tags=["queues"])

Reader = Annotated[Principal, Depends(requires("queues:read"))]
Editor = Annotated[Principal, Depends(requires("queues:write"))]
Code = Annotated[str, Path(max_length=48, examples=["early_stage"], json_schema_extra={"pattern": f"^{CODE.pattern}$"})]
_INVALID = (
    "queue-code-invalid",
    "queue-definition-invalid",
    "priority-invalid",
    "predicate-invalid",
    "predicate-too-large",
    "predicate-field-unknown",
    "predicate-operator-invalid",
    "predicate-value-invalid",
)


def _actor(principal: Principal) -> Actor:
    return Actor(principal.sub, principal.creditors)


@router.get("")
async def list_queues(principal: Reader, edge: EdgeOf) -> Page[QueueOut]:
    """List all queues in rank order, with depth and amounts of the token's creditors."""
    return Page(items=await edge.read(lambda tx: queries.list_queues(tx, _actor(principal))))


@router.get("/{code}", responses={200: headers("ETag"), **problems("queue-unknown")})
async def get_queue(code: Code, principal: Reader, edge: EdgeOf, response: Response) -> QueueOut:
    """Show a queue. Its ETag is what a change of it needs."""
    found = answered(await edge.read(lambda tx: queries.get_queue(tx, code, _actor(principal))))
    set_etag(response, found.version)
    return found


@router.put(
    "/{code}",
    responses={
        **problems(
            *_INVALID,
            "creditor-unknown",
            "forbidden",
            "queue-limit-reached",
            "precondition-required",
            "precondition-failed",
        ),
        200: headers("ETag"),
        201: {"description": "The queue is new.", "model": QueueOut, **headers("ETag", "Location")},
    },
)
async def put_queue(
    *,
    code: Code,
    request: QueueIn,
    principal: Editor,
    edge: EdgeOf,
    precondition: OptionalIfMatch,
    response: Response,
) -> QueueOut:
    """Make or change a queue. The book is judged by it at once for every event, and as a whole in the background.

    A change needs the ETag that was read, as If-Match. A queue that nothing matches (`{"any": []}`) is closed.
    """
    actor = _actor(principal)

    async def step(tx: Tx) -> tuple[QueueOut, bool] | Refusal:
        stored = await putting.put_queue(
            tx,
            code,
            request.model_dump(mode="json", exclude={"creditor_id"}),
            actor,
            creditor_id=request.creditor_id,
            check_version=precondition.check if precondition else None,
        )
        if isinstance(stored, Refusal):
            return stored
        return (await queries.queues_out(tx, [(stored.definition, stored.version)], actor))[0], stored.is_new

    queue, is_new = await edge.run(step, principal=principal)
    set_etag(response, queue.version)
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/v1/queues/{code}"
    return queue


@router.post("/{code}/preview", responses=problems(*_INVALID))
async def preview_queue(code: Code, request: QueueIn, principal: Editor, edge: EdgeOf) -> QueuePreview:
    """Count what a changed definition would match and move, at the creditors' business dates. Nothing is written."""
    raw = request.model_dump(mode="json", exclude={"creditor_id"})
    return answered(
        await edge.read(
            lambda tx: queries.preview_queue(tx, code, raw, _actor(principal), creditor_id=request.creditor_id)
        )
    )


@router.get("/{code}/items", responses=problems("queue-unknown", "cursor-invalid"))
async def list_queue_items(
    code: Code, principal: Reader, edge: EdgeOf, cursor: CursorText = None, limit: Limit = 50
) -> Page[WorkItemOut]:
    """List the work of a queue, the best first; leased and withheld items stand among the others."""
    after: tuple[int, UUID] | None = decode_cursor(cursor, int, UUID) if cursor else None
    rows = answered(
        await edge.read(lambda tx: queries.list_items(tx, code, _actor(principal), after=after, limit=limit + 1))
    )
    return page_of(rows, limit, lambda item: encode_cursor(item.priority, item.work_item_id))
