"""An account with a long history costs no more than its days: its money is added up by PostgreSQL, and judged alike."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
import pytest_asyncio

from services.payments.domain.counting import Entry, Start
from services.payments.store.case_facts import load_entries
from shared.db.transaction import Tx
from tests.conftest import GetEngine
from tests.integration.payments.obligation_book import Book, on

_PAST = """
INSERT INTO payment (payment_id, creditor_id, account_id, amount_minor, currency, effective_on, posted_on, channel,
  source, source_ref, origin, status, taken_at)
SELECT uuidv7(), $1, $2, amount, 'USD', effective_on, posted_on, 'ach', 'core', 'H' || n, 'core', status, taken_at
FROM unnest($3::bigint[], $4::date[], $5::date[], $6::timestamptz[], $7::text[]) WITH ORDINALITY
  AS v (amount, effective_on, posted_on, taken_at, status, n)
"""

Row = tuple[int, date, date, datetime, str]


@pytest_asyncio.fixture
async def book(service_engine: GetEngine) -> Book:
    return await Book(await service_engine("payments")).open()


async def remember(book: Book, rows: Sequence[Row]) -> None:
    """Payments of the past, as they are kept."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    await book.run(lambda tx: tx.execute(_PAST, book.creditor_id, book.account_id, *columns))


async def entries_of(book: Book, starts: Sequence[Start]) -> list[Entry]:
    async def step(tx: Tx) -> dict[UUID, list[Entry]]:
        return await load_entries(tx, {book.account_id: starts})

    return sorted((await book.run(step)).get(book.account_id, []))


async def test_a_thousand_payments_on_a_few_days_are_judged_as_a_few_and_pay_what_they_pay(book: Book) -> None:
    made = await book.arrange((5, 1500), (9, 1500))
    await remember(book, [(1, on(n % 5), on(n % 5), made.made_at + timedelta(hours=n), "posted") for n in range(1000)])
    assert len(await entries_of(book, [Start(on(0), made.made_at)])) == 6  # of the first day one came at the start
    await book.pay(1, 5)
    assert (await book.arrangement_now(made.id)).paid_minor == 1000  # all but that one


@pytest.mark.parametrize("seed", range(20))
async def test_money_is_added_up_only_where_no_start_and_no_activation_tells_it_apart(book: Book, seed: int) -> None:
    chance = Random(seed)
    noon = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
    instants = [noon + timedelta(microseconds=chance.randint(-1, 1), days=n) for n in range(chance.randint(1, 3))]
    starts = [Start(on(chance.randint(1, 2)), at) for at in instants]
    rows: list[Row] = [
        (
            chance.randint(1, 100),
            on(chance.randint(0, 3)),
            on(chance.randint(0, 3)),
            chance.choice(instants) + timedelta(microseconds=chance.randint(-2, 2)),
            chance.choice(["posted", "posted", "reversed"]),
        )
        for _ in range(60)
    ]
    await remember(book, rows)
    groups: dict[object, list[Row]] = {}
    for row in rows:
        _, effective_on, posted_on, taken_at, status = row
        if status == "posted" and effective_on >= min(start.made_on for start in starts):
            side = tuple((taken_at > at) - (taken_at < at) for at in instants)
            groups.setdefault((effective_on, posted_on, side), []).append(row)
    assert await entries_of(book, starts) == sorted(
        Entry(alike[0][1], alike[0][2], min(row[3] for row in alike), sum(row[0] for row in alike))
        for alike in groups.values()
    )
