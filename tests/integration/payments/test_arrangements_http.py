"""Arrangements through HTTP: both forms of a schedule, authority, approval and the one open place of an account."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from deploy.local.issuer import Issuer
from tests.conftest import GetEngine
from tests.integration.payments.obligation_book import Book, on
from tests.integration.payments.obligation_client import Client, served


@pytest_asyncio.fixture
async def book(service_engine: GetEngine) -> Book:
    return await Book(await service_engine("payments")).open()


@pytest_asyncio.fixture
async def client(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Client]:
    async with served(await service_engine("payments"), issuer) as made:
        yield made


def body(book: Book, total: int = 200, **facts: object) -> dict[str, object]:
    installments = [{"due_on": str(on(day)), "amount_minor": total // 2} for day in (5, 35)]
    return {"account_id": str(book.account_id), "currency": "USD", "installments": installments} | facts


async def test_an_arrangement_is_active_at_once_and_completed_by_a_payment(book: Book, client: Client) -> None:
    answer = await client.post("/v1/arrangements", body(book))
    made = answer.json()
    assert answer.status_code == 201, made
    assert answer.headers["Location"] == f"/v1/arrangements/{made['id']}"
    assert (made["kind"], made["status"], made["version"]) == ("arrangement", "active", 1)
    await book.pay(200, 3)
    done = (await client.get(f"/v1/arrangements/{made['id']}")).json()
    assert (done["status"], done["version"]) == ("completed", 2)
    assert [(one["paid_minor"], one["status"]) for one in done["installments"]] == [(100, "paid")] * 2


async def test_a_schedule_may_be_stated_by_count_and_frequency(book: Book, client: Client) -> None:
    schedule = {"count": 3, "first_due_on": "2026-03-15", "frequency": "semimonthly", "total_minor": 1_000}
    made = (await client.post("/v1/arrangements", body(book, installments=schedule))).json()
    assert [(one["due_on"], one["amount_minor"]) for one in made["installments"]] == [
        ("2026-03-15", 333),
        ("2026-03-31", 333),
        ("2026-04-15", 334),
    ]


async def test_beyond_authority_it_is_proposed_and_a_supervisor_approves_it(book: Book, client: Client) -> None:
    made = (await client.post("/v1/arrangements", body(book, 4_000_000))).json()
    assert made["status"] == "proposed"
    waiting = await client.get(
        "/v1/arrangements", params={"status": "proposed", "creditor_id": str(book.creditor_id)}, role="supervisor"
    )
    assert [one["id"] for one in waiting.json()["items"]] == [made["id"]]
    path = f"/v1/arrangements/{made['id']}/approve"
    assert (await client.post(path)).status_code == 403
    own = await client.post(path, role="supervisor", sub="collector")
    assert (own.status_code, own.json()["code"]) == (403, "same-person")
    approved = await client.post(path, role="supervisor")
    assert (approved.status_code, approved.json()["status"], approved.json()["version"]) == (200, "active", 2)
    again = await client.post(path, role="supervisor")
    assert (again.status_code, again.json()["code"]) == (409, "transition-refused")


async def test_twenty_proposals_at_once_leave_one_open(book: Book, client: Client) -> None:
    answers = await asyncio.gather(*(client.post("/v1/arrangements", body(book)) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"arrangement-open"}
    listed = await client.get("/v1/arrangements", params={"account_id": str(book.account_id)})
    assert [one["status"] for one in listed.json()["items"]] == ["active"]


async def test_the_same_key_twenty_times_at_once_makes_one_arrangement(book: Book, client: Client) -> None:
    answers = await asyncio.gather(*(client.post("/v1/arrangements", body(book), key="same") for _ in range(20)))
    assert {(answer.status_code, answer.json()["id"]) for answer in answers} == {(201, answers[0].json()["id"])}


async def test_a_schedule_that_cannot_be_is_refused_by_name(book: Book, client: Client) -> None:
    twice = [{"due_on": str(on(5)), "amount_minor": 1}] * 2
    none = {"count": 5, "first_due_on": str(on(5)), "frequency": "weekly", "total_minor": 3}
    for installments in (twice, none):
        answer = await client.post("/v1/arrangements", body(book, installments=installments))
        assert (answer.status_code, answer.json()["code"]) == (422, "schedule-invalid")
    empty = await client.post("/v1/arrangements", body(book, installments=[]))
    assert (empty.status_code, empty.json()["code"]) == (422, "validation-error")
    for due_on in ("9999-12-31", "2201-01-01"):
        never = [{"due_on": due_on, "amount_minor": 1}]
        answer = await client.post("/v1/arrangements", body(book, installments=never, grace_days=365))
        assert (answer.status_code, answer.json()["code"]) == (422, "validation-error")
    past = await client.post("/v1/arrangements", body(book, installments=[{"due_on": str(on(-1)), "amount_minor": 1}]))
    assert (past.status_code, past.json()["code"]) == (422, "due-on-in-past")


async def test_a_cancelled_one_frees_its_place(book: Book, client: Client) -> None:
    made = (await client.post("/v1/arrangements", body(book))).json()
    gone = await client.post(f"/v1/arrangements/{made['id']}/cancel")
    assert (gone.status_code, gone.json()["status"], gone.json()["cancel_reason"]) == (200, "cancelled", "request")
    assert (await client.post("/v1/arrangements", body(book))).status_code == 201
