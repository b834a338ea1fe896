"""Queue changes as they happen, by Server-Sent Events. Declared before the queues: `stream` is no code of a queue."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from shared.http.auth import Principal, requires
from shared.http.openapi import problems
from shared.http.stream import LastEventId, StreamBatch, StreamEvent, event_stream
from shared.messaging.stream import read_stream

router = APIRouter(prefix="/v1/queues", tags=["queues"])

TOPICS = ("queue.item_entered", "queue.item_exited", "queue.item_assigned")

Reader = Annotated[Principal, Depends(requires("queues:read"))]


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={**problems("validation-error"), 200: {"content": {"text/event-stream": {}}}},
)
async def stream_queues(request: Request, principal: Reader, last_event_id: LastEventId = None) -> StreamingResponse:
    """Stream the queue changes of the token's creditors: from now on, or after the event of `Last-Event-ID`.

    `event` is `queue.item_entered`, `queue.item_exited` or `queue.item_assigned` (without `assigned_to`: given back),
    `data` the JSON of the change. `stream.reset`: the id is too old or unknown; read the lists again.
    """

    async def read(after: int | None) -> StreamBatch:
        page = await read_stream(request.app.state.engine, TOPICS, after, principal.creditors)
        events = [StreamEvent(event.position, event.topic, event.body) for event in page.events]
        return StreamBatch(events, page.position, page.is_reset)

    return event_stream(request, read, principal=principal, last_event_id=last_event_id)
