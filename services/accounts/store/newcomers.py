"""The columns of accounts that are about to be opened, beside those that follow from what the core says of them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.accounts.domain.calling_hours import UNKNOWN
from services.accounts.store.calling_groups import groups_of
from services.accounts.store.restrictions import restricted_columns
from shared.db.transaction import Tx


async def newcomer_columns(tx: Tx, accounts: Mapping[UUID, tuple[UUID, UUID]]) -> dict[UUID, dict[str, Any]]:
    """The columns of each account, given its creditor and its primary party."""
    if not accounts:
        return {}
    columns = await restricted_columns(tx, accounts)
    groups = await groups_of(tx, (party_id for _, party_id in accounts.values()))
    return {
        key: {**columns[key], "calling_group": groups.get(party_id, UNKNOWN)} for key, (_, party_id) in accounts.items()
    }
