"""The automated dialer over HTTP: a list of whom to call, a check before each call, and results in batches."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from starlette.responses import StreamingResponse

from services.contact.api.attempts import PLACING_PROBLEMS
from services.contact.api.doors import DeskOf, once
from services.contact.handlers import dial
from services.contact.handlers.answer_attempts import shown
from services.contact.handlers.attempting import attempt
from services.contact.handlers.build_dial_list import NewList, request_list
from services.contact.handlers.place_attempts import PlaceAttempt, locks_of
from services.contact.queries import dialing as reads
from services.contact.schemas.attempts import AttemptMade
from services.contact.schemas.dialing import (
    DialListRequest,
    DialListView,
    DialRecord,
    DialResultsRequest,
    DialResultsTaken,
    DialResultTold,
)
from services.contact.store.dialing import page_of_records
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.http.auth import Principal, requires
from shared.http.idempotency import OptionalKey, RequiredKey
from shared.http.openapi import headers, problems
from shared.http.routes import EdgeOf, answered, run_and_show
from shared.http.transaction import Edge

router = APIRouter(prefix="/v1/dial-lists", tags=["dial lists"])

Maker = Annotated[Principal, Depends(requires("dial_lists:write"))]
Reader = Annotated[Principal, Depends(requires("dial_lists:read"))]
Dialer = Annotated[Principal, Depends(requires("dial_results:write"))]
_PAGE = 1000
_NDJSON = "application/x-ndjson"


@router.post("", status_code=202, responses={202: headers("Location"), **problems("queue-unknown")})
async def make_dial_list(
    request: DialListRequest, principal: Maker, key: OptionalKey, edge: EdgeOf, response: Response
) -> DialListView:
    """Have a list built from a work queue: whoever may be called now, or soon, the best of the queue first."""
    command = NewList(request.queue, request.size, principal.creditors, principal.sub, tuple(sorted(request.traits)))
    return await run_and_show(
        edge,
        lambda tx: request_list(tx, command),
        reads.get_list,
        principal=principal,
        idempotency=key,
        location=lambda view: f"/v1/dial-lists/{view.dial_list_id}",
        response=response,
    )


@router.get("/{dial_list_id}", responses=problems("dial-list-unknown"))
async def get_dial_list(dial_list_id: UUID, principal: Reader, edge: EdgeOf) -> DialListView:
    """Show a list: `ready` when its records can be read."""
    found = await edge.read(lambda tx: reads.get_list(tx, dial_list_id))
    if found is None or not await _reaches(edge, principal, dial_list_id):
        raise Problem("dial-list-unknown", "There is no such dial list.")
    return found


async def _reaches(edge: Edge, principal: Principal, dial_list_id: UUID) -> bool:
    """A list is for whoever reaches all the creditors that it was made for."""
    made_for = await edge.read(
        lambda tx: tx.fetchval("SELECT creditors FROM dial_list WHERE dial_list_id = $1", dial_list_id)
    )
    if principal.creditors is None:
        return True
    return made_for is not None and {UUID(creditor) for creditor in made_for} <= principal.creditors


@router.get(
    "/{dial_list_id}/records",
    responses={**problems("dial-list-unknown"), 200: {"content": {_NDJSON: {"schema": {"type": "string"}}}}},
    response_class=StreamingResponse,
)
async def stream_dial_records(dial_list_id: UUID, principal: Reader, edge: EdgeOf) -> StreamingResponse:
    """Stream the records that may still be dialled, one JSON object a line. No number is among them."""
    await get_dial_list(dial_list_id, principal, edge)
    return StreamingResponse(_lines(edge, dial_list_id), media_type=_NDJSON)


async def _lines(edge: Edge, dial_list_id: UUID) -> AsyncIterator[bytes]:
    after = 0
    while True:
        rows = await edge.read(lambda tx, after=after: page_of_records(tx, dial_list_id, after, _PAGE))  # type: ignore[misc]
        for row in rows:
            record = DialRecord.model_validate({name: row[name] for name in DialRecord.model_fields})
            yield record.model_dump_json().encode() + b"\n"
        if len(rows) < _PAGE:
            return
        after = rows[-1]["position"]


@router.post(
    "/{dial_list_id}/records/{record_id}/check",
    status_code=201,
    responses=problems(*PLACING_PROBLEMS, "dial-list-unknown", "dial-record-unknown", "dial-record-used"),
)
async def check_dial_record(
    *, dial_list_id: UUID, record_id: UUID, principal: Dialer, key: RequiredKey, desk: DeskOf
) -> AttemptMade:
    """Release a record: a permit is asked for, the attempt counts, and the number is given. Dial it now, once.

    403 `contact-blocked`: do not dial; the record may be checked again later.
    """

    async def submit(command: PlaceAttempt) -> AttemptMade:
        async def step(tx: Tx) -> AttemptMade | Refusal:
            return await shown(tx, desk.settings, await dial.release(tx, record_id, command))

        return await desk.edge.run(step, principal=principal, idempotency=key, locks=locks_of(command))

    async def work(wish: str) -> AttemptMade:
        row = answered(await desk.edge.read(lambda tx: dial.find_record(tx, principal, dial_list_id, record_id)))
        try:
            return await attempt(desk.permits, submit, principal, dial.placing_of(row), wish, is_dialer=True)
        except Problem as problem:
            if problem.code == "contact-blocked":
                blocked = problem
                await desk.edge.run(lambda tx: dial.keep_block(tx, record_id, blocked), principal=principal)
            raise

    return await once(desk, principal, key, work)


@router.post("/{dial_list_id}/results", responses=problems("dial-list-unknown"))
async def take_dial_results(
    dial_list_id: UUID, request: DialResultsRequest, principal: Dialer, edge: EdgeOf
) -> DialResultsTaken:
    """Take what came of released records. Each is kept once, however often it is sent; each is answered by itself."""
    results = [dial.DialResult(one.record_id, one.result_code, one.at) for one in request.results]

    async def step(tx: Tx) -> DialResultsTaken:
        told = await dial.take_results(tx, principal, dial_list_id, results)
        return DialResultsTaken(
            results=[
                DialResultTold(record_id=result.record_id, told=word)
                for result, word in zip(results, told, strict=True)
            ]
        )

    return await edge.run(step, principal=principal)
