"""Reads of an account's pauses."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import date
from uuid import UUID

from services.accounts.schemas.pauses import PauseOut
from services.accounts.store.accounts import creditor_of
from services.accounts.store.pauses import StoredPause
from shared.db.transaction import Tx
from shared.errors import Refusal


def pause_out(pause: StoredPause) -> PauseOut:
    """The HTTP model of a pause."""
    return PauseOut(**asdict(pause))


async def list_pauses(
    tx: Tx, account_id: UUID, creditors: Collection[UUID] | None, after: tuple[date, UUID] | None, limit: int
) -> list[PauseOut] | Refusal:
    """An account's pauses by their first days, cancelled ones too. Refuses with `account-unknown`."""
    creditor_id = await creditor_of(tx, account_id)
    if creditor_id is None or (creditors is not None and creditor_id not in creditors):
        return Refusal("account-unknown", "there is no such account")
    rows = await tx.fetch(
        "SELECT * FROM pause WHERE account_id = $1 AND ($2::date IS NULL OR (starts_on, pause_id) > ($2, $3::uuid))"
        " ORDER BY starts_on, pause_id LIMIT $4",
        account_id,
        *(after or (None, None)),
        limit,
    )
    return [PauseOut(**dict(row)) for row in rows]
