"""Finds the head of a queue: the items that `next` may offer, best first, at a cost that does not grow with the queue.

An item stands under the calling group of its party, so that nothing is read of groups whose hours are over. Three
index ranges per creditor, each limited: items waiting for nobody (one range for each group that is open), leases that
have run out, and withheld items whose date has come. The two last hold few rows: a new business date puts matured
items back among the first, and an expired lease goes to the next who asks.
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
_WAITING = f"{_OF_QUEUE} AND w.leased_until IS NULL AND w.withheld_until IS NULL"
_UNTRIED = "w.work_item_id <> ALL($4::uuid[])"
_OPEN = "w.calling_group = ANY($5::varchar[])"
# The limit is a constant: with a parameter the generic plan expects many rows, and sorts the queue.
_IN_ORDER = f"ORDER BY w.priority DESC, w.work_item_id LIMIT {PAGE}"
# `+ 0` keeps the planner from walking the whole queue in its order in search of a few rows: it sorts the few.
_SORTED = f"ORDER BY w.priority + 0 DESC, w.work_item_id LIMIT {PAGE}"
_CREDITORS = "c.business_date IS NOT NULL AND ($2::uuid[] IS NULL OR c.creditor_id = ANY($2::uuid[]))"

HEAD_SQL = f"""
SELECT h.work_item_id, h.account_id, c.creditor_id, c.business_date
FROM creditor c
CROSS JOIN LATERAL (
    (SELECT i.* FROM unnest($5::varchar[]) AS g(calling_group)
     CROSS JOIN LATERAL (
         SELECT {_COLUMNS} FROM work_item w
         WHERE {_WAITING} AND w.calling_group = g.calling_group AND {_UNTRIED} {_IN_ORDER}
     ) i)
    UNION ALL
    (SELECT {_COLUMNS} FROM work_item w
     WHERE {_OF_QUEUE} AND w.leased_until <= $3 AND {_OPEN} AND {_UNTRIED} {_SORTED})
    UNION ALL
    (SELECT {_COLUMNS} FROM work_item w
     WHERE {_OF_QUEUE} AND w.withheld_until <= c.business_date AND {_OPEN} AND {_UNTRIED} {_SORTED})
) h
WHERE {_CREDITORS}
ORDER BY h.priority DESC, h.work_item_id
LIMIT {PAGE}
"""
# One step of the index for each group that is there, whatever its length; then those of the two short ranges.
GROUPS_SQL = f"""
SELECT DISTINCT h.calling_group
FROM creditor c
CROSS JOIN LATERAL (
    (WITH RECURSIVE seen AS (
        (SELECT w.calling_group FROM work_item w WHERE {_WAITING} ORDER BY w.calling_group LIMIT 1)
        UNION ALL
        SELECT (SELECT w.calling_group FROM work_item w
                WHERE {_WAITING} AND w.calling_group > seen.calling_group ORDER BY w.calling_group LIMIT 1)
        FROM seen WHERE seen.calling_group IS NOT NULL
     )
     SELECT calling_group FROM seen WHERE calling_group IS NOT NULL)
    UNION ALL
    (SELECT w.calling_group FROM work_item w WHERE {_OF_QUEUE} AND w.leased_until <= $3)
    UNION ALL
    (SELECT w.calling_group FROM work_item w WHERE {_OF_QUEUE} AND w.withheld_until <= c.business_date)
) h
WHERE {_CREDITORS}
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that was on offer when it was read, without any lock."""

    work_item_id: UUID
    account_id: UUID
    creditor_id: UUID
    business_date: date


async def calling_groups_of(tx: Tx, queue: str, *, creditors: Sequence[UUID] | None) -> list[str]:
    """The calling groups that have something on offer in a queue; `creditors` None means all."""
    rows = await tx.fetch(GROUPS_SQL, queue, None if creditors is None else list(creditors), tx.clock.now())
    return [row["calling_group"] for row in rows]


async def queue_head(
    tx: Tx, queue: str, *, creditors: Sequence[UUID] | None, groups: Sequence[str], exclude: Sequence[UUID]
) -> list[Candidate]:
    """Up to `PAGE` items of these calling groups on offer by (priority descending, work item id).

    `creditors` None means all.
    """
    if not groups:
        return []
    only: list[Any] | None = None if creditors is None else list(creditors)
    rows = await tx.fetch(HEAD_SQL, queue, only, tx.clock.now(), list(exclude), list(groups))
    return [Candidate(row["work_item_id"], row["account_id"], row["creditor_id"], row["business_date"]) for row in rows]
