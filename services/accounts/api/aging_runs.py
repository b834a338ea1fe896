"""Opens a business date and ages the book for it.

The answer waits until the book is aged; a worker takes up a run whose process ended. While nothing moves (the outbox
is full, for its events cannot be sent) the wait is bounded: the run stays recorded, and a worker ends it.
"""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.accounts.api.doors import SettingsOf
from services.accounts.handlers.run_aging import OpenBusinessDate, open_business_date
from services.accounts.schemas.creditors import AgingRunIn, AgingRunOut
from shared.db.locks import Locks
from shared.errors import Problem
from shared.http.auth import Principal, requires
from shared.http.openapi import problems
from shared.http.routes import EdgeOf, visible_creditor
from shared.jobs import JobRunner

router = APIRouter(prefix="/v1", tags=["aging"])

RETRY_AFTER_S = 10

Runner = Annotated[Principal, Depends(requires("aging:run"))]


@router.post(
    "/aging-runs",
    responses=problems(
        "creditor-unknown", "business-date-in-past", "business-date-in-future", "business-date-unset", "unavailable"
    ),
)
async def run_aging(
    body: AgingRunIn, request: Request, principal: Runner, edge: EdgeOf, settings: SettingsOf
) -> AgingRunOut:
    """Open a business date: later than the last, not after today. The same date again returns what the run did."""
    visible_creditor(body.creditor_id, principal, field="creditor_id")
    command = OpenBusinessDate(body.creditor_id, body.business_date)
    job = await edge.run(
        lambda tx: open_business_date(tx, command),
        principal=principal,
        locks=Locks(creditors=frozenset((body.creditor_id,)), exclusive=True),
    )
    jobs: JobRunner = request.app.state.jobs
    done = await jobs.run_job(job.job_id, patience_s=settings.aging_patience_s)
    if done.status == "failed":
        raise Problem("unavailable", "The date is open, but its run failed and waits for an operator.")
    if not done.is_finished:
        detail = (
            "The date is open; the book will be aged as soon as events can be sent again. Ask again for the result."
        )
        raise Problem("busy", detail, headers={"Retry-After": str(RETRY_AFTER_S)})
    return AgingRunOut(
        creditor_id=body.creditor_id,
        business_date=date.fromisoformat(done.params["business_date"]),
        **{name: done.progress[name] for name in ("scanned", "aged", "cured", "queues_changed")},
    )
