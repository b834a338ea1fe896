"""Which queue an account is in, on the real PostgreSQL: the SQL means what the definitions say, for every account."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.books.queues import holds
from services.accounts.domain.default_queues import DEFAULT_QUEUES
from services.accounts.domain.queues import QueueDefinition, parse_definition, rank_order
from services.accounts.handlers.queue_membership import refresh_queues
from services.accounts.store.predicates import placement_sql, queue_scan_condition
from services.accounts.store.queue_definitions import load_definitions
from services.accounts.store.queues import stale_accounts
from shared.clock import FixedClock
from shared.db.transaction import Tx, open_transaction
from shared.errors import Refusal
from tests.conftest import GetEngine
from tests.integration.accounts.queue_book import BUSINESS_DATE, CURED, MID, Book
from tests.unit.accounts import queue_reference as reference

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
async def book(service_engine: GetEngine) -> AsyncIterator[Book]:
    book = Book(await service_engine("accounts"), FixedClock(NOW))
    await book.open_creditor()
    await book.define(*DEFAULT_QUEUES)
    await book.events()
    yield book
    await book.clear()


def _definition(code: str, rank: int, raw: dict[str, Any], **extra: Any) -> QueueDefinition:
    definition = parse_definition(code, {"name": code, "rank": rank, "predicate": raw, **extra})
    assert not isinstance(definition, Refusal), definition
    return definition


async def test_a_new_database_has_the_default_queues(service_engine: GetEngine) -> None:
    book = Book(await service_engine("accounts"), FixedClock(NOW))
    definitions = await book.run(load_definitions)
    assert definitions == tuple(sorted(DEFAULT_QUEUES, key=rank_order))


@given(
    wanted=st.lists(reference.predicates, min_size=1, max_size=3),
    offered=reference.predicates,
    because=reference.predicates,
    accounts=st.lists(reference.account_facts, min_size=1, max_size=8),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_the_sql_of_any_definition_means_what_the_definition_says(
    book: Book,
    wanted: list[dict[str, Any]],
    offered: dict[str, Any],
    because: dict[str, Any],
    accounts: list[dict[str, Any]],
) -> None:
    definitions = tuple(
        _definition(f"q{rank}", rank, raw, offer_when=offered, reasons=[{"code": "because", "when": because}])
        for rank, raw in enumerate(wanted)
    )
    ids = await book.add(accounts)
    sql = placement_sql(definitions)
    rows = {
        row["account_id"]: row
        for row in await book.fetch(sql.text, ids, [book.creditor_id], [BUSINESS_DATE], *sql.args)
    }
    for account_id, facts in zip(ids, accounts, strict=True):
        row = rows[account_id]
        queue = next((f"q{n}" for n, raw in enumerate(wanted) if holds(raw, facts, BUSINESS_DATE)), None)
        assert row["queue"] == queue, facts
        if queue is not None:
            assert row["is_offerable"] == holds(offered, facts, BUSINESS_DATE)
            is_because = holds(because, facts, BUSINESS_DATE)
            assert row["reasons"] == (["because"] if is_because else [queue])
    # the nightly scan finds exactly the accounts that the placement would move, and none that it has moved
    assert await _stale(book, definitions, ids) == {each for each in ids if rows[each]["queue"] is not None}


async def _stale(book: Book, definitions: tuple[QueueDefinition, ...], ids: list[UUID]) -> set[UUID]:
    async def step(tx: Tx) -> set[UUID]:
        stale = await stale_accounts(tx, definitions, after=None, limit=10_000)
        return {each.account_id for each in stale} & set(ids)

    return await book.run(step)


@given(
    accounts=st.lists(reference.account_facts, min_size=1, max_size=12),
    days=st.integers(1, 60),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_scan_of_a_new_date_finds_exactly_what_a_refresh_of_every_account_would_change(
    book: Book, accounts: list[dict[str, Any]], days: int
) -> None:
    await book.move_date(BUSINESS_DATE)
    ids = await book.add(accounts)
    await book.refresh(ids)
    assert await _stale(book, DEFAULT_QUEUES, ids) == set()
    await book.move_date(BUSINESS_DATE + timedelta(days=days))
    stale = await _stale(book, DEFAULT_QUEUES, ids)
    before = await _state(book, ids)
    await book.refresh(ids)
    after = await _state(book, ids)
    # reasons may go on with the days by themselves; where an account stands and whether it is offered may not
    assert stale == {each for each in ids if before.get(each) != after.get(each)}
    assert await _stale(book, DEFAULT_QUEUES, ids) == set()


async def _state(book: Book, ids: list[UUID]) -> dict[UUID, Any]:
    rows = await book.fetch(
        "SELECT account_id, queue, is_offerable, withheld_until FROM work_item WHERE closed_at IS NULL "
        "AND account_id = ANY($1::uuid[])",
        ids,
    )
    return {row["account_id"]: tuple(row)[1:] for row in rows}


async def test_the_scan_takes_a_business_date_as_a_parameter_among_others(book: Book) -> None:
    (account_id,) = await book.add([MID])
    condition = queue_scan_condition(DEFAULT_QUEUES, first_parameter=3, business_date="$2::date")
    sql = f"SELECT a.account_id FROM account a WHERE a.creditor_id = $1 AND {condition.text}"
    rows = await book.fetch(sql, book.creditor_id, BUSINESS_DATE, *condition.args)
    assert [row["account_id"] for row in rows] == [account_id]


async def test_an_account_enters_its_queue_once_and_says_so_once(book: Book) -> None:
    (account_id,) = await book.add([MID])
    first, again = await book.refresh([account_id]), await book.refresh([account_id])
    assert (first.entered, first.exited, first.changed) == (1, 0, 1)
    assert first.queues == {account_id: "mid"}
    assert again.changed == 0
    ((topic, version, event),) = await book.events()
    assert (topic, version, event["queue"], event["priority"]) == ("queue.item_entered", 1, "mid", 10_000)
    (row,) = await book.fetch("SELECT queue FROM account WHERE account_id = $1", account_id)
    assert row["queue"] == "mid"


async def test_a_payment_that_cures_supersedes_the_work_item(book: Book) -> None:
    (account_id,) = await book.add([MID])
    await book.refresh([account_id])
    item = await book.next("mid")
    assert item is not None
    await book.events()
    assert (await book.change(account_id, CURED)).exited == 1
    ((topic, version, event),) = await book.events()
    assert (topic, version, event["exit_reason"]) == ("queue.item_exited", 3, "left")
    assert event["work_item_id"] == str(item.work_item_id)
    (row,) = await book.fetch("SELECT status, exit_reason FROM work_item WHERE work_item_id = $1", item.work_item_id)
    assert tuple(row) == ("superseded", "left")


async def test_an_account_that_moves_leaves_one_queue_and_enters_the_other(book: Book) -> None:
    (account_id,) = await book.add([MID])
    await book.refresh([account_id])
    await book.events()
    await book.change(account_id, {"restrictions": ["cease", 'a"b\\c']})
    assert [(topic, event["queue"]) for topic, _, event in await book.events()] == [
        ("queue.item_exited", "mid"),
        ("queue.item_entered", "restricted"),
    ]
    (row,) = await book.fetch("SELECT reasons FROM work_item WHERE account_id = $1 AND closed_at IS NULL", account_id)
    assert row["reasons"] == ["cease"]


async def test_a_part_payment_changes_the_place_in_the_queue_and_publishes_nothing(book: Book) -> None:
    first, second = await book.add([MID | {"past_due_minor": 20_000}, MID])
    await book.refresh([first, second])
    await book.events()
    assert (await book.change(first, {"past_due_minor": 500})).changed == 0
    assert await book.events() == []
    item = await book.next("mid")
    assert item is not None
    assert item.account_id == second


async def test_any_text_in_a_definition_stays_a_value(book: Book) -> None:
    hostile = "x'); DROP TABLE work_item; --"
    await book.define(
        _definition("mine", 1, {"field": "restrictions", "op": "contains", "value": hostile}),
        *DEFAULT_QUEUES,
    )
    marked, other = await book.add([MID | {"restrictions": [hostile]}, MID])
    changes = await book.refresh([marked, other])
    assert changes.queues == {marked: "mine", other: "mid"}


async def test_the_priority_may_put_the_oldest_debt_first(book: Book) -> None:
    everyone = {"field": "past_due_minor", "op": "gt", "value": 0}
    await book.define(_definition("oldest", 1, everyone, priority={"oldest_unpaid_due_on": -1_000_000_000}))
    older = MID | {"oldest_unpaid_due_on": date(2025, 1, 1), "past_due_minor": 1}
    old, oldest = await book.add([MID, older])
    await book.refresh([old, oldest])
    item = await book.next("oldest")
    assert item is not None
    assert item.account_id == oldest


async def test_a_queue_of_one_creditor_leaves_other_creditors_alone(book: Book) -> None:
    everyone = {"field": "past_due_minor", "op": "gt", "value": 0}
    mine = parse_definition("mine", {"name": "m", "rank": 1, "predicate": everyone}, creditor_id=book.creditor_id)
    assert not isinstance(mine, Refusal)
    await book.define(mine, *DEFAULT_QUEUES)
    other = UUID(int=77)
    await book.open_creditor(other)
    ours, theirs = (await book.add([MID]))[0], (await book.add([MID], other))[0]
    assert (await book.refresh([ours, theirs])).queues == {ours: "mine", theirs: "mid"}


async def test_what_a_transaction_placed_is_gone_when_it_rolls_back(book: Book) -> None:
    (account_id,) = await book.add([MID])

    async with open_transaction(book.engine, book.clock) as tx:
        await refresh_queues(tx, [account_id], {book.creditor_id: BUSINESS_DATE})
    assert await book.events() == []
    assert await book.next("mid") is None
