"""Publishes anew the parties who have no part any more in an account: a job, recorded by the import that says so."""

from uuid import UUID

from services.accounts.store.parties import restate_parties
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.events.envelope import EPOCH_BITS
from shared.jobs import ChunkResult, Job


async def restate_chunk(tx: Tx, job: Job, *, version_epoch: int = 0) -> ChunkResult:
    """All parties of one job: those that one chunk of a file had."""
    party_ids = [UUID(each) for each in job.params["party_ids"]]
    await lock(tx, creditors=[UUID(job.params["creditor_id"])], accounts=party_ids)
    await restate_parties(tx, party_ids, first_version=version_epoch << EPOCH_BITS)
    return ChunkResult(None, {"restated": len(party_ids)})
