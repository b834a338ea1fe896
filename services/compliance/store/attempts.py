"""Writes contacts of the past, messages that bounced and the reports of permits: facts, merged in any order.

`contact.attempted` and `contact.completed` carry the same description of the attempt; the second adds the outcome. An
attempt has one outcome: another one that is told changes nothing. A permit is reported by its id or, where contact
never learnt it, by the attempt that it was asked for.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from services.compliance.domain.permit import TRANSITIONS
from services.compliance.tables.views import ATTEMPT, BOUNCED_MESSAGE, PERMIT_REPORT, UNPLACED_ATTEMPT
from shared.db.sets import given_rows, insert_rows
from shared.db.transaction import Tx
from shared.events.contact import Attempt, ContactCompleted

_DESCRIBED = (
    "attempt_id",
    "creditor_id",
    "party_id",
    "account_ids",
    "permit_id",
    "direction",
    "channel",
    "purpose",
    "contact_point_id",
    "at",
)
_OUTCOME = ("result_code", "completed_at", "debts_discussed", "heard")
_COLUMNS = (*_DESCRIBED, *_OUTCOME)
_NAMES = ", ".join(_COLUMNS)
_SAVE = (
    f"INSERT INTO attempt AS t ({_NAMES}) SELECT {_NAMES} FROM {given_rows(ATTEMPT, _COLUMNS)} "
    "ON CONFLICT (attempt_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _OUTCOME)
    + " WHERE t.result_code IS NULL AND excluded.result_code IS NOT NULL"
)
_REPORT = (
    "INSERT INTO permit_report AS t (permit_id, report, attempt_id) "
    f"SELECT permit_id, report, attempt_id FROM {given_rows(PERMIT_REPORT, ('permit_id', 'report', 'attempt_id'))} "
    "ON CONFLICT (permit_id) DO UPDATE SET report = excluded.report, attempt_id = excluded.attempt_id "
    "WHERE t.report = 'not_placed' AND excluded.report = 'placed'"
)
_STEPS = ", ".join(f"('{before}', '{after}')" for before, steps in TRANSITIONS.items() for after in sorted(steps))
TOLD = """
SELECT p.permit_id, CASE WHEN r.report = 'placed' THEN 'placed' WHEN r.report IS NOT NULL OR u.attempt_id IS NOT NULL
  THEN 'not_placed' END AS report
FROM permit AS p LEFT JOIN permit_report AS r USING (permit_id)
LEFT JOIN unplaced_attempt AS u ON u.attempt_id = p.attempt_id
WHERE p.permit_id = ANY($1::uuid[]) OR p.attempt_id = ANY($1::uuid[])
"""
"""What is reported of permits, asked by their own ids or by those of their attempts; null: nothing yet."""
_SETTLE = f"""
UPDATE permit AS p SET state = told.report FROM ({TOLD}) AS told
WHERE told.permit_id = p.permit_id AND (p.state, told.report) IN ({_STEPS})
"""
_UNPLACED = "SELECT attempt_id FROM unplaced_attempt WHERE attempt_id = ANY($1::uuid[])"


async def save_attempts(tx: Tx, attempts: Iterable[Attempt]) -> None:
    """Keep attempts with the outcomes that are told."""
    rows: dict[UUID, dict[str, Any]] = {}
    for attempt in attempts:
        held = rows.get(attempt.attempt_id)
        if held is None or held["result_code"] is None:
            rows[attempt.attempt_id] = _row(attempt)
    if rows:
        await tx.execute(_SAVE, [rows[key] for key in sorted(rows)])


async def save_reports(tx: Tx, reports: Iterable[tuple[UUID, str, UUID | None]]) -> None:
    """Keep what became of permits: (permit, `placed` or `not_placed`, attempt). Placed outweighs not placed."""
    rows: dict[UUID, dict[str, Any]] = {}
    for permit_id, report, attempt_id in reports:
        if permit_id not in rows or report == "placed":
            rows[permit_id] = {"permit_id": permit_id, "report": report, "attempt_id": attempt_id}
    if rows:
        await tx.execute(_REPORT, [rows[key] for key in sorted(rows)])


async def save_unplaced(tx: Tx, attempt_ids: Iterable[UUID]) -> None:
    """Keep that these attempts were given up."""
    await _save_ids(tx, UNPLACED_ATTEMPT, attempt_ids)


async def save_bounced(tx: Tx, attempt_ids: Iterable[UUID]) -> None:
    """Keep that the messages of these attempts did not reach the person."""
    await _save_ids(tx, BOUNCED_MESSAGE, attempt_ids)


async def load_unplaced(tx: Tx, attempt_ids: Collection[UUID]) -> frozenset[UUID]:
    """Which of these attempts were given up."""
    if not attempt_ids:
        return frozenset()
    return frozenset(row["attempt_id"] for row in await tx.fetch(_UNPLACED, sorted(attempt_ids)))


async def settle_permits(tx: Tx, ids: Iterable[UUID | None]) -> None:
    """Bring the state of permits to what is reported of them. `ids`: theirs, or those of their attempts."""
    wanted = sorted({each for each in ids if each is not None})
    if wanted:
        await tx.execute(_SETTLE, wanted)


async def _save_ids(tx: Tx, table: Table, attempt_ids: Iterable[UUID]) -> None:
    rows = [{"attempt_id": each} for each in sorted(set(attempt_ids))]
    await insert_rows(tx, table, rows, on_conflict="nothing")


def _row(attempt: Attempt) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(attempt, name) for name in _DESCRIBED}
    row["account_ids"] = list(attempt.account_ids)
    row.update(_outcome(attempt) if isinstance(attempt, ContactCompleted) else _OPEN)
    return row


_OPEN: Mapping[str, Any] = {"result_code": None, "completed_at": None, "debts_discussed": [], "heard": None}


def _outcome(completed: ContactCompleted) -> dict[str, Any]:
    return {
        "result_code": completed.result_code,
        "completed_at": completed.completed_at,
        "debts_discussed": list(completed.debts_discussed),
        "heard": [one.model_dump(mode="json") for one in completed.heard],
    }
