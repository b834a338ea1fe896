"""The list of accounts: every filter says what it says, and a page never reads the whole book to find its accounts."""

import itertools
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from services.accounts.queries.account_list import AccountFilter, list_accounts
from services.accounts.schemas.accounts import AccountOut
from shared.db.transaction import Tx
from shared.jobs import run_chunk
from tests.conftest import GetDatabase, GetEngine
from tests.integration.accounts.desk import CLOCK, LOAN, Desk

DATES = (date(2026, 3, 10), date(2026, 3, 20))
BOOK = 5_000
"""Accounts of each of two creditors, whose business dates differ. A tenth of them is past due."""
LIMIT = 51
MOST = 2 * BOOK // 10
"""Rows of `account` that a page may read: no more than are past due, where filters contradict each other."""
FILTERS: dict[str, tuple[Any, ...]] = {
    "bucket": ("current", "b150_179"),
    "stage": ("current", "late"),
    "queue": ("mid", "escalated"),
    "product_class": ("closed_end_loan", "share_negative"),
    "dpd_gte": (1, 30, 190),
    "dpd_lte": (0, 40),
}
COMBINATIONS = [
    dict(pair)
    for size in (0, 1, 2)
    for names in itertools.combinations(FILTERS, size)
    for pair in itertools.product(*([(name, value) for value in FILTERS[name]] for name in names))
]
"""Nothing, every filter alone, and every two together."""

_BOOK = """
INSERT INTO account (account_id, creditor_id, core_account_number, party_id, product_class, currency, status,
    snapshot_on, is_absent, balance_minor, past_due_minor, oldest_unpaid_due_on, bucket, stage,
    broken_promise_count, queue, version)
SELECT gen_random_uuid(), $1, 'L' || n, gen_random_uuid(), product_class, 'USD', 'open', $2::date, FALSE, 100000,
    CASE WHEN days > 0 THEN 1000 ELSE 0 END, CASE WHEN days > 0 THEN $2::date - days::int END,
    (ARRAY['current', 'b1_29', 'b30_59', 'b60_89', 'b90_119', 'b120_149', 'b150_179', 'b180_plus'])
        [1 + width_bucket(days, ARRAY[1, 30, 60, 90, 120, 150, 180])],
    (ARRAY['current', 'early', 'mid', 'late', 'pre_charge_off'])[1 + width_bucket(days, ARRAY[1, 30, 60, 90])],
    0, CASE WHEN days = 0 THEN NULL WHEN n % 500 = 9 THEN 'escalated'
        ELSE (ARRAY['early_stage', 'mid', 'late', 'pre_charge_off'])[1 + width_bucket(days, ARRAY[30, 60, 90])] END, 1
FROM (
    SELECT n, CASE WHEN n % 10 = 9 THEN 1 + (n * n / 100) % 200 ELSE 0 END AS days,
        CASE WHEN n % 1000 = 1 THEN 'share_negative' WHEN n % 2 = 0 THEN 'credit_card' ELSE 'closed_end_loan' END
            AS product_class
    FROM generate_series(1, $3::int) n
) made
"""


@pytest_asyncio.fixture(scope="module")
async def creditors(service_database: GetDatabase) -> tuple[UUID, ...]:
    """Two creditors with a book each."""
    ids = tuple(sorted((uuid4(), uuid4())))
    owner = await asyncpg.connect((await service_database("accounts")).owner_dsn)
    try:
        for creditor_id, day in zip(ids, DATES, strict=True):
            await owner.execute(
                "INSERT INTO creditor (creditor_id, name, kind, currency, time_zone, business_date, version)"
                " VALUES ($1, 'Harbor', 'creditor', 'USD', 'America/Denver', $2, 1)",
                creditor_id,
                day,
            )
            await owner.execute(_BOOK, creditor_id, day, BOOK)
        await owner.execute("ANALYZE account")
    finally:
        await owner.close()
    return ids


def matches(row: AccountOut, wanted: dict[str, Any]) -> bool:
    days = row.days_past_due
    if not wanted.get("dpd_gte", 0) <= days <= wanted.get("dpd_lte", days):
        return False
    return all(getattr(row, name) == value for name, value in wanted.items() if not name.startswith("dpd"))


async def read_rows(tx: Tx) -> int:
    """How many rows of `account` this transaction has read."""
    found = await tx.fetchval(
        "SELECT COALESCE(seq_tup_read, 0) + COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
        " WHERE relname = 'account'"
    )
    return int(found or 0)


async def test_every_combination_of_filters_finds_its_accounts_without_reading_the_book(
    service_engine: GetEngine, creditors: tuple[UUID, ...]
) -> None:
    async def compare(tx: Tx) -> list[tuple[int, dict[str, Any]]]:
        book = await list_accounts(tx, AccountFilter(frozenset(creditors)), None, 10 * BOOK)
        assert [(row.creditor_id, row.account_id) for row in book] == sorted(
            (row.creditor_id, row.account_id) for row in book
        )
        middle = (creditors[0], book[BOOK // 2].account_id)
        costs = []
        for wanted in COMBINATIONS:
            for after in (None, middle):
                before = await read_rows(tx)
                found = await list_accounts(tx, AccountFilter(frozenset(creditors), **wanted), after, LIMIT)
                costs.append((await read_rows(tx) - before, wanted))
                expected = (row for row in book[0 if after is None else BOOK // 2 + 1 :] if matches(row, wanted))
                assert found == list(itertools.islice(expected, LIMIT)), wanted
        return costs

    costs = await run_chunk(await service_engine("accounts"), CLOCK, compare)
    assert len(costs) == 2 * len(COMBINATIONS)
    assert [cost for cost in costs if cost[0] > MOST] == []


@pytest.mark.parametrize("limit", [1, 2, 200])
async def test_pages_go_over_all_creditors_and_miss_and_repeat_nothing(desk: Desk, limit: int) -> None:
    await desk.take(*({**LOAN, "core_account_number": f"L{n}"} for n in range(5)))
    first, ids = desk.creditor_id, []
    desk.creditor_id = uuid4()
    await desk.open_creditor()
    await desk.take(*({**LOAN, "core_account_number": f"L{n}"} for n in range(3)))
    cursor = None
    while True:
        page = await desk.http.get(
            "/v1/accounts",
            params={"limit": limit, "queue": "mid", **({"cursor": cursor} if cursor else {})},
            headers=desk.headers("collector", first, desk.creditor_id),
        )
        ids += [(item["creditor_id"], item["account_id"]) for item in page.json()["items"]]
        if (cursor := page.json()["next_cursor"]) is None:
            break
    assert len(ids) == 8
    assert ids == sorted(set(ids))


async def test_days_past_due_are_those_of_each_creditors_own_business_date(desk: Desk) -> None:
    await desk.take(LOAN)
    assert (await desk.age(date(2026, 3, 10) + timedelta(days=3))).status_code == 200

    async def found(**query: int) -> int:
        answer = await desk.http.get("/v1/accounts", params=query, headers=desk.headers("collector", desk.creditor_id))
        return len(answer.json()["items"])

    assert [await found(dpd_gte=40), await found(dpd_gte=41), await found(dpd_lte=40), await found(dpd_lte=39)] == [
        1, 0, 1, 0,
    ]  # fmt: skip
    assert await found(dpd_gte=0, dpd_lte=100_000) == 1
