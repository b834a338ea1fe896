"""Loads and saves promises and arrangements: one statement per table for a whole batch.

A row is a dict of its columns; an arrangement's row also carries `due_ons` and `amounts`, its instalments in order.
Call it with the locks of the accounts held.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.payments.domain.arrangement import Installment
from services.payments.store.evaluation import begin_evaluation
from services.payments.tables.obligations import ARRANGEMENT, ARRANGEMENT_INSTALLMENT, PROMISE
from shared.db.sets import insert_rows, update_rows
from shared.db.transaction import Tx

Row = dict[str, Any]

# What a person cancelled is final, takes no money and decides on nothing: neither a promise, nor a proposal that was
# never approved. A cancelled arrangement that was active still ends the window of the one before it.
_PROMISES = """
SELECT * FROM promise
WHERE account_id = ANY($1::uuid[]) AND (status <> 'cancelled' OR cancel_reason <> 'request')
"""
_ARRANGEMENTS = """
SELECT a.*, i.due_ons, i.amounts
FROM arrangement AS a
CROSS JOIN LATERAL (
    SELECT array_agg(due_on ORDER BY position) AS due_ons, array_agg(amount_minor ORDER BY position) AS amounts
    FROM arrangement_installment AS i WHERE i.arrangement_id = a.arrangement_id
) AS i
WHERE account_id = ANY($1::uuid[])
  AND (status <> 'cancelled' OR cancel_reason <> 'request' OR approved_at IS NOT NULL)
"""
_ACCOUNT = """
SELECT a.account_id, a.creditor_id, a.currency, a.status, a.balance_minor, c.business_date
FROM account_view AS a JOIN creditor_view AS c USING (creditor_id)
WHERE a.account_id = $1 AND c.business_date IS NOT NULL
"""
_HAS_OPEN = """
SELECT EXISTS (
    SELECT FROM arrangement
    WHERE account_id = $1 AND status IN ('proposed', 'active', 'at_risk') AND superseded_at IS NULL
)
"""


@dataclass(frozen=True, slots=True)
class Obligations:
    """The promises and arrangements of a set of accounts that may still change or still bound another's window."""

    promises: Mapping[UUID, Sequence[Row]]
    arrangements: Mapping[UUID, Sequence[Row]]

    @property
    def account_ids(self) -> list[UUID]:
        """The accounts that have any."""
        return sorted(self.promises.keys() | self.arrangements.keys())

    def rows(self) -> list[Row]:
        """All rows, of both kinds."""
        return [row for group in (self.promises, self.arrangements) for rows in group.values() for row in rows]


async def load_obligations(tx: Tx, account_ids: Collection[UUID]) -> Obligations:
    """Load what the accounts owe by word: two statements, whatever their number."""
    ids = list(account_ids)
    promises = _grouped(await tx.fetch(_PROMISES, ids))
    return Obligations(promises, _grouped(await tx.fetch(_ARRANGEMENTS, ids)))


async def load_account(tx: Tx, account_id: UUID) -> Any:
    """What is known of an account that an undertaking is made on; None while it, or its business date, is not here."""
    return await tx.fetchrow(_ACCOUNT, account_id)


async def load_one(tx: Tx, kind: str, obligation_id: UUID) -> Row | None:
    """One promise or arrangement by its id, cancelled ones too (without instalments); None when there is none."""
    table = {"promise": PROMISE, "arrangement": ARRANGEMENT}[kind]
    row = await tx.fetchrow(f"SELECT * FROM {table.name} WHERE {kind}_id = $1", obligation_id)
    return None if row is None else dict(row)


async def has_open_arrangement(tx: Tx, account_id: UUID) -> bool:
    """Whether an arrangement holds the account's one place: it is open, and no newer one has begun."""
    return bool(await tx.fetchval(_HAS_OPEN, account_id))


async def first_due_on(tx: Tx, arrangement_id: UUID) -> date:
    """The first due date of an arrangement."""
    found: date = await tx.fetchval(
        "SELECT min(due_on) FROM arrangement_installment WHERE arrangement_id = $1", arrangement_id
    )
    return found


async def insert_promise(tx: Tx, row: Row) -> None:
    """Insert a promise that was not judged yet (version 0)."""
    await insert_rows(tx, PROMISE, [row])
    await begin_evaluation(tx, row["creditor_id"], row["made_on"])


async def insert_arrangement(tx: Tx, row: Row, installments: Sequence[Installment]) -> None:
    """Insert an arrangement that was not judged yet (version 0), with its instalments."""
    await insert_rows(tx, ARRANGEMENT, [row])
    key = row["arrangement_id"]
    await insert_rows(
        tx,
        ARRANGEMENT_INSTALLMENT,
        [
            {"arrangement_id": key, "position": position, "due_on": one.due_on, "amount_minor": one.amount_minor}
            for position, one in enumerate(installments, start=1)
        ],
    )
    await begin_evaluation(tx, row["creditor_id"], row["made_on"])


async def save_promises(tx: Tx, rows: Sequence[Row]) -> None:
    """Save the judged columns of the promises given."""
    await update_rows(tx, PROMISE, rows, key=("promise_id",))


async def save_arrangements(tx: Tx, rows: Sequence[Row]) -> None:
    """Save the judged columns of the arrangements given.

    What closes is written first: the place of an account's one open arrangement is free before another takes it.
    """
    opening = [row for row in rows if row["status"] in {"proposed", "active", "at_risk"} and not row["superseded_at"]]
    await update_rows(tx, ARRANGEMENT, [row for row in rows if row not in opening], key=("arrangement_id",))
    await update_rows(tx, ARRANGEMENT, opening, key=("arrangement_id",))


def _grouped(rows: Sequence[Any]) -> dict[UUID, list[Row]]:
    groups: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["account_id"]].append(dict(row))
    return dict(groups)
