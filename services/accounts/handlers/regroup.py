"""Gives accounts the calling group of their primary party, in chunks: a job, recorded where a party's group changes."""

from uuid import UUID

from services.accounts.handlers.queue_membership import refresh_queues
from services.accounts.store.creditors import load_creditors
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.jobs import ChunkResult, Job

CHUNK = 500
_OTHERWISE = """
SELECT a.account_id FROM account_party ap JOIN account a ON a.account_id = ap.account_id AND a.party_id = ap.party_id
JOIN party p ON p.party_id = a.party_id
WHERE ap.party_id = ANY($1::uuid[]) AND ap.role = 'primary' AND a.calling_group <> p.calling_group
ORDER BY a.account_id LIMIT $2
"""
_TAKE_OVER = """
UPDATE account SET calling_group = p.calling_group FROM party p
WHERE account.account_id = ANY($1::uuid[]) AND p.party_id = account.party_id
"""


async def regroup_chunk(tx: Tx, job: Job, *, version_epoch: int = 0) -> ChunkResult:
    """The next accounts of the parties whose group is another than their party's."""
    creditor_id = UUID(job.params["creditor_id"])
    party_ids = [UUID(each) for each in job.params["party_ids"]]
    found = [row[0] for row in await tx.fetch(_OTHERWISE, party_ids, CHUNK)]
    progress = {"regrouped": job.progress.get("regrouped", 0) + len(found)}
    if found:
        await lock(tx, creditors=[creditor_id], accounts=found)
        await tx.execute(_TAKE_OVER, found)
        creditors = await load_creditors(tx, [creditor_id])
        dates = {each.creditor_id: each.business_date for each in creditors.values() if each.business_date is not None}
        await refresh_queues(tx, found, dates, version_epoch=version_epoch)
    return ChunkResult({} if len(found) == CHUNK else None, progress)
