"""Books of accounts to measure on: a creditor, an extract in CSV, and messages about its accounts. All made up."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import md5
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.demo.cards import CSV_HEADER
from services.accounts.handlers.import_chunk import StartImport
from services.accounts.handlers.import_snapshots import SnapshotImport
from services.accounts.handlers.put_creditor import PutCreditor, put_creditor
from services.accounts.store.imports import Counts
from services.accounts.tables.accounts import ACCOUNT
from services.accounts.tables.queues import WORK_ITEM
from services.accounts.tables.snapshots import ACCOUNT_SNAPSHOT
from shared.clock import SystemClock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import account_id
from shared.jobs import run_chunk

CREDITOR = UUID("0197a000-0000-7000-8000-000000000001")
DAY = date(2026, 3, 10)
CLOCK = SystemClock()
INSTALLMENT_MINOR = 10_000
BALANCE_MINOR = 500_000
_PIECE = 1_000


def number_of(nth: int) -> str:
    """The core's number of the nth account."""
    return f"L{nth:08d}"


@dataclass(frozen=True, slots=True)
class Loan:
    """What the core states of a loan: how many instalments it is behind, since when, and when the next falls due."""

    months_behind: int = 0
    oldest: date | None = None
    next_due: date = date(2026, 4, 1)


def every_second_behind(nth: int) -> Loan:
    """Loans, every second of which is one to three instalments behind: their due dates are the first of a month."""
    months = (nth % 6 + 1) // 2 if nth % 2 else 0
    return Loan(months, date(2026, 4 - months, 1)) if months else Loan()


_ROLLING = {
    1: Loan(2, date(2026, 2, 9), date(2026, 4, 9)),  # 29 days: becomes 30, another bucket, stage and queue
    2: Loan(0, None, date(2026, 3, 10)),  # due today: past due tomorrow, and in a queue
    3: Loan(2, date(2026, 1, 10), date(2026, 3, 10)),  # 59 days: becomes 60, and another instalment is missed
}


def rolling(nth: int) -> Loan:
    """A book of which 3 % roll on the next business date, 10 % are behind, and nothing else happens."""
    place = nth % 100
    if place in _ROLLING:
        return _ROLLING[place]
    return every_second_behind(place) if place in (5, 7, 9, 11, 13, 15, 17, 19, 21, 23) else Loan()


def extract(accounts: int, loan_of: Callable[[int], Loan] = every_second_behind) -> Iterator[bytes]:
    """The core's extract."""
    yield (CSV_HEADER + "\r\n").encode()
    lines: list[str] = []
    for nth in range(accounts):
        loan = loan_of(nth)
        lines.append(
            f"{number_of(nth)},closed_end_loan,USD,{BALANCE_MINOR},{BALANCE_MINOR},0,0,"
            f"{loan.months_behind * INSTALLMENT_MINOR},{loan.oldest or ''},{INSTALLMENT_MINOR},monthly,{loan.next_due},"
            f"2024-01-15,,P{nth:08d},natural_person,Alex,Example{nth},en,{nth % 900 + 100} Main Street,Denver,CO,80202,"
            f"+1303555{nth % 10_000:04d},member{nth}@example.org\r\n"
        )
        if len(lines) == _PIECE:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def _copied(table: Table, **changed: str) -> str:
    """Copies of the rows of a table for the accounts of `clone`; `changed` gives the new value of a column."""
    names = [column.name for column in table.columns if column.computed is None]
    values = ", ".join(changed.get(name, f"t.{name}") for name in names)
    return f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM clone JOIN {table.name} t"


_MULTIPLY = f"""
WITH clone AS MATERIALIZED (
  SELECT account_id AS old_id, core_account_number || '-' || n AS number,
         md5(core_account_number || '-' || n)::uuid AS new_id
  FROM account CROSS JOIN generate_series(2, $1::int) AS n WHERE $2::text IS NULL OR queue = $2
), snapshots AS (
  {_copied(ACCOUNT_SNAPSHOT, account_id="new_id")} ON t.account_id = old_id
), items AS (
  {_copied(WORK_ITEM, account_id="new_id", work_item_id="uuidv7()")} ON t.account_id = old_id AND t.closed_at IS NULL
)
{_copied(ACCOUNT, account_id="new_id", core_account_number="number")} ON t.account_id = old_id
"""


async def multiply_book(engine: AsyncEngine, times: int, *, queue: str | None = None) -> None:
    """Give every account (of a queue) `times` - 1 copies, with its snapshot and its place in the queue, by SQL."""

    async def multiply(tx: Tx) -> None:
        await tx.execute(_MULTIPLY, times, queue)

    await run_chunk(engine, CLOCK, multiply)


def copy_of(number: str, nth: int) -> UUID:
    """The id of the nth copy of an account; the first is the account itself."""
    if nth == 1:
        return account_id(CREDITOR, number)
    return UUID(md5(f"{number}-{nth}".encode(), usedforsecurity=False).hexdigest())


async def open_book(engine: AsyncEngine) -> None:
    """Make the creditor."""

    async def make(tx: Tx) -> None:
        made = await put_creditor(tx, PutCreditor(CREDITOR, "Harbor", "creditor", "USD", "America/Denver"))
        if isinstance(made, Refusal):
            raise TypeError(made.detail)

    await run_chunk(engine, CLOCK, make)


async def import_book(
    engine: AsyncEngine, accounts: int, loan_of: Callable[[int], Loan] = every_second_behind
) -> Counts:
    """Read the extract through the import's handlers, as the API does."""

    async def body() -> AsyncIterator[bytes]:
        for piece in extract(accounts, loan_of):
            yield piece

    reading = SnapshotImport(
        lambda fn: run_chunk(engine, CLOCK, fn),
        StartImport(CREDITOR, DAY, is_complete=True, file_format="csv", imported_by="benchmark"),
        chunk_rows=1000,
        max_outbox_rows=10**9,  # no relay runs here, whose work is a case of its own
    )
    done = await reading.run(body())
    if isinstance(done, Refusal):
        raise TypeError(done.detail)
    return done[1]
