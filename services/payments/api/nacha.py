"""Nacha return files over HTTP: a file in, its report out, entry by entry."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, status

from services.payments.api.doors import EdgeOf, require_creditor
from services.payments.handlers.import_returns import ImportReturns, import_returns, report_of
from services.payments.schemas.nacha import NachaReport
from shared.errors import Problem
from shared.http.auth import Principal, requires
from shared.http.idempotency import OptionalKey
from shared.http.openapi import problems

router = APIRouter(prefix="/v1/imports/nacha-returns", tags=["nacha"])

MAX_FILE_BYTES = 4 * 1024 * 1024
"""One file is one transaction, so its size is limited: 4 MiB hold some 22,000 returned entries."""

Reader = Annotated[Principal, Depends(requires("payments:read"))]
Writer = Annotated[Principal, Depends(requires("nacha:write"))]
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}},
}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=problems("creditor-unknown", "nacha-file-invalid"),
    openapi_extra=_BODY,
    max_body_size=MAX_FILE_BYTES,
)
async def import_nacha_returns(
    request: Request, principal: Writer, key: OptionalKey, edge: EdgeOf, *, creditor_id: UUID
) -> NachaReport:
    """Apply a return file, all of it or nothing. The same file again moves no money twice."""
    require_creditor(principal, creditor_id)
    command = ImportReturns(creditor_id, await request.body(), principal.sub)
    return await edge.run(
        lambda tx: import_returns(tx, command),
        principal=principal,
        idempotency=key,
        location=lambda report: f"/v1/imports/nacha-returns/{report.file_id}",
    )


@router.get("/{file_id}", responses=problems("nacha-file-unknown"))
async def get_nacha_returns(file_id: UUID, principal: Reader, edge: EdgeOf) -> NachaReport:
    """Read the report of a file."""
    report = await edge.read(lambda tx: report_of(tx, file_id))
    if report is None or not principal.may_see(report.creditor_id):
        raise Problem("nacha-file-unknown", "There is no such file.")
    return report
