"""Books of accounts to measure on: a creditor, an extract in CSV, and messages about its accounts. All made up."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.demo.cards import CSV_HEADER
from services.accounts.handlers.import_chunk import StartImport
from services.accounts.handlers.import_snapshots import SnapshotImport
from services.accounts.handlers.put_creditor import PutCreditor, put_creditor
from services.accounts.store.imports import Counts
from shared.clock import SystemClock
from shared.db.transaction import Tx
from shared.errors import Refusal
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


def extract(accounts: int) -> Iterator[bytes]:
    """The core's extract: loans, every second of which is one to three instalments behind."""
    yield (CSV_HEADER + "\r\n").encode()
    lines: list[str] = []
    for nth in range(accounts):
        behind = nth % 6 if nth % 2 else 0
        months = (behind + 1) // 2
        lines.append(
            f"{number_of(nth)},closed_end_loan,USD,{BALANCE_MINOR},{BALANCE_MINOR},0,0,{months * INSTALLMENT_MINOR},"
            f"{date(2026, 4 - months, 1) if months else ''},{INSTALLMENT_MINOR},monthly,2026-04-01,2024-01-15,,"
            f"P{nth:08d},natural_person,Alex,Example{nth},en,{nth % 900 + 100} Main Street,Denver,CO,80202,"
            f"+1303555{nth % 10_000:04d},member{nth}@example.org\r\n"
        )
        if len(lines) == _PIECE:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


async def open_book(engine: AsyncEngine) -> None:
    """Make the creditor."""

    async def make(tx: Tx) -> None:
        made = await put_creditor(tx, PutCreditor(CREDITOR, "Harbor", "creditor", "USD", "America/Denver"))
        if isinstance(made, Refusal):
            raise TypeError(made.detail)

    await run_chunk(engine, CLOCK, make)


async def import_book(engine: AsyncEngine, accounts: int) -> Counts:
    """Read the extract through the import's handlers, as the API does."""

    async def body() -> AsyncIterator[bytes]:
        for piece in extract(accounts):
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
