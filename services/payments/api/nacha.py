"""Nacha return files over HTTP: a file in, its report out, entry by entry."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status

from services.payments.domain.nacha.reader import NachaFile, read
from services.payments.domain.nacha.records import Fault
from services.payments.handlers.import_returns import ImportReturns, import_returns
from services.payments.queries import nacha as queries
from services.payments.schemas.nacha import NachaEntryView, NachaReport, NachaResult
from shared.errors import Problem
from shared.http.auth import Principal, requires
from shared.http.body_limit import MAX_BODY
from shared.http.idempotency import RequiredKey
from shared.http.openapi import headers, problems
from shared.http.pagination import CursorText, Limit, Page, decode_cursor, encode_cursor, page_of
from shared.http.problem import problem_response
from shared.http.routes import EdgeOf, visible, visible_creditor

router = APIRouter(prefix="/v1/imports/nacha-returns", tags=["nacha"])

MAX_FILE_BYTES = 4 * 1024 * 1024
"""One file is one transaction, so its size is limited: 4 MiB hold some 22,000 returned entries."""

Reader = Annotated[Principal, Depends(requires("payments:read"))]
Writer = Annotated[Principal, Depends(requires("nacha:write"))]
_BODY: dict[str, Any] = {
    MAX_BODY: MAX_FILE_BYTES,
    "requestBody": {
        "required": True,
        "content": {
            "text/plain": {"schema": {"type": "string"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    },
}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=NachaReport,
    responses={
        200: {"model": NachaReport, "description": "The same content was taken before", **headers("Location")},
        201: headers("Location"),
        **problems("creditor-unknown", "nacha-file-invalid"),
    },
    openapi_extra=_BODY,
)
async def import_nacha_returns(
    request: Request, response: Response, principal: Writer, key: RequiredKey, edge: EdgeOf, *, creditor_id: UUID
) -> NachaReport | Response:
    """Apply a return file, all of it or nothing. The same file again moves no money twice (200, not 201)."""
    visible_creditor(creditor_id, principal, field="creditor_id")
    content = await request.body()
    file = await asyncio.to_thread(read, content)
    if not isinstance(file, NachaFile):
        return _invalid(file)
    command = ImportReturns(creditor_id, sha256(content).digest(), file, principal.sub)
    report = await edge.run(
        lambda tx: import_returns(tx, command), principal=principal, idempotency=key, location=_location
    )
    response.headers["Location"] = _location(report)
    if report.is_repeated:
        response.status_code = status.HTTP_200_OK
    return report


@router.get("/{file_id}", responses=problems("nacha-file-unknown"))
async def get_nacha_returns(file_id: UUID, principal: Reader, edge: EdgeOf) -> NachaReport:
    """Read the report of a file, with all its entries."""
    return visible(await edge.read(lambda tx: queries.get_report(tx, file_id)), principal, "nacha-file")


@router.get("/{file_id}/entries", responses=problems("nacha-file-unknown"))
async def list_nacha_return_entries(
    *,
    file_id: UUID,
    principal: Reader,
    edge: EdgeOf,
    result: Annotated[NachaResult | None, Query(description="Only the entries with this result.")] = None,
    cursor: CursorText = None,
    limit: Limit = 100,
) -> Page[NachaEntryView]:
    """List the entries of a file in its order: what is `unmatched`, `ambiguous` or `reported` is for a person."""
    after = decode_cursor(cursor, int)[0] if cursor else 0
    creditor_id = await edge.read(lambda tx: queries.creditor_of(tx, file_id))
    if creditor_id is None or not principal.may_see(creditor_id):
        raise _unknown()
    rows = await edge.read(lambda tx: queries.list_entries(tx, file_id, result=result, after=after, limit=limit + 1))
    return page_of(rows, limit, lambda row: encode_cursor(row.line))


def _location(report: NachaReport) -> str:
    return f"/v1/imports/nacha-returns/{report.file_id}"


def _unknown() -> Problem:
    return Problem("nacha-file-unknown", "There is no such file.")


def _invalid(faults: Sequence[Fault]) -> Response:
    """Answer 422 with each fault at its line."""
    first = faults[0]
    problem = Problem("nacha-file-invalid", f"Nothing was applied. Line {first.line}: {first.message}; see errors.")
    errors = [
        {"field": f"line {fault.line}", "line": fault.line, "code": problem.code, "message": fault.message}
        for fault in faults
    ]
    return problem_response(problem, errors=errors)
