"""The list of accounts by creditor and id, a page at a time: what a page reads does not grow with the book.

Each creditor is asked on its own, for its business date turns days past due into due dates, which are indexed; and
each filter has an index that is in the order of the list (see `tables/accounts.py`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.accounts.queries.accounts import account_now
from services.accounts.schemas.accounts import AccountOut
from shared.db.transaction import Tx

Position = tuple[UUID, UUID]
"""The sort key: creditor and account."""

_CREDITORS = """
SELECT creditor_id, business_date FROM creditor
WHERE business_date IS NOT NULL AND ($1::uuid[] IS NULL OR creditor_id = ANY($1))
  AND ($2::uuid IS NULL OR creditor_id = $2) AND ($3::uuid IS NULL OR creditor_id >= $3)
ORDER BY creditor_id
"""


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """What a list of accounts is limited to; None: not limited. `creditors` are those that the token may see."""

    creditors: Collection[UUID] | None = None
    creditor_id: UUID | None = None
    core_account_number: str | None = None
    bucket: str | None = None
    stage: str | None = None
    queue: str | None = None
    product_class: str | None = None
    dpd_gte: int | None = None
    dpd_lte: int | None = None

    @property
    def is_past_due(self) -> bool:
        """Whether only accounts with a due past due can match: those that the indexes of bucket and stage hold."""
        return bool(self.dpd_gte) or self.bucket not in (None, "current") or self.stage not in (None, "current")


async def list_accounts(tx: Tx, wanted: AccountFilter, after: Position | None, limit: int) -> list[AccountOut]:
    """The next accounts, by creditor and id."""
    visible = None if wanted.creditors is None else sorted(wanted.creditors)
    creditors = await tx.fetch(_CREDITORS, visible, wanted.creditor_id, after[0] if after else None)
    # Which index is best depends on the values: a plan for any value walks the book to find the last of a few.
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    found: list[AccountOut] = []
    for creditor_id, business_date in creditors:
        if len(found) == limit:
            break
        last = after[1] if after and after[0] == creditor_id else None
        sql, values = _page(wanted, creditor_id, business_date, last, limit - len(found))
        found += [account_now(row, business_date) for row in await tx.fetch(sql, *values)]
    return found


def _page(
    wanted: AccountFilter, creditor_id: UUID, business_date: date, last: UUID | None, limit: int
) -> tuple[str, list[Any]]:
    conditions: list[str] = ["creditor_id = $1"]
    values: list[Any] = [creditor_id]

    def limit_to(condition: str, value: Any) -> None:
        values.append(value)
        conditions.append(condition.format(f"${len(values)}"))

    for name in ("core_account_number", "bucket", "stage", "queue", "product_class"):
        if (value := getattr(wanted, name)) is not None:
            limit_to(f"{name} = {{}}", value)
    if wanted.is_past_due:
        conditions.append("oldest_unpaid_due_on IS NOT NULL")
    if wanted.dpd_gte:
        limit_to("oldest_unpaid_due_on <= {}", business_date - timedelta(days=wanted.dpd_gte))
    if wanted.dpd_lte is not None:
        unless_none = "" if wanted.is_past_due else "oldest_unpaid_due_on IS NULL OR "
        limit_to(f"({unless_none}oldest_unpaid_due_on >= {{}})", business_date - timedelta(days=wanted.dpd_lte))
    if last is not None:
        limit_to("account_id > {}", last)
    values.append(limit)
    return f"SELECT * FROM account WHERE {' AND '.join(conditions)} ORDER BY account_id LIMIT ${len(values)}", values
