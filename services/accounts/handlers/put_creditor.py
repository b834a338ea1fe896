"""Makes or changes a creditor. What came for it before it was known is applied by a job, in chunks.

The caller holds the creditor's lock exclusively: snapshots that arrive meanwhile wait, and then see it.
"""

from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.accounts.store.creditors import Creditor, load_creditors, save_creditor
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.envelope import EPOCH_BITS
from shared.jobs import record_job

HELD_SNAPSHOTS = "held_snapshots"
"""The job that applies what was held for a creditor."""


@dataclass(frozen=True, slots=True)
class PutCreditor:
    """What an administrator states of a creditor. `creditor_id` is the institution's choice."""

    creditor_id: UUID
    name: str
    kind: str
    currency: str
    time_zone: str


async def put_creditor(tx: Tx, command: PutCreditor, *, version_epoch: int = 0) -> Creditor | Refusal:
    """Returns the creditor as it stands now. The same again changes and publishes nothing."""
    if not await _is_time_zone(tx, command.time_zone):
        return Refusal("time-zone-unknown", f"{command.time_zone!r} is not in the IANA database", "time_zone")
    before = (await load_creditors(tx, [command.creditor_id])).get(command.creditor_id)
    if before is not None and before.currency != command.currency and await _has_accounts(tx, command.creditor_id):
        detail = f"the creditor has accounts in {before.currency}"
        return Refusal("currency-change", detail, "currency")
    stated = Creditor(
        creditor_id=command.creditor_id,
        name=command.name,
        kind=command.kind,
        currency=command.currency,
        time_zone=command.time_zone,
        business_date=before.business_date if before else None,
        version=before.version if before else version_epoch << EPOCH_BITS,
    )
    if stated == before:
        return stated
    after = replace(stated, version=max(stated.version, version_epoch << EPOCH_BITS) + 1)
    await save_creditor(tx, after)
    if await tx.fetchval("SELECT EXISTS (SELECT FROM held_snapshot WHERE creditor_id = $1)", command.creditor_id):
        await record_job(
            tx,
            HELD_SNAPSHOTS,
            creditor_id=command.creditor_id,
            params={"creditor_id": str(command.creditor_id)},
            dedupe_key=f"{HELD_SNAPSHOTS}:{command.creditor_id}:{after.version}",
        )
    return after


async def _is_time_zone(tx: Tx, name: str) -> bool:
    """Both count days in it: `localtime` is a zone to Python only, and a statement over all creditors would fail."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)", name))


async def _has_accounts(tx: Tx, creditor_id: UUID) -> bool:
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM account WHERE creditor_id = $1)", creditor_id))
