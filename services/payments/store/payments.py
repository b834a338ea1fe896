"""Payments with their allocation and reversal: loaded and saved as rows, a batch at a time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from services.payments.domain.allocation import Line
from services.payments.domain.posting import OurPayment
from services.payments.tables.payments import ALLOCATION, PAYMENT
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx

Row = Mapping[str, Any]

# The server puts an empty array there by itself; asking what an array holds took asyncpg 6 % of a poster's time.
_INSERTED = tuple(column.name for column in PAYMENT.columns if column.name != "arrangements_completed")
_UNREVIEWED = tuple(name for name in _INSERTED if name != "review_reasons")

_OURS = """
SELECT payment_id, creditor_id, account_id, amount_minor, currency FROM payment
WHERE payment_id = ANY($1::uuid[]) AND origin = 'ours'
"""

_HELD = """
SELECT * FROM payment WHERE account_id = ANY($1::uuid[]) AND unapplied_reason IS NOT NULL
ORDER BY effective_on, posted_on NULLS LAST, payment_id
"""

_BOOK = """
UPDATE payment t SET booked_on = v.booked_on
FROM unnest($1::uuid[], $2::date[]) AS v (payment_id, booked_on)
WHERE t.payment_id = v.payment_id AND t.booked_on IS NULL RETURNING t.*
"""


class Stored(NamedTuple):
    """A payment as it is kept, with its allocation (empty while held, unless it was directed)."""

    row: Row
    allocation: tuple[Line, ...]


async def load_ours(tx: Tx, payment_ids: Collection[UUID]) -> dict[UUID, OurPayment]:
    """The payments of ours among the ids."""
    if not payment_ids:
        return {}
    return {row["payment_id"]: OurPayment(**dict(row)) for row in await tx.fetch(_OURS, list(payment_ids))}


async def load_stored(tx: Tx, payment_ids: Collection[UUID]) -> dict[UUID, Stored]:
    """Whole payments by id."""
    return await with_allocation(tx, await load_rows(tx, PAYMENT, "payment_id", list(payment_ids)))


async def load_held(tx: Tx, account_ids: Collection[UUID]) -> dict[UUID, Stored]:
    """The held payments of accounts, in the order in which they are to be posted."""
    return await with_allocation(tx, await tx.fetch(_HELD, list(account_ids)))


async def with_allocation(tx: Tx, rows: Sequence[Any]) -> dict[UUID, Stored]:
    """Payment rows with their lines, in the order of the rows."""
    lines: dict[UUID, list[Line]] = {row["payment_id"]: [] for row in rows}
    for line in await load_rows(tx, ALLOCATION, "payment_id", list(lines), order_by=["payment_id", "line"]):
        lines[line["payment_id"]].append(Line(line["component"], line["amount_minor"]))
    return {row["payment_id"]: Stored(row, tuple(lines[row["payment_id"]])) for row in rows}


async def insert_payments(tx: Tx, payments: Sequence[Stored]) -> None:
    """Save new payments, which have completed nothing yet, and their lines."""
    rows = [payment.row for payment in payments]
    columns = _INSERTED if any(row["review_reasons"] for row in rows) else _UNREVIEWED
    await insert_rows(tx, PAYMENT, rows, columns=columns)
    await insert_allocations(tx, ((payment.row["payment_id"], payment.allocation) for payment in payments))


async def insert_allocations(tx: Tx, allocations: Iterable[tuple[UUID, tuple[Line, ...]]]) -> None:
    """Save the lines of payments."""
    lines = [
        {"payment_id": payment_id, "component": line.component, "line": number, "amount_minor": line.amount_minor}
        for payment_id, allocation in allocations
        for number, line in enumerate(allocation, start=1)
    ]
    await insert_rows(tx, ALLOCATION, lines)


async def update_payments(tx: Tx, rows: Sequence[Row]) -> None:
    """Set the given columns of payments."""
    await update_rows(tx, PAYMENT, rows, key=["payment_id"])


async def book_payments(tx: Tx, days: Mapping[UUID, date]) -> dict[UUID, Stored]:
    """Set the day on which the core booked payments of ours, once; return those that were changed."""
    if not days:
        return {}
    ordered = sorted(days)
    return await with_allocation(tx, await tx.fetch(_BOOK, ordered, [days[payment_id] for payment_id in ordered]))
