"""Reads of dial lists."""

from uuid import UUID

from services.contact.schemas.dialing import DialListView
from shared.db.transaction import Tx


async def get_list(tx: Tx, dial_list_id: UUID) -> DialListView | None:
    """One dial list, or None."""
    row = await tx.fetchrow("SELECT * FROM dial_list WHERE dial_list_id = $1", dial_list_id)
    return None if row is None else DialListView.model_validate({name: row[name] for name in DialListView.model_fields})
