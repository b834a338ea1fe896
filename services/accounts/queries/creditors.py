"""Reads of creditors and of what is held for them."""

from collections.abc import Iterable
from uuid import UUID

from services.accounts.schemas.creditors import CreditorOut, HeldSnapshotOut
from services.accounts.store.creditors import Creditor, load_creditors
from shared.db.transaction import Tx
from shared.errors import Refusal


def creditor_out(creditor: Creditor) -> CreditorOut:
    """The HTTP model of a creditor."""
    return CreditorOut(**{name: getattr(creditor, name) for name in CreditorOut.model_fields})


async def get_creditor(tx: Tx, creditor_id: UUID) -> CreditorOut | Refusal:
    """One creditor."""
    found = (await load_creditors(tx, [creditor_id])).get(creditor_id)
    return creditor_out(found) if found else Refusal("creditor-unknown", "there is no such creditor")


async def list_creditors(tx: Tx, creditors: Iterable[UUID] | None, after: UUID | None, limit: int) -> list[CreditorOut]:
    """Creditors in the order of their ids; `creditors` None: all of them."""
    rows = await tx.fetch(
        "SELECT creditor_id, name, kind, currency, time_zone, business_date, version FROM creditor"
        " WHERE ($1::uuid[] IS NULL OR creditor_id = ANY($1::uuid[])) AND ($2::uuid IS NULL OR creditor_id > $2)"
        " ORDER BY creditor_id LIMIT $3",
        None if creditors is None else sorted(creditors),
        after,
        limit,
    )
    return [CreditorOut(**dict(row)) for row in rows]


async def list_held_snapshots(
    tx: Tx, creditors: Iterable[UUID] | None, after: int | None, limit: int
) -> list[HeldSnapshotOut]:
    """Snapshots that could not be applied yet, in the order in which they came."""
    rows = await tx.fetch(
        "SELECT held_no, creditor_id, core_account_number, business_date, received_at FROM held_snapshot"
        " WHERE ($1::uuid[] IS NULL OR creditor_id = ANY($1::uuid[])) AND held_no > $2 ORDER BY held_no LIMIT $3",
        None if creditors is None else sorted(creditors),
        -1 if after is None else after,
        limit,
    )
    return [HeldSnapshotOut(**dict(row)) for row in rows]
