"""A bankruptcy or a discharge at compliance ends promises and arrangements at payments, by way of accounts."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from deploy.local.kafka import Kafka
from tests.conftest import GetEngine
from tests.integration.creditor_book import Book, open_book
from tests.integration.world import World, open_world


@pytest_asyncio.fixture(scope="module")
async def world(issuer: Issuer, kafka: Kafka, service_engine: GetEngine) -> AsyncIterator[World]:
    """Both services, with databases of this module."""
    engines = {name: await service_engine(name) for name in ("accounts", "payments")}
    async with open_world(issuer, engines, kafka.bootstrap_servers, ["supervisor", "integrator", "admin"]) as opened:
        yield opened


@pytest_asyncio.fixture
async def book(world: World) -> Book:
    return await open_book(world)


@pytest.mark.parametrize(("kind", "reason"), [("bankruptcy_stay", "bankruptcy"), ("discharged", "discharge")])
async def test_what_was_promised_is_cancelled_and_judged_anew_when_the_restriction_is_taken_back_on_its_day(
    book: Book, kind: str, reason: str
) -> None:
    await book.take()
    promised = await book.promise(5_000, "2026-03-20")
    one = str(uuid4())
    await book.restrict(kind, one, effective_on="2026-03-12")
    gone = await book.promise_of(promised)
    assert (gone["status"], gone["cancel_reason"], gone["resolved_on"]) == ("cancelled", reason, "2026-03-12")
    assert (await book.account())["queue"] == "restricted"
    await book.restrict(kind, one, version=2, effective_on="2026-03-12", lifted_at="2026-03-12T15:00:00Z")
    back = await book.promise_of(promised)
    assert (back["status"], (await book.account())["queue"]) == ("made", "arrangement_follow_up")


@pytest.mark.parametrize(("kind", "reason"), [("bankruptcy_stay", "bankruptcy"), ("discharged", "discharge")])
async def test_what_a_restriction_has_cancelled_stays_so_when_it_is_lifted(book: Book, kind: str, reason: str) -> None:
    await book.take()
    promised, arranged = await book.promise(5_000, "2026-03-20"), await book.arrange(("2026-03-22", 10_000))
    later = await book.promise(5_000, "2026-03-24")
    one = str(uuid4())
    await book.restrict(kind, one, effective_on="2026-03-12")
    await book.open("2026-03-25")
    await book.restrict(kind, one, version=2, effective_on="2026-03-12", lifted_at="2026-03-25T10:00:00Z")
    assert (await book.account())["queue"] == "mid"
    found = [await book.promise_of(later), await book.arrangement_of(arranged)]
    assert [(one["status"], one["cancel_reason"]) for one in found] == [("cancelled", reason)] * 2
    assert (await book.promise_of(promised))["cancel_reason"] == "arrangement"
    assert book.published("promise.broken", "arrangement.broken") == []


async def test_what_a_stay_has_cancelled_stays_so_when_its_last_day_passes(book: Book) -> None:
    await book.take()
    promised = await book.promise(5_000, "2026-03-20")
    await book.restrict("bankruptcy_stay", effective_on="2026-03-12", ends_on="2026-03-18")
    await book.open("2026-03-25")
    found = await book.promise_of(promised)
    assert (found["status"], found["cancel_reason"], found["resolved_on"]) == ("cancelled", "bankruptcy", "2026-03-12")


async def test_a_second_stay_cancels_what_was_promised_after_the_first(book: Book) -> None:
    await book.take()
    await book.restrict("bankruptcy_stay", effective_on="2026-03-10", ends_on="2026-03-11")
    await book.open("2026-03-12")
    promised = await book.promise(5_000, "2026-03-20")
    assert (await book.promise_of(promised))["status"] == "made"
    await book.restrict("bankruptcy_stay", effective_on="2026-03-14")
    found = await book.promise_of(promised)
    assert (found["status"], found["resolved_on"]) == ("cancelled", "2026-03-14")


async def test_an_arrangement_is_cancelled_too_and_is_no_broken_one(book: Book) -> None:
    await book.take()
    arranged = await book.arrange(("2026-03-20", 10_000))
    await book.restrict("bankruptcy_stay", effective_on="2026-03-12")
    gone = await book.arrangement_of(arranged)
    assert (gone["status"], gone["cancel_reason"]) == ("cancelled", "bankruptcy")


async def test_a_cease_takes_it_out_of_the_queue_and_ends_nothing_that_was_promised(book: Book) -> None:
    await book.take()
    promised = await book.promise(5_000, "2026-03-20")
    await book.restrict("cease")
    assert (await book.promise_of(promised))["status"] == "made"
    assert (await book.account())["queue"] == "restricted"


async def test_money_is_taken_and_flagged_for_a_person_to_look_at(book: Book) -> None:
    await book.take()
    await book.restrict("bankruptcy_stay")
    assert (await book.pay(5_000))["review_reasons"] == ["bankruptcy_stay"]
    assert await book.owes() == (95_000, 15_000, 37)
