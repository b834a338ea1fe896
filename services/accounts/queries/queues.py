"""Reads of queues: definitions with what is in them, the work list of one, and the preview of a changed definition.

Depth and amounts count the creditors of the token only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.accounts.domain.actor import Actor
from services.accounts.domain.queues import QueueDefinition, definition_json, parse_definition, rank_order
from services.accounts.schemas.queues import AmountOut, QueueOut, QueuePreview
from services.accounts.schemas.work_items import WorkItemOut
from services.accounts.store.predicates import preview_sql
from services.accounts.store.queue_definitions import load_definitions, to_definition
from services.accounts.store.work_items import to_work_item
from shared.db.transaction import Tx
from shared.errors import Refusal

_DEPTHS = """
SELECT w.queue, a.currency, count(*) AS depth, sum(a.past_due_minor)::bigint AS past_due_minor
FROM work_item w JOIN account a ON a.account_id = w.account_id
WHERE w.closed_at IS NULL AND w.queue = ANY($1::varchar[]) AND ($2::uuid[] IS NULL OR w.creditor_id = ANY($2::uuid[]))
GROUP BY w.queue, a.currency ORDER BY w.queue, a.currency
"""
# One index range per creditor, each limited, then the best of all: the sort never grows with the queue, and a late
# page costs what the first does.
_ITEMS = """
SELECT i.* FROM creditor c CROSS JOIN LATERAL (
    SELECT w.* FROM work_item w
    WHERE w.queue = $1 AND w.creditor_id = c.creditor_id AND w.closed_at IS NULL
      AND w.priority <= COALESCE($3::bigint, 9223372036854775807)
      AND ($3::bigint IS NULL OR w.priority < $3 OR w.work_item_id > $4::uuid)
    ORDER BY w.priority DESC, w.work_item_id LIMIT {limit}
) i
WHERE $2::uuid[] IS NULL OR c.creditor_id = ANY($2::uuid[])
ORDER BY i.priority DESC, i.work_item_id LIMIT {limit}
"""


def _creditors(actor: Actor) -> list[UUID] | None:
    return None if actor.creditors is None else sorted(actor.creditors)


async def list_queues(tx: Tx, actor: Actor) -> list[QueueOut]:
    """All queues that the actor may see, in rank order."""
    rows = await tx.fetch("SELECT code, creditor_id, body, version FROM queue_definition")
    found = sorted(((to_definition(row), row["version"]) for row in rows), key=lambda each: rank_order(each[0]))
    return await queues_out(tx, [each for each in found if _is_visible(each[0], actor)], actor)


async def get_queue(tx: Tx, code: str, actor: Actor) -> QueueOut | Refusal:
    """One queue. Refuses with `queue-unknown`."""
    rows = await tx.fetch("SELECT code, creditor_id, body, version FROM queue_definition WHERE code = $1", code)
    found = [(to_definition(row), row["version"]) for row in rows]
    if not found or not _is_visible(found[0][0], actor):
        return Refusal("queue-unknown", "no such queue")
    return (await queues_out(tx, found, actor))[0]


async def queues_out(tx: Tx, found: Sequence[tuple[QueueDefinition, int]], actor: Actor) -> list[QueueOut]:
    """The definitions, each of a version, with their depth and amounts."""
    rows = await tx.fetch(_DEPTHS, [definition.code for definition, _ in found], _creditors(actor))
    return [
        _queue_out(definition, version, [row for row in rows if row["queue"] == definition.code])
        for definition, version in found
    ]


def _queue_out(definition: QueueDefinition, version: int, amounts: Sequence[Mapping[str, Any]]) -> QueueOut:
    total = sum(row["past_due_minor"] for row in amounts)
    return QueueOut(
        code=definition.code,
        creditor_id=definition.creditor_id,
        depth=sum(row["depth"] for row in amounts),
        past_due_minor=total if len(amounts) <= 1 else None,
        past_due=[AmountOut(currency=row["currency"], past_due_minor=row["past_due_minor"]) for row in amounts],
        version=version,
        **definition_json(definition),
    )


async def list_items(
    tx: Tx, code: str, actor: Actor, *, after: tuple[int, UUID] | None, limit: int
) -> list[WorkItemOut] | Refusal:
    """The open items of a queue from the best on, leased and withheld ones included. Refuses with `queue-unknown`."""
    if not any(each.code == code for each in await _visible(tx, actor)):
        return Refusal("queue-unknown", "no such queue")
    priority, work_item_id = after or (None, None)
    sql = _ITEMS.format(limit=int(limit))
    rows = await tx.fetch(sql, code, _creditors(actor), priority, work_item_id)
    return [WorkItemOut.of(to_work_item(row)) for row in rows]


async def preview_queue(
    tx: Tx, code: str, raw: Mapping[str, Any], actor: Actor, *, creditor_id: UUID | None
) -> QueuePreview | Refusal:
    """What the definition would match, and what would move, if it were stored now; of the actor's creditors only."""
    definition = parse_definition(code, raw, creditor_id=creditor_id)
    if isinstance(definition, Refusal):
        return definition
    others = [each for each in await load_definitions(tx) if each.code != code]
    # reasons and priority do not decide who matches: without them an edit of either shares the compiled SQL
    changed = replace(definition, reasons=(), priority=())
    sql = preview_sql(tuple(sorted([*others, changed], key=rank_order)), code)
    row = await tx.fetchrow(sql.text, _creditors(actor), *sql.args)
    return QueuePreview(code=code, **dict(row))


async def _visible(tx: Tx, actor: Actor) -> Iterable[QueueDefinition]:
    return [definition for definition in await load_definitions(tx) if _is_visible(definition, actor)]


def _is_visible(definition: QueueDefinition, actor: Actor) -> bool:
    return definition.creditor_id is None or actor.may_see(definition.creditor_id)
