"""The cost of a payment, a cascade event, an aged account and a `next` in books of growing size and growing history.

All books are made first, by SQL; then each round measures every cost in every book, so that sizes are compared in
one run. Fresh messages for other accounts come in each round: no book is copied, and none is measured twice alike.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from time import perf_counter
from typing import NamedTuple
from uuid import UUID

from matplotlib.figure import Figure
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.book import CLOCK, CREDITOR, DAY, Loan, copy_of, import_book, multiply_book, number_of, open_book
from benchmarks.cases.b2 import received
from benchmarks.cases.b4 import posted
from benchmarks.cases.b6 import age
from benchmarks.cases.b9 import median_call, next_of
from benchmarks.payment_book import add_past_payments, fill_payments
from benchmarks.place import Place
from benchmarks.plots import lines_figure
from benchmarks.rounds import Spread
from benchmarks.settings import accounts_settings, payments_settings
from benchmarks.studies.study import Study
from services.accounts.consumers import subscriptions as accounts_subscriptions
from services.payments.consumers import subscriptions as payments_subscriptions
from shared.db.transaction import Tx
from shared.ids import account_id
from shared.jobs import run_chunk
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage, Subscription

ACCOUNTS = (10_000, 100_000, 1_000_000)
PAST = (0, 1_000_000, 10_000_000)
MIDDLE = 100_000
"""The size of the books whose history grows."""
SEED = 1_000
EVENTS = 1_000
"""Payments, and cascade events, of one round and book."""
CALLS = 50
ROUNDS = 3
COSTS = ("payment", "cascade event", "aged account", "next")
LOGGED = COSTS[:2]
"""Of these the write-ahead log is measured too: a page that is first changed after a checkpoint goes in as a whole."""
_BEHIND_FROM, _BEHIND_TO = 20, 50
_ROLLING = 3
_POLLED = 500
_PIECE = 500_000
_PAST_ENTRIES = """
INSERT INTO entry (payment_id, account_id, creditor_id, amount_minor, dues_minor, currency, effective_on, posted_on,
  origin, channel, source, source_ref, allocation, received_at)
SELECT uuidv7(), account_id, creditor_id, 5000, 5000, 'USD', $1::date - 30 - n, $1::date - 30 - n, 'core', 'ach',
  'core', 'H' || n, '{"interest": 2000, "principal": 3000}', now() - interval '30 days'
