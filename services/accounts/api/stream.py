"""Queue changes as they happen, by Server-Sent Events. Declared before the queues: `stream` is no code of a queue."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from shared.http.auth import Principal, requires
from shared.http.openapi import problems
from shared.http.stream import EventStream, LastEventId, event_stream

router = APIRouter(prefix="/v1/queues", tags=["queues"])

TOPICS = ("queue.item_entered", "queue.item_exited", "queue.item_assigned")

Reader = Annotated[Principal, Depends(requires("queues:read"))]


@router.get(
    "/stream",
    status_code=200,
    response_class=EventStream,
    responses={**problems("validation-error"), 200: {"content": {"text/event-stream": {}}}},
)
async def stream_queues(request: Request, principal: Reader, last_event_id: LastEventId = None) -> Response:
    """Stream the queue changes of the token's creditors: from now on, or after the event of `Last-Event-ID`.

    `event` is `queue.item_entered`, `queue.item_exited` or `queue.item_assigned` (without `assigned_to`: given back),
    `data` the JSON of the change. `stream.reset`: the id is too old or unknown; read the lists again. A block with an
    `id` and no data says where a silent stream stands: resume from it. The stream ends when the token expires.
    """
    return event_stream(request, TOPICS, principal=principal, last_event_id=last_event_id)
