"""One way to list what compliance holds: newest first by its id, within the creditors that the token reaches."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from shared.db.transaction import Tx

Listed = Literal["restriction", "consent", "preference", "dispute", "representation", "complaint", "decision"]

_CLAUSES = {
    "party_id": "party_id = {}",
    "creditor_id": "creditor_id = {}",
    "creditors": "creditor_id = ANY({}::uuid[])",
    "kind": "kind = {}",
    "outcome": "outcome = {}",
    "account_id": "account_id = {}",
    "of_account": "({0} = ANY(account_ids) OR account_ids = '{{}}' AND party_id IN "
    "(SELECT party_id FROM account_view WHERE account_id = {0}))",
    "in_account_ids": "{} = ANY(account_ids)",
}


async def page(
    tx: Tx, listed: Listed, *, limit: int, before: UUID | None, columns: str = "*", **filters: Any
) -> Sequence[Any]:
    """Rows of one table, at most `limit`, before an id. Filters that are None ask for nothing."""
    used = {name: value for name, value in filters.items() if value is not None}
    tests = [_CLAUSES[name].format(f"${place}") for place, name in enumerate(used, start=1)]
    arguments = [list(value) if name == "creditors" else value for name, value in used.items()]
    if before is not None:
        arguments.append(before)
        tests.append(f"{listed}_id < ${len(arguments)}")
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    return await tx.fetch(f"SELECT {columns} FROM {listed} {where} ORDER BY {listed}_id DESC LIMIT {limit}", *arguments)


async def one(tx: Tx, listed: Listed, row_id: UUID) -> Any:
    """One row, or None."""
    return await tx.fetchrow(f"SELECT * FROM {listed} WHERE {listed}_id = $1", row_id)
