"""Reads of promises and arrangements: one by id, and pages in the order in which they were made, newest first.

An instalment's own state (scheduled, due, missed) follows the date judged, so it is worked out when it is read.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.payments.domain.arrangement import ArrangementStanding, installment_states
from services.payments.domain.promise import PromiseStatus
from services.payments.schemas.obligations import ArrangementView, InstallmentView, PromiseView
from services.payments.store.obligation_forms import arrangement_terms
from shared.db.transaction import Tx
from shared.events.payments import InstallmentStatus

_JUDGED = "coalesce(e.evaluated_on, c.business_date) AS judged_on"
_FROM_PROMISE = f"""
SELECT o.*, o.promise_id AS id, {_JUDGED}
FROM promise AS o LEFT JOIN creditor_view AS c USING (creditor_id) LEFT JOIN evaluation AS e USING (creditor_id)
"""
_FROM_ARRANGEMENT = f"""
SELECT o.*, o.arrangement_id AS id, {_JUDGED}, i.due_ons, i.amounts
FROM arrangement AS o LEFT JOIN creditor_view AS c USING (creditor_id) LEFT JOIN evaluation AS e USING (creditor_id)
CROSS JOIN LATERAL (
    SELECT array_agg(due_on ORDER BY position) AS due_ons, array_agg(amount_minor ORDER BY position) AS amounts
    FROM arrangement_installment AS i WHERE i.arrangement_id = o.arrangement_id
) AS i
"""
_PROMISE_INSTALLMENT: dict[PromiseStatus, InstallmentStatus] = {
    "kept": "paid",
    "partially_kept": "partial",
    "broken": "missed",
    "cancelled": "scheduled",
}


async def get_promise(tx: Tx, promise_id: UUID) -> PromiseView | None:
    """One promise, or None."""
    row = await tx.fetchrow(f"{_FROM_PROMISE} WHERE o.promise_id = $1", promise_id)
    return None if row is None else _promise(row)


async def get_arrangement(tx: Tx, arrangement_id: UUID) -> ArrangementView | None:
    """One arrangement, or None."""
    row = await tx.fetchrow(f"{_FROM_ARRANGEMENT} WHERE o.arrangement_id = $1", arrangement_id)
    return None if row is None else _arrangement(row)


async def list_promises(tx: Tx, *, limit: int, **filters: Any) -> list[PromiseView]:
    """Promises, newest first. `filters`: account_id, creditor_id, status, creditors (a set or None), before (an id)."""
    where, args = _where("promise_id", filters)
    return [_promise(row) for row in await tx.fetch(f"{_FROM_PROMISE} {where} LIMIT {int(limit)}", *args)]


async def list_arrangements(tx: Tx, *, limit: int, **filters: Any) -> list[ArrangementView]:
    """Arrangements, newest first. `filters` as of `list_promises`."""
    where, args = _where("arrangement_id", filters)
    return [_arrangement(row) for row in await tx.fetch(f"{_FROM_ARRANGEMENT} {where} LIMIT {int(limit)}", *args)]


def _where(key: str, filters: dict[str, Any]) -> tuple[str, Sequence[Any]]:
    clauses = {
        "account_id": "o.account_id = {}",
        "creditor_id": "o.creditor_id = {}",
        "status": "o.status = {}",
        "creditors": "o.creditor_id = ANY({}::uuid[])",
        "before": f"o.{key} < {{}}",
    }
    used = {name: value for name, value in filters.items() if value is not None}
    tests = [clauses[name].format(f"${place}") for place, name in enumerate(used, start=1)]
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    args = [list(value) if name == "creditors" else value for name, value in used.items()]
    return f"{where} ORDER BY o.{key} DESC", args


def _promise(row: Any) -> PromiseView:
    status: PromiseStatus = row["status"]
    shown = _PROMISE_INSTALLMENT.get(status) or ("scheduled" if row["judged_on"] < row["due_on"] else "due")
    installment = InstallmentView(
        due_on=row["due_on"], amount_minor=row["amount_minor"], paid_minor=row["paid_minor"], status=shown
    )
    return PromiseView(
        **_shared(row),
        status=status,
        method=row["method"],
        total_minor=row["amount_minor"],
        installments=(installment,),
    )


def _arrangement(row: Any) -> ArrangementView:
    names = ("status", "paid_minor", "next_due_on", "resolved_on", "next_review_on")
    standing = ArrangementStanding(**{name: row[name] for name in names})
    states = installment_states(arrangement_terms(row), standing, row["judged_on"])
    return ArrangementView(
        **_shared(row),
        status=row["status"],
        total_minor=row["total_minor"],
        next_due_on=row["next_due_on"],
        approved_at=row["approved_at"],
        approved_by=row["approved_by"],
        installments=tuple(
            InstallmentView(due_on=one.due_on, amount_minor=one.amount_minor, paid_minor=paid, status=status)
            for one, paid, status in states
        ),
    )


def _shared(row: Any) -> dict[str, Any]:
    names = (
        "id",
        "account_id",
        "creditor_id",
        "currency",
        "paid_minor",
        "tolerance_minor",
        "grace_days",
        "made_on",
        "made_at",
        "made_by",
        "resolved_on",
        "cancelled_by",
        "cancel_reason",
        "version",
    )
    return {name: row[name] for name in names}