FROM account CROSS JOIN generate_series($2::int, $3::int) AS n
"""
_HOW = (
    f"Low to high of {ROUNDS} rounds; {EVENTS:,} payments, {EVENTS:,} cascade events, a night in which {_ROLLING} % "
    f"roll and the median of {CALLS} calls of next in each. An aged account carries its share of the scan of the book. "
    "Verified: nothing was parked, exactly those that fall due were aged, every call leased an item."
)


@dataclass(frozen=True, slots=True)
class Size:
    """How many accounts a book has, and how many payments in its past."""

    accounts: int
    past: int


@dataclass(slots=True)
class _Book:
    """A book of both services; `costs` are the milliseconds found, `logged` the KiB of log, by what they are of."""

    size: Size
    payments: AsyncEngine
    accounts: AsyncEngine
    costs: dict[str, list[float]] = field(default_factory=dict)
    logged: dict[str, list[float]] = field(default_factory=dict)


def loan_of(nth: int) -> Loan:
    """On each of the next days 3 % fall due for the first time; 30 % are behind by one instalment; others are well."""
    place = nth % 100
    if place < ROUNDS * _ROLLING:
        return Loan(0, None, DAY + timedelta(days=place // _ROLLING))
    return Loan(1, date(2026, 3, 1)) if _BEHIND_FROM <= place < _BEHIND_TO else Loan()


async def study(place: Place, *, scale: float) -> Study:
    """Measure at 10,000, 100,000 x `scale` and 1,000,000 x `scale` accounts, and at 0 to 10,000,000 x `scale`."""
    middle = max(ACCOUNTS[0], int(MIDDLE * scale))
    by_accounts = [Size(max(ACCOUNTS[0], int(accounts * scale)), 0) for accounts in ACCOUNTS]
    by_past = [Size(middle, int(past * scale)) for past in PAST]
    async with AsyncExitStack() as stack:
        books: list[_Book] = []
        for size in dict.fromkeys([*by_accounts, *by_past]):
            began = perf_counter()
            books.append(await _made(stack, place, size))
            seconds = perf_counter() - began
            print(f"  made {size.accounts:,} accounts with {size.past:,} past payments in {seconds:.0f} s", flush=True)
        for nth in range(ROUNDS):
            for book in books[nth % len(books) :] + books[: nth % len(books)]:
                await _measure(book, nth)
                said = ", ".join(f"{cost} {found[-1]:.2f} ms" for cost, found in book.costs.items())
                print(f"  round {nth + 1}, {book.size.accounts:,} / {book.size.past:,}: {said}", flush=True)
    found = {book.size: {cost: Spread.of(times) for cost, times in book.costs.items()} for book in books}
    logged = {book.size: {cost: median(kib) for cost, kib in book.logged.items()} for book in books}
    return _study(found, logged, by_accounts, by_past)


async def _made(stack: AsyncExitStack, place: Place, size: Size) -> _Book:
    ids = [account_id(CREDITOR, number_of(nth)) for nth in range(size.accounts)]

    async def fill_of_payments(engine: AsyncEngine) -> None:
        await run_chunk(engine, CLOCK, lambda tx: fill_payments(tx, ids, promised=ids[::10]))

    async def fill_of_accounts(engine: AsyncEngine) -> None:
        await open_book(engine)
        await import_book(engine, SEED, loan_of)
        await multiply_book(engine, size.accounts // SEED)

    payments = await place.prepared("payments", fill_of_payments)
    accounts = await place.prepared("accounts", fill_of_accounts)
    payments_engine = await stack.enter_async_context(place.engine("payments", payments))
    accounts_engine = await stack.enter_async_context(place.engine("accounts", accounts))
    if size.past:
        async with place.without_indexes(payments, ("payment", "allocation", "source_reference")):
            for begin in range(0, size.past, _PIECE):
                await run_chunk(payments_engine, CLOCK, _adding_payments(ids, begin, min(begin + _PIECE, size.past)))
        async with place.without_indexes(accounts, ("entry",)):
            each = max(1, size.past // size.accounts)
            for begin in range(0, each, 10):
                await run_chunk(accounts_engine, CLOCK, _adding_entries(begin + 1, min(begin + 10, each)))
    return _Book(size, payments_engine, accounts_engine)


def _adding_payments(ids: Sequence[UUID], begin: int, end: int) -> Callable[[Tx], Awaitable[None]]:
    async def add(tx: Tx) -> None:
        await add_past_payments(tx, ids, begin, end)

    return add


def _adding_entries(first: int, last: int) -> Callable[[Tx], Awaitable[None]]:
    async def add(tx: Tx) -> None:
        await tx.execute(_PAST_ENTRIES, DAY, first, last)

    return add


async def _measure(book: _Book, nth: int) -> None:
    """Measure each cost once; every payment goes to an account that no earlier round has paid."""
    accounts = book.size.accounts
    step = accounts // (ROUNDS * EVENTS)
    payments = [
        received(nth * EVENTS + each, (nth * EVENTS + each) * max(1, step) % accounts) for each in range(EVENTS)
    ]
    facts = [posted(nth * EVENTS + each, _behind(nth * EVENTS + each, accounts)) for each in range(EVENTS)]
    cascade = [each for each in accounts_subscriptions(accounts_settings()) if "payment.posted" in each.topics]
    payment = await _applied(book.payments, "payments", payments_subscriptions(payments_settings()), payments)
    event = await _applied(book.accounts, "accounts", cascade, facts)
    for cost, applied in zip(LOGGED, (payment, event), strict=True):
        book.logged.setdefault(cost, []).append(applied.kib)
    found = {
        "payment": payment.milliseconds,
        "cascade event": event.milliseconds,
        "aged account": await _aged(book, DAY + timedelta(days=nth + 1)),
        "next": 1000 * await median_call(book.accounts, set(), next_of, CALLS),
    }
    for cost, milliseconds in found.items():
        book.costs.setdefault(cost, []).append(milliseconds)


def _behind(nth: int, accounts: int) -> UUID:
    """The account that the nth event pays: one that is behind, anywhere in the book."""
    behind = _BEHIND_TO - _BEHIND_FROM
    in_seed = SEED * behind // 100
    copies = accounts // SEED
    seat, copy = nth % in_seed, nth // in_seed % copies if copies <= ROUNDS * EVENTS // in_seed else nth * 7919 % copies
    number = seat // behind * 100 + _BEHIND_FROM + seat % behind
    return copy_of(number_of(number), 1 + copy)


class _Applied(NamedTuple):
    """What one message took, and how much it added to the write-ahead log."""

    milliseconds: float
    kib: float


async def _applied(
    engine: AsyncEngine, service: str, subscriptions: Sequence[Subscription], messages: Sequence[RawMessage]
) -> _Applied:
    """Apply messages in batches. None may be parked."""
    applier = BatchApplier(engine, CLOCK, subscriptions, group=service)
    position = await run_chunk(engine, CLOCK, _log_position)
    began = perf_counter()
    for begin in range(0, len(messages), _POLLED):
        await applier.apply(messages[begin : begin + _POLLED])
    seconds = perf_counter() - began
    logged = await run_chunk(engine, CLOCK, _log_position) - position
    table = "payment WHERE source_ref LIKE 'T%'" if service == "payments" else "entry WHERE source_ref LIKE 'T%'"

    async def check(tx: Tx) -> None:
        if await tx.fetchval("SELECT count(*) FROM dead_letter"):
            raise AssertionError("messages were parked")
        if not await tx.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
            raise AssertionError("nothing was posted")
        await tx.execute("DELETE FROM outbox")  # as the relay would

    await run_chunk(engine, CLOCK, check)
    return _Applied(1000 * seconds / len(messages), logged / 1024 / len(messages))


async def _log_position(tx: Tx) -> int:
    """The bytes that were ever written to the log."""
    return int(await tx.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))


async def _aged(book: _Book, day: date) -> float:
    """Age the book by a day and return the milliseconds of one account that rolls."""
    began = perf_counter()
    progress = await age(book.accounts, day)
    seconds = perf_counter() - began
    if progress["aged"] != book.size.accounts * _ROLLING // 100:
        raise AssertionError(f"3 % of {book.size.accounts} should roll: {progress}")
    return float(1000 * seconds / progress["aged"])


def _study(
    found: dict[Size, dict[str, Spread]],
    logged: dict[Size, dict[str, float]],
    by_accounts: Sequence[Size],
    by_past: Sequence[Size],
) -> Study:
    sizes = list(dict.fromkeys([*by_accounts, *by_past]))
    rows = [
        [f"{size.accounts:,}", f"{size.past:,}"]
        + [f"{one.middle:.2f} ({one.low:.2f} to {one.high:.2f})" for one in found[size].values()]
        + [f"{logged[size][cost]:.1f}" for cost in LOGGED]
        for size in sizes
    ]
    verdicts = [
        f"From {steps[0].accounts:,} accounts and {steps[0].past:,} past payments to {steps[-1].accounts:,} and "
        f"{steps[-1].past:,} the cost of "
        + ", ".join(
            f"a{'n' if cost[0] == 'a' else ''} {cost} changes by a factor of "
            f"{found[steps[-1]][cost].middle / found[steps[0]][cost].middle:.2f}"
            for cost in COSTS
        )
        + "."
        for steps in (by_accounts, by_past)
    ]

    def plot() -> Figure:
        series = [
            ("accounts in the book", [size.accounts for size in by_accounts], [found[size] for size in by_accounts]),
            ("past payments", [size.past for size in by_past], [found[size] for size in by_past]),
        ]
        return lines_figure(series, COSTS, "milliseconds")

    return Study(
        code="growth",
        title="The cost of one, in milliseconds, as the book and its history grow",
        columns=("accounts", "past payments", *COSTS, *(f"KiB of log, {cost}" for cost in LOGGED)),
        rows=rows,
        paragraphs=(*verdicts, _HOW),
        numbers=[
            {"accounts": size.accounts, "past": size.past, **{cost: one.middle for cost, one in found[size].items()}}
            | {f"KiB of log, {cost}": kib for cost, kib in logged[size].items()}
            for size in sizes
        ],
        plot=plot,
    )
