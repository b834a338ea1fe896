"""Working a queue on the real PostgreSQL: who gets which item, for how long, and what each action does to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.accounts.domain.actor import Actor
from services.accounts.domain.default_queues import DEFAULT_QUEUES
from services.accounts.handlers.complete import complete
from services.accounts.handlers.escalate import escalate
from services.accounts.handlers.next_item import next_item
from services.accounts.handlers.queue_membership import refresh_queues
from services.accounts.handlers.release import release
from services.accounts.handlers.snooze import snooze
from services.accounts.schemas.work_items import WorkItemOut
from shared.clock import FixedClock
from shared.db.locks import try_lock
from shared.db.transaction import Tx, open_transaction
from shared.errors import Refusal
from tests.conftest import GetEngine
from tests.integration.accounts.queue_book import BUSINESS_DATE, CURED, MID, Book

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
TOMORROW = BUSINESS_DATE + timedelta(days=1)
ANN, BOB = Actor("ann"), Actor("bob")
SUE = Actor("sue", is_supervisor=True)


@pytest.fixture
async def book(service_engine: GetEngine) -> AsyncIterator[Book]:
    book = Book(await service_engine("accounts"), FixedClock(NOW))
    await book.open_creditor()
    await book.define(*DEFAULT_QUEUES)
    yield book
    await book.clear()


async def _leased(book: Book, sub: str = "ann") -> WorkItemOut:
    item = await book.next("mid", sub)
    assert item is not None
    return item


async def _one(book: Book) -> UUID:
    (account_id,) = await book.add([MID])
    await book.refresh([account_id])
    await book.events()
    return account_id


def _clock(book: Book) -> FixedClock:
    assert isinstance(book.clock, FixedClock)
    return book.clock


async def test_fifty_collectors_who_ask_at_once_get_fifty_different_items(book: Book) -> None:
    ids = await book.add([MID | {"past_due_minor": 1 + n % 7} for n in range(50)])
    await book.refresh(ids)
    items = await asyncio.gather(*(book.next("mid", f"collector {n}") for n in range(50)))
    assert {item.account_id for item in items if item} == set(ids)
    assert await book.next("mid") is None
    rows = await book.fetch("SELECT holder FROM work_item WHERE account_id = ANY($1::uuid[])", ids)
    assert len({row["holder"] for row in rows}) == 50


async def test_collectors_and_payments_at_once_leave_one_truth(book: Book) -> None:
    ids = await book.add([MID | {"past_due_minor": 1 + n} for n in range(40)])
    await book.refresh(ids)
    cured = ids[::2]
    results = await asyncio.gather(
        *(book.next("mid", f"collector {n}") for n in range(30)), *(book.change(each, CURED) for each in cured)
    )
    leased = [result for result in results if isinstance(result, WorkItemOut)]
    assert len({item.work_item_id for item in leased}) == len(leased) >= 20
    rows = await book.fetch("SELECT account_id, status FROM work_item")
    assert {row["account_id"] for row in rows if row["status"] != "superseded"} == set(ids) - set(cured)
    assert len(rows) == len(ids)
    # every collector who asked in time for an item that is still there has one, and nobody shares
    held = await book.fetch("SELECT holder FROM work_item WHERE status = 'assigned'")
    assert len({row["holder"] for row in held}) == len(held)


async def test_the_best_item_comes_first_and_each_next_gives_another(book: Book) -> None:
    low, high = await book.add([MID, MID | {"past_due_minor": 90_000}])
    await book.refresh([low, high])
    assert [(await _leased(book)).account_id for _ in range(2)] == [high, low]
    assert await book.next("mid") is None


async def test_a_lease_says_who_holds_it_and_until_when(book: Book) -> None:
    await _one(book)
    item = await _leased(book)
    assert (item.assigned_to, item.leased_until) == ("ann", NOW + timedelta(minutes=30))
    ((topic, version, event),) = await book.events()
    assert (topic, version, event["assigned_to"]) == ("queue.item_assigned", 2, "ann")
    assert event["leased_until"] == "2026-03-15T12:30:00Z"


async def test_an_expired_lease_is_offered_again(book: Book) -> None:
    await _one(book)
    item = await _leased(book)
    _clock(book).at = NOW + timedelta(minutes=29, seconds=59)
    assert await book.next("mid", "bob") is None
    _clock(book).at = NOW + timedelta(minutes=30)
    again = await _leased(book, "bob")
    assert (again.work_item_id, again.assigned_to) == (item.work_item_id, "bob")
    refusal = await book.run(lambda tx: complete(tx, item.work_item_id, ANN))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "not-lease-holder"


async def test_a_token_gets_items_of_its_own_creditors_only(book: Book) -> None:
    other = UUID(int=5)
    await book.open_creditor(other)
    ids = await book.add([MID], other)
    await book.refresh(ids)
    assert await book.next("mid") is None
    assert await book.next("mid", creditors=frozenset({other})) is not None


async def test_an_account_that_is_being_written_is_passed_over_and_looked_at_again(book: Book) -> None:
    busy, free = await book.add([MID | {"past_due_minor": 90_000}, MID])
    await book.refresh([busy, free])
    async with open_transaction(book.engine, book.clock) as writer:
        assert await try_lock(writer, busy)
        assert (await _leased(book)).account_id == free
        assert await book.next("mid") is None
    assert (await _leased(book)).account_id == busy


async def test_an_unknown_queue_is_refused(book: Book) -> None:
    refusal = await book.run(lambda tx: next_item(tx, "nope", ANN))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "queue-unknown"


@pytest.mark.parametrize("act", [complete, snooze])
async def test_a_withheld_item_comes_back_by_itself_with_the_next_business_date(
    book: Book, act: Callable[[Tx, UUID, Actor], Awaitable[WorkItemOut | Refusal]]
) -> None:
    account_id = await _one(book)
    item = await _leased(book)
    done = await book.run(lambda tx: act(tx, item.work_item_id, ANN))
    assert isinstance(done, WorkItemOut)
    assert (done.assigned_to, done.withheld_until) == (None, TOMORROW)
    _clock(book).at = NOW + timedelta(days=9)
    assert await book.next("mid") is None
    # the date alone decides: nothing has looked at the account since
    await book.move_date(TOMORROW)
    assert (await _leased(book)).account_id == account_id


async def test_a_follow_up_withholds_the_item_until_its_day(book: Book) -> None:
    await _one(book)
    item = await _leased(book)
    follow_up_on = BUSINESS_DATE + timedelta(days=3)
    await book.run(lambda tx: complete(tx, item.work_item_id, ANN, follow_up_on=follow_up_on))
    await book.move_date(BUSINESS_DATE + timedelta(days=2))
    assert await book.next("mid") is None
    await book.move_date(follow_up_on)
    assert await book.next("mid") is not None


async def test_a_queue_change_offers_a_withheld_account_at_once(book: Book) -> None:
    account_id = await _one(book)
    item = await _leased(book)
    far = BUSINESS_DATE + timedelta(days=90)
    await book.run(lambda tx: snooze(tx, item.work_item_id, ANN, until=far))
    await book.change(account_id, {"stage": "late"})
    offered = await book.next("late")
    assert offered is not None
    assert offered.account_id == account_id


async def test_a_released_item_is_offered_again_at_once(book: Book) -> None:
    await _one(book)
    item = await _leased(book)
    await book.events()
    await book.run(lambda tx: release(tx, item.work_item_id, ANN))
    ((topic, version, event),) = await book.events()
    assert (topic, version, event["assigned_to"]) == ("queue.item_assigned", 3, None)
    assert (await _leased(book, "bob")).work_item_id == item.work_item_id


async def test_only_the_holder_or_a_supervisor_releases(book: Book) -> None:
    await _one(book)
    item = await _leased(book)
    refusal = await book.run(lambda tx: release(tx, item.work_item_id, BOB))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "not-lease-holder"
    assert isinstance(await book.run(lambda tx: release(tx, item.work_item_id, SUE)), WorkItemOut)


async def test_acting_on_an_item_that_a_payment_has_superseded_says_so(book: Book) -> None:
    account_id = await _one(book)
    item = await _leased(book)
    await book.change(account_id, CURED)
    for attempt in (
        lambda tx: complete(tx, item.work_item_id, ANN),
        lambda tx: snooze(tx, item.work_item_id, ANN),
        lambda tx: release(tx, item.work_item_id, ANN),
        lambda tx: escalate(tx, item.work_item_id, ANN, reason="late"),
    ):
        refusal = await book.run(attempt)
        assert isinstance(refusal, Refusal)
        assert refusal.code == "work-item-superseded"


async def test_a_work_item_of_another_creditor_does_not_exist(book: Book) -> None:
    await _one(book)
    item = await _leased(book)
    stranger = Actor("ann", frozenset({UUID(int=9)}))
    refusal = await book.run(lambda tx: release(tx, item.work_item_id, stranger))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "work-item-unknown"


async def test_escalating_moves_the_account_to_the_supervisors(book: Book) -> None:
    account_id = await _one(book)
    item = await _leased(book)
    await book.events()
    after = await book.run(lambda tx: escalate(tx, item.work_item_id, ANN, reason="threatens to sue"))
    assert isinstance(after, WorkItemOut)
    assert after.status == "superseded"
    events = await book.events()
    assert [topic for topic, _, _ in events] == [
        "queue.item_assigned",
        "work_item.escalated",
        "queue.item_exited",
        "queue.item_entered",
    ]
    assert events[1][2]["reason"] == "", "what a person typed may name anybody: it is in no event"
    (fact,) = await book.fetch("SELECT detail FROM account_history WHERE kind = 'work_item.escalated'")
    assert fact["detail"]["reason"] == "threatens to sue"
    escalated = await book.next("escalated", "sue")
    assert escalated is not None
    assert escalated.account_id == account_id
    done = await book.run(lambda tx: complete(tx, escalated.work_item_id, SUE, resolve_escalation=True))
    assert isinstance(done, WorkItemOut)
    assert done.status == "superseded"
    assert (await _leased(book)).account_id == account_id


async def test_what_is_published_of_an_item_after_a_restore_counts_as_newer(book: Book) -> None:
    account_id = await _one(book)
    item = await _leased(book)
    assert [version for _, version, _ in await book.events()] == [2]
    await book.run(lambda tx: release(tx, item.work_item_id, ANN, version_epoch=1))
    await book.run(lambda tx: next_item(tx, "mid", ANN, version_epoch=1))
    await book.run(lambda tx: complete(tx, item.work_item_id, ANN, version_epoch=1))
    first = 1 << 40
    assert [version for _, version, _ in await book.events()] == [first + 1, first + 2, first + 3]

    async def cure(tx: Tx) -> object:
        await tx.execute("UPDATE account SET past_due_minor = 0 WHERE account_id = $1", account_id)
        return await refresh_queues(tx, [account_id], {book.creditor_id: BUSINESS_DATE}, version_epoch=2)

    await book.run(cure)
    assert [(topic, version) for topic, version, _ in await book.events()] == [("queue.item_exited", (2 << 40) + 1)]


async def test_only_a_supervisor_resolves_an_escalation(book: Book) -> None:
    await _one(book)
    item = await _leased(book)
    refusal = await book.run(lambda tx: complete(tx, item.work_item_id, ANN, resolve_escalation=True))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "forbidden"


async def test_an_arrangement_is_offered_only_after_a_due_date_passed_unpaid(book: Book) -> None:
    facts = {"arrangement_status": "active", "follow_up_due_on": BUSINESS_DATE}
    (account_id,) = await book.add([facts])
    await book.refresh([account_id])
    assert await book.next("arrangement_follow_up") is None
    await book.move_date(TOMORROW)
    await book.refresh([account_id])
    offered = await book.next("arrangement_follow_up")
    assert offered is not None
    assert offered.reasons == ("open_arrangement",)
