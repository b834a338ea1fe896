"""Opens, cancels and adds to a skip trace by hand."""

from uuid import UUID

from services.skiptrace.domain.policy import Policy
from services.skiptrace.domain.purpose import Debt, check_purpose
from services.skiptrace.domain.skip_trace import NO_SEARCH
from services.skiptrace.handlers.actor import Actor
from services.skiptrace.handlers.open_case import new_trace
from services.skiptrace.handlers.reassess import judge_files, reassess
from services.skiptrace.schemas.skip_traces import EvidenceRequest, SkipTraceRequest
from services.skiptrace.store.cases import insert_evidence, insert_traces, update_traces
from services.skiptrace.store.files import File, Row, is_owed, is_past_due, load_files
from services.skiptrace.tables.cases import SKIP_TRACE
from services.skiptrace.tables.facts import ACCOUNT_VIEW
from shared.db.locks import lock
from shared.db.sets import load_rows
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id

_UNKNOWN = Refusal("skip-trace-unknown", "There is no such skip trace.")


async def request_trace(tx: Tx, actor: Actor, policy: Policy, request: SkipTraceRequest) -> UUID | Refusal:
    """Open a skip trace, and return its id.

    Refuses: `account-not-here`, `account-unknown`, `party-not-on-account`, `skip-trace-open`, `skip-trace-restricted`,
    `purpose-not-permissible`.
    """
    known = await load_rows(tx, ACCOUNT_VIEW, "account_id", [request.account_id])
    if not known:
        return Refusal("account-not-here", "The account is not known here yet; it arrives with its first snapshot.")
    if not actor.may_see(known[0]["creditor_id"]):
        return Refusal("account-unknown", "There is no such account.")
    await lock(tx, creditors=[known[0]["creditor_id"]], accounts=[request.party_id])
    file = (await load_files(tx, [request.party_id]))[request.party_id]
    account = next((one for one in file.accounts if one["account_id"] == request.account_id), None)
    if account is None:
        return Refusal("party-not-on-account", "The party does not owe the account.", "party_id")
    refused = _refused(file, account, request)
    if refused is not None:
        return refused
    trace = new_trace(
        new_id(),
        account,
        request.party_id,
        trigger="manual",
        purpose=request.permissible_purpose,
        budget_minor=request.budget_minor,
        by=actor.sub,
        now=tx.clock.now(),
    )
    await insert_traces(tx, [trace])
    file.traces.append(trace)
    await judge_files(tx, [file], policy)
    return UUID(bytes=trace["skip_trace_id"].bytes)


def _refused(file: File, account: Row, request: SkipTraceRequest) -> Refusal | None:
    if file.open_trace is not None:
        return Refusal("skip-trace-open", f"The skip trace {file.open_trace['skip_trace_id']} is open.")
    found = sorted(file.restrictions & NO_SEARCH)
    if found:
        return Refusal("skip-trace-restricted", f"Restricted: {', '.join(found)}.")
    debt = Debt(is_owed(account), is_past_due(account), file.debt.party_kind)
    return check_purpose(request.permissible_purpose, debt)


async def cancel_trace(tx: Tx, actor: Actor, policy: Policy, trace_id: UUID) -> UUID | Refusal:
    """Cancel an open skip trace; one that has ended stays as it is."""
    trace = await lock_trace(tx, actor, trace_id)
    if isinstance(trace, Refusal):
        return trace
    if trace["resolved_at"] is None:
        cancelled = {**trace, "cancelled_at": tx.clock.now(), "cancelled_by": actor.sub}
        await update_traces(tx, [cancelled])
        await reassess(tx, [trace["party_id"]], policy)
    return trace_id


async def add_evidence(tx: Tx, actor: Actor, trace_id: UUID, request: EvidenceRequest) -> UUID | Refusal:
    """Keep a finding with a skip trace, and return its id."""
    trace = await lock_trace(tx, actor, trace_id)
    if isinstance(trace, Refusal):
        return trace
    evidence_id = new_id()
    await insert_evidence(
        tx,
        {
            "evidence_id": evidence_id,
            "skip_trace_id": trace_id,
            "creditor_id": trace["creditor_id"],
            **request.model_dump(),
            "added_by": actor.sub,
            "added_at": tx.clock.now(),
        },
    )
    return evidence_id


async def lock_trace(tx: Tx, actor: Actor, trace_id: UUID) -> Row | Refusal:
    """Lock the party of a skip trace, and return the trace as it stands under the lock; or a refusal."""
    found = await load_rows(tx, SKIP_TRACE, "skip_trace_id", [trace_id])
    if not found or not actor.may_see(found[0]["creditor_id"]):
        return _UNKNOWN
    await lock(tx, creditors=[found[0]["creditor_id"]], accounts=[found[0]["party_id"]])
    rows = await load_rows(tx, SKIP_TRACE, "skip_trace_id", [trace_id])
    row: Row = rows[0]
    return row
