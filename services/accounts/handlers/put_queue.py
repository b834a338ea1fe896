"""Stores a queue definition and has the book judged by it, in the background, 500 accounts at a time.

From the commit on every event is judged by the new definition; the job moves those accounts that no event touches.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.accounts.domain.actor import Actor
from services.accounts.domain.queues import MAX_DEFINITIONS, QueueDefinition, parse_definition
from services.accounts.handlers.queue_membership import refresh_queues
from services.accounts.store.creditors import load_creditors
from services.accounts.store.queue_definitions import (
    load_definition,
    load_definitions,
    lock_definitions,
    save_definition,
)
from services.accounts.store.queues import stale_accounts
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id
from shared.jobs import ChunkResult, Job, record_job

REEVALUATION = "queues.reevaluate"
CHUNK_ACCOUNTS = 500


CheckVersion = Callable[[int], None]
"""Raises when the version that stands is not one that the author of a change has seen."""


@dataclass(frozen=True, slots=True)
class StoredQueue:
    """A definition as it stands after a put."""

    definition: QueueDefinition
    version: int
    is_new: bool


async def put_queue(
    tx: Tx,
    code: str,
    raw: Mapping[str, Any],
    actor: Actor,
    *,
    creditor_id: UUID | None,
    check_version: CheckVersion | None,
) -> StoredQueue | Refusal:
    """Stores a definition. `check_version` is the If-Match of the request, None without one: it may only create then.

    Refuses with a code of `parse_definition`, `creditor-unknown`, `forbidden`, `queue-limit-reached`,
    `precondition-required` or `precondition-failed`.
    """
    definition = parse_definition(code, raw, creditor_id=creditor_id)
    if isinstance(definition, Refusal):
        return definition
    await lock_definitions(tx)
    stored = await load_definition(tx, code)
    if refused := await _out_of_reach(tx, creditor_id, actor):
        return refused
    if stored is not None and stored[0] == definition:
        # sent again, as by a client that got no answer
        return StoredQueue(definition, stored[1], is_new=False)
    if refused := await _in_the_way(tx, stored, actor, check_version):
        return refused
    version, revision = (1 if stored is None else stored[1] + 1), new_id()
    await save_definition(tx, definition, version=version, revision=revision, updated_by=actor.sub)
    await record_job(
        tx,
        REEVALUATION,
        creditor_id=creditor_id,
        params={"code": code, "version": version},
        dedupe_key=f"{REEVALUATION}:{revision}",
    )
    return StoredQueue(definition, version, is_new=stored is None)


async def _in_the_way(
    tx: Tx, stored: tuple[QueueDefinition, int] | None, actor: Actor, check_version: CheckVersion | None
) -> Refusal | None:
    if stored is None:
        return await _no_room(tx, check_version)
    before, version = stored
    if refused := await _out_of_reach(tx, before.creditor_id, actor):
        return refused
    if check_version is None:
        return Refusal("precondition-required", "send the ETag of the queue as If-Match", "If-Match")
    check_version(version)
    return None


async def _no_room(tx: Tx, check_version: CheckVersion | None) -> Refusal | None:
    if check_version is not None:
        return Refusal("precondition-failed", "there is no such queue yet", "If-Match")
    if len(await load_definitions(tx)) >= MAX_DEFINITIONS:
        return Refusal("queue-limit-reached", f"at most {MAX_DEFINITIONS} queues")
    return None


async def _out_of_reach(tx: Tx, creditor_id: UUID | None, actor: Actor) -> Refusal | None:
    if creditor_id is None:
        if actor.creditors is None:
            return None
        return Refusal("forbidden", "a queue of all creditors needs a token for all creditors", "creditor_id")
    known = await tx.fetchval("SELECT TRUE FROM creditor WHERE creditor_id = $1", creditor_id)
    if known and actor.may_see(creditor_id):
        return None
    return Refusal("creditor-unknown", "no such creditor", "creditor_id")


async def reevaluate_queues(tx: Tx, job: Job, *, version_epoch: int = 0) -> ChunkResult:
    """One chunk of the job: the next accounts, by id, whose work items the definitions of now do not confirm."""
    after = UUID(job.cursor["after"]) if job.cursor else None
    definitions, restated = await load_definitions(tx), job.params["code"]
    stale = await stale_accounts(tx, definitions, restated=restated, after=after, limit=CHUNK_ACCOUNTS)
    progress = {"queues_changed": 0, **job.progress}
    if stale:
        ids = [row.account_id for row in stale]
        creditor_ids = {row.creditor_id for row in stale}
        await lock(tx, creditors=creditor_ids, accounts=ids)
        creditors = await load_creditors(tx, creditor_ids)
        dates = {each.creditor_id: each.business_date for each in creditors.values() if each.business_date is not None}
        changes = await refresh_queues(tx, ids, dates, version_epoch=version_epoch)
        progress["queues_changed"] += changes.changed
    cursor = {"after": str(stale[-1].account_id)} if len(stale) == CHUNK_ACCOUNTS else None
    return ChunkResult(cursor, progress)
