"""Reads of attempts, blocks, field visits and what a collector did; pages newest first."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.contact.schemas.attempts import AttemptView, BlockView
from services.contact.schemas.collectors import CollectorActivity
from services.contact.schemas.field_visits import FieldVisitView
from shared.db.transaction import Tx

_CLAUSES: Mapping[str, str] = {
    "account_id": "account_ids @> ARRAY[{}::uuid]",
    "party_id": "party_id = {}",
    "creditors": "creditor_id = ANY({}::uuid[])",
    "status": "status = {}",
    "placed_by": "placed_by = {}",
}
_ACTIVITY = """
SELECT result_code, status, count(*) AS n,
  count(*) FILTER (WHERE status = 'right_party' OR verified_at IS NOT NULL) AS right_party,
  count(*) FILTER (WHERE next_step = 'promise') AS promises
FROM contact_attempt
WHERE placed_by = $1 AND placed_at >= $2 AND placed_at < $3 AND ($4::uuid[] IS NULL OR creditor_id = ANY($4::uuid[]))
  AND direction = 'outbound'
GROUP BY result_code, status
"""
_BLOCKED = """
SELECT count(*) FROM contact_block
WHERE asked_by = $1 AND blocked_at >= $2 AND blocked_at < $3
  AND ($4::uuid[] IS NULL OR creditor_id = ANY($4::uuid[]))
"""
_UNCONNECTED = frozenset({"busy", "not_in_service", "network_failure", "agent_skipped"})


async def get_attempt(tx: Tx, attempt_id: UUID) -> AttemptView | None:
    """One attempt, or None."""
    row = await tx.fetchrow("SELECT * FROM contact_attempt WHERE attempt_id = $1", attempt_id)
    return None if row is None else _attempt(row)


async def list_attempts(tx: Tx, *, limit: int, before: UUID | None, **filters: Any) -> list[AttemptView]:
    """Attempts, newest first. `filters`: account_id, party_id, creditors (or None), status, placed_by."""
    return [
        _attempt(row)
        for row in await _page(tx, "contact_attempt", "attempt_id", limit=limit, before=before, filters=filters)
    ]


async def list_blocks(tx: Tx, *, limit: int, before: UUID | None, **filters: Any) -> list[BlockView]:
    """Contacts that were not made, newest first. `filters` as of `list_attempts`."""
    rows = await _page(tx, "contact_block", "block_id", limit=limit, before=before, filters=filters)
    return [BlockView.model_validate(dict(row)) for row in rows]


async def get_visit(tx: Tx, field_visit_id: UUID) -> FieldVisitView | None:
    """One field visit, or None."""
    row = await tx.fetchrow("SELECT * FROM field_visit WHERE field_visit_id = $1", field_visit_id)
    return None if row is None else FieldVisitView.model_validate(dict(row))


async def list_visits(tx: Tx, *, limit: int, before: UUID | None, **filters: Any) -> list[FieldVisitView]:
    """Field visits, newest first."""
    rows = await _page(tx, "field_visit", "field_visit_id", limit=limit, before=before, filters=filters)
    return [FieldVisitView.model_validate(dict(row)) for row in rows]


async def activity(
    tx: Tx, collector_id: str, on: date, time_zone: str, creditors: Sequence[UUID] | None
) -> CollectorActivity:
    """What a collector did on a calendar day of a time zone."""
    begins = datetime.combine(on, time(), ZoneInfo(time_zone))
    ends = datetime.combine(on + timedelta(days=1), time(), ZoneInfo(time_zone))
    reached = None if creditors is None else list(creditors)
    rows = await tx.fetch(_ACTIVITY, collector_id, begins, ends, reached)
    by_result: dict[str, int] = {}
    for row in rows:
        code = row["result_code"] or "open"
        by_result[code] = by_result.get(code, 0) + row["n"]
    attempts = sum(by_result.values())
    return CollectorActivity(
        collector_id=collector_id,
        on=on,
        time_zone=time_zone,
        attempts=attempts,
        connected=attempts - sum(by_result.get(code, 0) for code in _UNCONNECTED),
        right_party_contacts=sum(row["right_party"] for row in rows),
        promises=sum(row["promises"] for row in rows),
        blocked=await tx.fetchval(_BLOCKED, collector_id, begins, ends, reached),
        by_result=dict(sorted(by_result.items())),
    )


async def _page(
    tx: Tx, table: str, key: str, *, limit: int, before: UUID | None, filters: Mapping[str, Any]
) -> list[Any]:
    used = {name: value for name, value in filters.items() if value is not None}
    tests = [_CLAUSES[name].format(f"${place}") for place, name in enumerate(used, start=1)]
    args = list(used.values())
    if before is not None:
        args.append(before)
        tests.append(f"{key} < ${len(args)}")
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    return list(await tx.fetch(f"SELECT * FROM {table} {where} ORDER BY {key} DESC LIMIT {int(limit)}", *args))


def _attempt(row: Any) -> AttemptView:
    known = {name: row[name] for name in AttemptView.model_fields}
    return AttemptView.model_validate(known)
