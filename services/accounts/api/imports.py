"""The core's extract, streamed in; and per line what was refused or doubted."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status

from services.accounts.api.doors import SettingsOf
from services.accounts.handlers.import_chunk import StartImport
from services.accounts.handlers.import_snapshots import SnapshotImport
from services.accounts.queries import imports as queries
from services.accounts.schemas.imports import ImportOut, ImportStatusOut, LineIssueOut
from shared.db.transaction import Tx
from shared.errors import Problem
from shared.events.payload import BusinessDay
from shared.http.auth import Principal, requires
from shared.http.body_limit import STREAMED_BODY_BYTES
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.http.request_context import current_context
from shared.http.routes import EdgeOf, answered, visible, visible_creditor
from shared.http.transaction import Edge
from shared.jobs import run_chunk

router = APIRouter(prefix="/v1/imports", tags=["imports"])

T = TypeVar("T")
Reader = Annotated[Principal, Depends(requires("imports:read"))]
Writer = Annotated[Principal, Depends(requires("imports:write"))]
_FORMATS = {"text/csv": "csv", "application/x-ndjson": "ndjson", "application/ndjson": "ndjson"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}


@router.post(
    "/account-snapshots",
    status_code=status.HTTP_201_CREATED,
    responses={
        201: headers("Location"),
        **problems("creditor-unknown", "business-date-in-future", "header-invalid", "unsupported-media-type"),
    },
    openapi_extra=_BODY,
    max_body_size=STREAMED_BODY_BYTES,
)
async def import_account_snapshots(
    request: Request,
    response: Response,
    principal: Writer,
    edge: EdgeOf,
    settings: SettingsOf,
    *,
    creditor_id: UUID,
    business_date: Annotated[BusinessDay, Query(description="The last day whose postings the file holds completely.")],
    complete: Annotated[bool, Query(description="The file states every account: one that it lacks is absent.")] = False,
) -> ImportOut:
    """Read the core's extract. The same file again changes nothing; a bad line never stops the others."""
    visible_creditor(creditor_id, principal, field="creditor_id")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _FORMATS:
        raise Problem("unsupported-media-type", "Send text/csv or application/x-ndjson.")
    command = StartImport(creditor_id, business_date, complete, _FORMATS[media_type], principal.sub)
    reading = SnapshotImport(
        _chunks_of(request, edge), command, chunk_rows=settings.import_chunk_rows, version_epoch=settings.version_epoch
    )
    import_id, counts = answered(await reading.run(request.stream()))
    response.headers["Location"] = f"/v1/imports/{import_id}"
    return ImportOut(
        import_id=import_id,
        rows=counts.rows,
        opened=counts.opened,
        updated=counts.updated,
        unchanged=counts.unchanged,
        rejected=counts.rejected,
        absent=counts.absent,
        warnings=counts.warnings,
    )


@router.get("/{import_id}", responses=problems("import-unknown"))
async def get_import(import_id: UUID, principal: Reader, edge: EdgeOf) -> ImportStatusOut:
    """Read how far a file is, or what became of it."""
    return await _visible(edge, import_id, principal)


@router.get("/{import_id}/errors", responses=problems("import-unknown"))
async def list_import_errors(
    import_id: UUID, principal: Reader, edge: EdgeOf, cursor: CursorText = None, limit: Limit = 100
) -> Page[LineIssueOut]:
    """List the rejected lines of a file, one row for each, in the order of the file."""
    return await _issues(edge, import_id, principal, cursor, limit, is_error=True)


@router.get("/{import_id}/warnings", responses=problems("import-unknown"))
async def list_import_warnings(
    import_id: UUID, principal: Reader, edge: EdgeOf, cursor: CursorText = None, limit: Limit = 100
) -> Page[LineIssueOut]:
    """List what is doubtful about lines that were taken, in the order of the file."""
    return await _issues(edge, import_id, principal, cursor, limit, is_error=False)


async def _issues(
    edge: Edge, import_id: UUID, principal: Principal, cursor: str | None, limit: int, *, is_error: bool
) -> Page[LineIssueOut]:
    await _visible(edge, import_id, principal)
    line, nth = decode_cursor(cursor, int, int) if cursor else (-1, -1)
    rows = await edge.read(
        lambda tx: queries.list_issues(tx, import_id, is_error=is_error, after=(line, nth), limit=limit + 1)
    )
    kept = rows[:limit]
    next_cursor = encode_cursor(kept[-1][0].line, kept[-1][1]) if len(rows) > limit else None
    return Page(items=[row for row, _ in kept], next_cursor=next_cursor)


async def _visible(edge: Edge, import_id: UUID, principal: Principal) -> ImportStatusOut:
    return visible(await edge.read(lambda tx: queries.get_import(tx, import_id)), principal, "import")


def _chunks_of(request: Request, edge: Edge) -> Callable[[Callable[[Tx], Awaitable[T]]], Awaitable[T]]:
    """Runs each chunk in a transaction of its own, and wakes the relay after it."""
    context, after_commit = current_context(), request.app.state.after_commit

    async def run(fn: Callable[[Tx], Awaitable[T]]) -> T:
        return await run_chunk(edge.engine, edge.clock, fn, context=context, after_commit=after_commit)

    return run
