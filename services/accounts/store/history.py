"""Appends to an account's history what its entries and snapshots do not already say.

`kind` names the change, e.g. `account.aged`, `promise.broken`, `work_item.completed`; `detail` is what the timeline
shows of it. Nothing here is ever updated or deleted.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from services.accounts.tables.queues import ACCOUNT_HISTORY
from shared.db.sets import insert_rows
from shared.db.transaction import Tx
from shared.ids import new_id


class HistoryFact(NamedTuple):
    """One change of an account, on a business date. `detail` holds JSON values only."""

    account_id: UUID
    creditor_id: UUID
    business_date: date
    kind: str
    detail: Mapping[str, Any]


async def record_history(tx: Tx, facts: Sequence[HistoryFact]) -> None:
    """Appends the facts, in their order, at the transaction's time."""
    if not facts:
        return
    at = tx.clock.now()
    rows = [
        {
            "history_id": new_id(),
            "account_id": fact.account_id,
            "creditor_id": fact.creditor_id,
            "at": at,
            "business_date": fact.business_date,
            "kind": fact.kind,
            "detail": dict(fact.detail),
        }
        for fact in facts
    ]
    await insert_rows(tx, ACCOUNT_HISTORY, rows)
