"""Finds the head of a queue: the items that `next` may offer, best first, at a cost that does not grow with the queue.

Three index ranges per creditor, each limited: items waiting for nobody, leases that have run out, and withheld items
whose date has come. The two last hold few rows: a new business date puts matured items back among the first, and an
expired lease goes to the next who asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shared.db.transaction import Tx

PAGE = 20

_COLUMNS = "w.work_item_id, w.account_id, w.priority"
_OF_QUEUE = "w.queue = $1 AND w.creditor_id = c.creditor_id AND w.closed_at IS NULL AND w.is_offerable"
_UNTRIED = "w.work_item_id <> ALL($4::uuid[])"
# The limit is a constant: with a parameter the generic plan expects many rows, and sorts the queue.
_IN_ORDER = f"ORDER BY w.priority DESC, w.work_item_id LIMIT {PAGE}"
# `+ 0` keeps the planner from walking the whole queue in its order in search of a few rows: it sorts the few.
_SORTED = f"ORDER BY w.priority + 0 DESC, w.work_item_id LIMIT {PAGE}"

HEAD_SQL = f"""
SELECT h.work_item_id, h.account_id, c.creditor_id, c.business_date
FROM creditor c
CROSS JOIN LATERAL (
    (SELECT {_COLUMNS} FROM work_item w
     WHERE {_OF_QUEUE} AND w.leased_until IS NULL AND w.withheld_until IS NULL AND {_UNTRIED} {_IN_ORDER})
    UNION ALL
    (SELECT {_COLUMNS} FROM work_item w WHERE {_OF_QUEUE} AND w.leased_until <= $3 AND {_UNTRIED} {_SORTED})
    UNION ALL
    (SELECT {_COLUMNS} FROM work_item w
     WHERE {_OF_QUEUE} AND w.withheld_until <= c.business_date AND {_UNTRIED} {_SORTED})
) h
WHERE c.business_date IS NOT NULL AND ($2::uuid[] IS NULL OR c.creditor_id = ANY($2::uuid[]))
ORDER BY h.priority DESC, h.work_item_id
LIMIT {PAGE}
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that was on offer when it was read, without any lock."""

    work_item_id: UUID
    account_id: UUID
    creditor_id: UUID
    business_date: date


async def queue_head(
    tx: Tx, queue: str, *, creditors: Sequence[UUID] | None, exclude: Sequence[UUID]
) -> list[Candidate]:
    """Up to `PAGE` items on offer by (priority descending, work item id); `creditors` None means all."""
    only: list[Any] | None = None if creditors is None else list(creditors)
    rows = await tx.fetch(HEAD_SQL, queue, only, tx.clock.now(), list(exclude))
    return [Candidate(row["work_item_id"], row["account_id"], row["creditor_id"], row["business_date"]) for row in rows]
