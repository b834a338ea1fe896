"""Promises through HTTP: what a front-end app sends, gets back, and is refused."""

from collections.abc import AsyncIterator
from uuid import uuid4

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


def body(book: Book, **facts: object) -> dict[str, object]:
    promise = {"account_id": str(book.account_id), "due_on": str(on(5)), "amount_minor": 12_550, "currency": "USD"}
    return promise | facts


async def test_a_promise_is_created_with_its_location_and_version(book: Book, client: Client) -> None:
    answer = await client.post("/v1/promises", body(book, method="ach"))
    made = answer.json()
    assert answer.status_code == 201, made
    assert answer.headers["Location"] == f"/v1/promises/{made['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert (made["kind"], made["status"], made["account_id"]) == ("promise", "made", str(book.account_id))
    assert made["installments"] == [
        {"due_on": str(on(5)), "amount_minor": 12_550, "paid_minor": 0, "status": "scheduled"}
    ]
    shown = await client.get(f"/v1/promises/{made['id']}", role="auditor")
    assert shown.json() == made


async def test_the_same_key_makes_one_promise_and_another_body_is_refused(book: Book, client: Client) -> None:
    first = await client.post("/v1/promises", body(book), key="k-1")
    again = await client.post("/v1/promises", body(book), key="k-1")
    other = await client.post("/v1/promises", body(book, amount_minor=1), key="k-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    listed = await client.get("/v1/promises", params={"account_id": str(book.account_id)})
    assert len(listed.json()["items"]) == 1


async def test_a_promise_without_a_key_is_refused(book: Book, client: Client) -> None:
    token = client.token("collector")
    answer = await client.http.post("/v1/promises", json=body(book), headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-required")


async def test_an_account_that_is_not_here_yet_is_answered_409_with_a_time_to_retry(book: Book, client: Client) -> None:
    answer = await client.post("/v1/promises", body(book, account_id=str(uuid4())))
    assert (answer.status_code, answer.json()["code"]) == (409, "account-not-here")
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_due_date_in_the_past_is_refused_by_name(book: Book, client: Client) -> None:
    answer = await client.post("/v1/promises", body(book, due_on=str(on(-1))))
    assert (answer.status_code, answer.json()["code"]) == (422, "due-on-in-past")
    assert answer.json()["errors"][0]["field"] == "due_on"


async def test_what_is_no_promise_is_a_validation_error(book: Book, client: Client) -> None:
    for wrong in (
        {"amount_minor": 0},
        {"amount_minor": 1.5},
        {"amount_minor": 10**16},
        {"method": "4111 1111"},
        {"x": 1},
        {"due_on": "9999-12-31"},
    ):
        answer = await client.post("/v1/promises", body(book, **wrong))
        assert (answer.status_code, answer.json()["code"]) == (422, "validation-error"), wrong


async def test_roles_that_may_not_promise_are_forbidden_and_auditors_read(book: Book, client: Client) -> None:
    for role in ("auditor", "compliance_officer", "integrator", "admin"):
        assert (await client.post("/v1/promises", body(book), role=role)).status_code == 403


async def test_another_creditors_promises_do_not_exist(book: Book, client: Client) -> None:
    made = (await client.post("/v1/promises", body(book))).json()
    stranger = [uuid4()]
    assert (await client.post("/v1/promises", body(book), creditors=stranger)).status_code == 404
    assert (await client.get(f"/v1/promises/{made['id']}", creditors=stranger)).status_code == 404
    assert (await client.post(f"/v1/promises/{made['id']}/cancel", creditors=stranger)).json()[
        "code"
    ] == "promise-unknown"
    listed = await client.get("/v1/promises", params={"account_id": str(book.account_id)}, creditors=stranger)
    assert listed.json()["items"] == []


async def test_the_list_comes_in_pages_newest_first(book: Book, client: Client) -> None:
    ids = [(await client.post("/v1/promises", body(book, amount_minor=n + 1))).json()["id"] for n in range(5)]
    found: list[str] = []
    params = {"account_id": str(book.account_id), "limit": "2"}
    while True:
        page = (await client.get("/v1/promises", params=params)).json()
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert found == ids[::-1]
    assert (await client.get("/v1/promises", params=params | {"cursor": "nonsense"})).json()["code"] == "cursor-invalid"


async def test_a_cancel_may_name_the_version_that_was_read(book: Book, client: Client) -> None:
    made = (await client.post("/v1/promises", body(book))).json()
    path = f"/v1/promises/{made['id']}/cancel"
    stale = await client.post(path, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    gone = await client.post(path, headers={"If-Match": '"1"'})
    assert (gone.status_code, gone.json()["status"], gone.headers["ETag"]) == (200, "cancelled", '"2"')


async def test_a_promise_is_never_approved(book: Book, client: Client) -> None:
    made = (await client.post("/v1/promises", body(book))).json()
    answer = await client.post(f"/v1/promises/{made['id']}/approve", role="supervisor")
    assert (answer.status_code, answer.json()["code"]) == (409, "transition-refused")
