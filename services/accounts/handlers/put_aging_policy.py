"""States from which day past due the stages of a product begin, and has the book judged by it, 500 accounts at a time.

From the commit on every event is judged by the new policy; the job moves the accounts that no event touches. The
caller holds the creditor's lock exclusively, so nothing that was judged by the old policy commits after it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from services.accounts.domain.delinquency import StagePolicy
from services.accounts.domain.dues import ProductClass
from services.accounts.handlers.recompute import recompute
from services.accounts.store.aging_policies import load_policies, save_policy
from services.accounts.store.creditors import load_creditors
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.jobs import ChunkResult, Job, record_job

RESTAGING = "stages.reevaluate"
CHUNK_ACCOUNTS = 500


@dataclass(frozen=True, slots=True)
class PutAgingPolicy:
    """The first days of `early`, `mid`, `late` and `pre_charge_off`. `check_version` raises for an unseen version."""

    creditor_id: UUID
    product_class: ProductClass
    days: tuple[int, int, int, int]
    check_version: Callable[[int], None] | None


async def put_aging_policy(tx: Tx, command: PutAgingPolicy) -> Refusal | None:
    """Stores a policy; the same again changes nothing.

    Refuses with `creditor-unknown`, `aging-policy-invalid`, or `precondition-required`: the shipped policy may be
    replaced without `check_version`, a stated one may not.
    """
    creditor_id, product_class = command.creditor_id, command.product_class
    if creditor_id not in await load_creditors(tx, [creditor_id]):
        return Refusal("creditor-unknown", "there is no such creditor", "creditor_id")
    try:
        policy = StagePolicy(*command.days)
    except ValueError as error:
        return Refusal("aging-policy-invalid", str(error), "stages")
    policies = await load_policies(tx, [creditor_id])
    version = policies.version(creditor_id, product_class)
    if version and policies.of(creditor_id, product_class) == policy:
        return None  # sent again, as by a client that got no answer
    if command.check_version is not None:
        command.check_version(version)
    elif version:
        return Refusal("precondition-required", "send the ETag of the policy as If-Match", "If-Match")
    await save_policy(tx, creditor_id, product_class, policy, version=version + 1)
    await record_job(
        tx,
        RESTAGING,
        creditor_id=creditor_id,
        params={"creditor_id": str(creditor_id), "product_class": product_class},
        dedupe_key=f"{RESTAGING}:{creditor_id}:{product_class}:{version + 1}",
    )
    return None


async def restage_chunk(tx: Tx, job: Job, *, version_epoch: int = 0) -> ChunkResult:
    """One chunk of the job: the next past-due accounts of the product, by id. The stage of a charged-off one stays."""
    creditor_id = UUID(job.params["creditor_id"])
    rows = await tx.fetch(
        "SELECT account_id FROM account WHERE creditor_id = $1 AND product_class = $2 AND status <> 'charged_off'"
        " AND oldest_unpaid_due_on IS NOT NULL AND ($3::uuid IS NULL OR account_id > $3::uuid)"
        " ORDER BY account_id LIMIT $4",
        creditor_id,
        job.params["product_class"],
        UUID(job.cursor["after"]) if job.cursor else None,
        CHUNK_ACCOUNTS,
    )
    ids = [row["account_id"] for row in rows]
    progress = {"scanned": 0, "aged": 0, "queues_changed": 0, **job.progress}
    if ids:
        await lock(tx, creditors=[creditor_id], accounts=ids)
        done = await recompute(tx, ids, changed_from={}, version_epoch=version_epoch)
        progress["scanned"] += len(ids)
        progress["aged"] += done.count("aged")
        progress["queues_changed"] += done.queues_changed
    return ChunkResult({"after": str(ids[-1])} if len(ids) == CHUNK_ACCOUNTS else None, progress)
