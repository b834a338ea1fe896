"""Somebody judges a candidate: it reaches the party, or it does not. A later talk or wrong number says otherwise."""

from uuid import UUID

from services.skiptrace.domain.candidate import Word
from services.skiptrace.domain.policy import Policy
from services.skiptrace.handlers.actor import Actor
from services.skiptrace.handlers.reassess import judge_files
from services.skiptrace.schemas.skip_traces import JudgementRequest
from services.skiptrace.store.files import load_files
from services.skiptrace.tables.cases import CANDIDATE
from shared.db.locks import lock
from shared.db.sets import load_rows
from shared.db.transaction import Tx
from shared.errors import Refusal


async def judge_candidate(
    tx: Tx, actor: Actor, policy: Policy, point_id: UUID, request: JudgementRequest, *, is_right: bool
) -> UUID | Refusal:
    """Verify or reject a candidate, and return its id. Refuses: `candidate-unknown`."""
    found = await load_rows(tx, CANDIDATE, "contact_point_id", [point_id])
    if not found or not actor.may_see(found[0]["creditor_id"]):
        return Refusal("candidate-unknown", "There is no such candidate.")
    party_id = found[0]["party_id"]
    await lock(tx, creditors=[found[0]["creditor_id"]], accounts=[party_id])
    file = (await load_files(tx, [party_id]))[party_id]
    candidate = next((row for row in file.candidates if row["contact_point_id"] == point_id), None)
    if candidate is None:
        return Refusal("candidate-unknown", "There is no such candidate.")
    wanted = "verified" if is_right else "rejected"
    if candidate["status"] != wanted:  # asked again, it changes nothing
        file.judgements[candidate["contact_point_id"]] = (Word(tx.clock.now(), is_right, request.method), actor.sub)
        await judge_files(tx, [file], policy)
    return point_id
