"""Queues and work items as a front-end app sees them: the real edge, real tokens, the real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import Message

from deploy.local.issuer import Issuer
from services.accounts.app import create_api
from services.accounts.domain.default_queues import DEFAULT_QUEUES
from services.accounts.handlers.put_queue import REEVALUATION, reevaluate_queues
from services.accounts.settings import AccountsSettings
from shared.clock import SystemClock
from shared.jobs import JobRunner
from tests.conftest import GetEngine
from tests.integration.accounts.queue_book import BUSINESS_DATE, MID, Book
from tests.integration.declared import held_to_its_document

PAST_DUE = {"field": "past_due_minor", "op": "gt", "value": 0}
MINE: dict[str, Any] = {"name": "Mine", "rank": 1, "predicate": PAST_DUE, "priority": {"past_due_minor": 1}}


@dataclass
class Client:
    """Calls the API with a token of a role."""

    app: FastAPI
    http: httpx.AsyncClient
    issuer: Issuer

    def authorization(
        self, role: str = "collector", *, creditors: Sequence[UUID] = (), sub: str = "ann"
    ) -> dict[str, str]:
        token = self.issuer.mint(role, creditors=creditors, ttl=timedelta(minutes=5), sub=sub)
        return {"Authorization": f"Bearer {token}"}

    async def call(
        self,
        method: str,
        path: str,
        *,
        role: str = "collector",
        creditors: Sequence[UUID] = (),
        sub: str = "ann",
        **options: Any,
    ) -> httpx.Response:
        headers = self.authorization(role, creditors=creditors, sub=sub) | options.pop("headers", {})
        return await self.http.request(method, path, headers=headers, **options)


@pytest_asyncio.fixture
async def book(service_engine: GetEngine) -> AsyncIterator[Book]:
    book = Book(await service_engine("accounts"), SystemClock())
    await book.open_creditor()
    await book.define(*DEFAULT_QUEUES)
    yield book
    await book.clear()


@pytest_asyncio.fixture
async def client(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Client]:
    engine = await service_engine("accounts")
    settings = AccountsSettings(
        database_url=SecretStr(engine.url.render_as_string(hide_password=False)),
        kafka_bootstrap_servers="127.0.0.1:1",
        jwks_url=issuer.jwks_url,
        jwt_issuer=issuer.url,
    )
    app = create_api(settings, engine=engine, clock=SystemClock())
    transport, hooks = httpx.ASGITransport(app=app), held_to_its_document("accounts")
    async with httpx.AsyncClient(transport=transport, base_url="http://accounts", event_hooks=hooks) as http:
        yield Client(app, http, issuer)
    await app.state.edge.close()


async def _book_of(book: Book, count: int) -> list[UUID]:
    ids = await book.add([MID | {"past_due_minor": 100 * (n + 1)} for n in range(count)])
    await book.refresh(ids)
    return ids


async def test_the_queues_are_listed_by_rank_with_what_is_in_them(book: Book, client: Client) -> None:
    await _book_of(book, 3)
    answer = await client.call("GET", "/v1/queues")
    items = answer.json()["items"]
    assert [item["code"] for item in items] == [definition.code for definition in DEFAULT_QUEUES]
    (mid,) = [item for item in items if item["code"] == "mid"]
    assert (mid["depth"], mid["past_due_minor"]) == (3, 600)
    assert mid["past_due"] == [{"currency": "USD", "past_due_minor": 600}]
    strangers = await client.call("GET", "/v1/queues", creditors=[uuid4()])
    assert {item["depth"] for item in strangers.json()["items"]} == {0}


async def test_a_collector_works_an_item_from_next_to_complete(book: Book, client: Client) -> None:
    (account_id,) = await _book_of(book, 1)
    item = (await client.call("POST", "/v1/queues/mid/next")).json()
    assert (item["account_id"], item["assigned_to"], item["reasons"]) == (str(account_id), "ann", ["mid"])
    assert item["leased_until"].endswith("Z")
    assert (await client.call("POST", "/v1/queues/mid/next")).status_code == 204
    path = f"/v1/work-items/{item['work_item_id']}/complete"
    taken = await client.call("POST", path, sub="bob")
    assert (taken.status_code, taken.json()["code"]) == (409, "not-lease-holder")
    past = await client.call("POST", path, json={"follow_up_on": BUSINESS_DATE.isoformat()})
    assert (past.status_code, past.json()["code"]) == (422, "follow-up-in-past")
    done = await client.call("POST", path)
    assert (done.status_code, done.json()["status"]) == (200, "completed")
    assert done.json()["withheld_until"] == (BUSINESS_DATE + timedelta(days=1)).isoformat()


async def test_roles_decide_who_works_and_who_edits(book: Book, client: Client) -> None:
    await _book_of(book, 1)
    for role in ("auditor", "integrator", "admin"):
        assert (await client.call("POST", "/v1/queues/mid/next", role=role)).status_code == 403
    assert (await client.call("PUT", "/v1/queues/mine", json=MINE)).status_code == 403
    item = (await client.call("POST", "/v1/queues/mid/next")).json()
    path = f"/v1/work-items/{item['work_item_id']}/release"
    assert (await client.call("POST", path, sub="bob")).status_code == 409
    assert (await client.call("POST", path, sub="sue", role="supervisor")).status_code == 200


@pytest.mark.usefixtures("book")
async def test_what_is_not_there_is_404(client: Client) -> None:
    for method, path, code in (
        ("GET", "/v1/queues/nope", "queue-unknown"),
        ("GET", "/v1/queues/nope/items", "queue-unknown"),
        ("POST", "/v1/queues/nope/next", "queue-unknown"),
        ("POST", f"/v1/work-items/{uuid4()}/release", "work-item-unknown"),
        ("GET", f"/v1/accounts/{uuid4()}/timeline", "account-unknown"),
        ("GET", f"/v1/accounts/{uuid4()}/overview", "account-unknown"),
    ):
        answer = await client.call(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, code), path


async def test_the_work_list_comes_in_pages_from_the_best_on(book: Book, client: Client) -> None:
    ids = await _book_of(book, 5)
    await client.call("POST", "/v1/queues/mid/next")
    seen: list[dict[str, Any]] = []
    cursor = None
    for _ in range(3):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.call("GET", "/v1/queues/mid/items", params=params)).json()
        seen += page["items"]
        cursor = page["next_cursor"]
    assert cursor is None
    assert [item["account_id"] for item in seen] == [str(account_id) for account_id in reversed(ids)]
    assert [item["status"] for item in seen] == ["assigned", "open", "open", "open", "open"]


async def test_a_changed_definition_is_previewed_stored_and_applied_to_the_book(book: Book, client: Client) -> None:
    ids = await _book_of(book, 700)
    preview = (await client.call("POST", "/v1/queues/mine/preview", role="supervisor", json=MINE)).json()
    assert preview | {"past_due_minor": 0, "matches_past_due_minor": 0} == {
        "code": "mine", "matches": 700, "matches_past_due_minor": 0, "depth": 700, "past_due_minor": 0,
        "entering": 700, "leaving": 0,
    }  # fmt: skip
    made = await client.call("PUT", "/v1/queues/mine", role="supervisor", json=MINE)
    assert (made.status_code, made.headers["ETag"], made.headers["Location"]) == (201, '"1"', "/v1/queues/mine")
    (job,) = await book.fetch("SELECT job_id, progress FROM job WHERE kind = $1 AND status = 'queued'", REEVALUATION)
    runner = JobRunner(book.engine, book.clock, {REEVALUATION: reevaluate_queues})
    done = await runner.run_job(job["job_id"])
    assert (done.status, done.progress) == ("done", {"queues_changed": 700})
    shown = (await client.call("GET", "/v1/queues/mine")).json()
    assert shown["depth"] == 700
    assert {"predicate": PAST_DUE, "priority": {"past_due_minor": 1}}.items() <= shown.items()
    (row,) = await book.fetch("SELECT count(*) AS n FROM account WHERE queue = 'mine'")
    assert row["n"] == len(ids)


async def test_a_changed_priority_and_changed_reasons_reach_the_items_that_stay(book: Book, client: Client) -> None:
    await _book_of(book, 3)
    runner = JobRunner(book.engine, book.clock, {REEVALUATION: reevaluate_queues})

    async def put(definition: dict[str, Any], headers: dict[str, str]) -> None:
        stored = await client.call("PUT", "/v1/queues/mine", role="supervisor", json=definition, headers=headers)
        assert stored.status_code < 300
        (job,) = await book.fetch("SELECT job_id FROM job WHERE kind = $1 AND status = 'queued'", REEVALUATION)
        await runner.run_job(job["job_id"])

    await put(MINE, {})
    before = (await client.call("GET", "/v1/queues/mine/items")).json()["items"]
    assert [item["reasons"] for item in before] == [["mine"]] * 3
    reasons = [{"code": "owes", "when": PAST_DUE}]
    await put(MINE | {"priority": {"past_due_minor": -2}, "reasons": reasons}, {"If-Match": '"1"'})
    after = (await client.call("GET", "/v1/queues/mine/items")).json()["items"]
    assert [item["work_item_id"] for item in after] == [item["work_item_id"] for item in reversed(before)]
    assert [item["priority"] for item in after] == [-2 * item["priority"] for item in reversed(before)]
    assert [item["reasons"] for item in after] == [["owes"]] * 3


@pytest.mark.usefixtures("book")
async def test_a_change_needs_the_version_that_was_read(client: Client) -> None:
    changed = MINE | {"name": "Mine, renamed"}
    await client.call("PUT", "/v1/queues/mine", role="supervisor", json=MINE)
    blind = await client.call("PUT", "/v1/queues/mine", role="supervisor", json=changed)
    assert (blind.status_code, blind.json()["code"]) == (428, "precondition-required")
    stale = await client.call("PUT", "/v1/queues/mine", role="supervisor", json=changed, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    again = await client.call("PUT", "/v1/queues/mine", role="supervisor", json=MINE)
    assert (again.status_code, again.headers["ETag"]) == (200, '"1"')
    stored = await client.call("PUT", "/v1/queues/mine", role="supervisor", json=changed, headers={"If-Match": '"1"'})
    assert (stored.status_code, stored.headers["ETag"], stored.json()["name"]) == (200, '"2"', "Mine, renamed")
    read = (await client.call("GET", "/v1/queues/mine")).json()
    sent_back = await client.call(
        "PUT", "/v1/queues/mine", role="supervisor", json=read | {"name": "Ours"}, headers={"If-Match": '"2"'}
    )
    assert (sent_back.status_code, sent_back.json()["name"]) == (200, "Ours")


@pytest.mark.usefixtures("book")
async def test_a_bad_definition_is_refused_with_the_place(client: Client) -> None:
    bad = MINE | {"predicate": {"any": [PAST_DUE, {"field": "stage", "op": "eq", "value": "x' OR 1=1"}]}}
    answer = await client.call("PUT", "/v1/queues/mine", role="supervisor", json=bad)
    assert (answer.status_code, answer.json()["code"]) == (422, "predicate-value-invalid")
    assert answer.json()["errors"][0]["field"] == "predicate.any[1].value"


async def test_a_token_of_one_creditor_edits_queues_of_that_creditor_only(book: Book, client: Client) -> None:
    limited: dict[str, Any] = {"role": "supervisor", "creditors": [book.creditor_id]}
    everybody = await client.call("PUT", "/v1/queues/mine", json=MINE, **limited)
    assert (everybody.status_code, everybody.json()["code"]) == (403, "forbidden")
    stranger = await client.call("PUT", "/v1/queues/mine", json=MINE | {"creditor_id": str(uuid4())}, **limited)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "creditor-unknown")
    own = await client.call("PUT", "/v1/queues/mine", json=MINE | {"creditor_id": str(book.creditor_id)}, **limited)
    assert own.status_code == 201
    other = await client.call("GET", "/v1/queues/mine", creditors=[uuid4()])
    assert other.status_code == 404


async def test_the_stream_shows_queue_changes_of_the_tokens_creditors(book: Book, client: Client) -> None:
    (account_id,) = await _book_of(book, 1)
    await client.call("POST", "/v1/queues/mid/next")
    await _relay(book)
    (first,) = await book.fetch("SELECT min(position) AS position FROM stream_log")
    seen = await _stream(client, {"Last-Event-ID": str(first["position"] - 1)}, creditors=[book.creditor_id])
    assert [event for event, _ in seen] == ["queue.item_entered", "queue.item_assigned"]
    assert str(account_id) in seen[0][1]
    resumed = await _stream(client, {"Last-Event-ID": str(first["position"])}, creditors=[book.creditor_id])
    assert [event for event, _ in resumed] == ["queue.item_assigned"]
    assert await _stream(client, {"Last-Event-ID": str(first["position"])}, creditors=[uuid4()]) == []
    assert await _stream(client, {"Last-Event-ID": "999999"}, creditors=[uuid4()]) == [("stream.reset", "{}")]


async def _relay(book: Book) -> None:
    """What the relay does in its delete transaction."""
    columns = "event_id, topic, key, type, source, subject, time, aggregate_version, creditor_id, body"
    await book.fetch(f"INSERT INTO stream_log ({columns}) SELECT {columns} FROM outbox ORDER BY id")


async def _stream(client: Client, headers: dict[str, str], *, creditors: Sequence[UUID]) -> list[tuple[str, str]]:
    """The events that are there for a client: the first block after the hello."""
    sent: list[str] = []
    has_read = asyncio.Event()

    async def receive() -> Message:
        await has_read.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            sent.append(message["body"].decode())
            if len(sent) == 2:
                has_read.set()

    headers = headers | client.authorization(creditors=creditors)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/queues/stream",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    async with asyncio.timeout(20):
        await client.app(scope, receive, send)
    lines = [dict(line.split(": ", 1) for line in block.splitlines()) for block in sent[1].split("\n\n")]
    return [(line["event"], line["data"]) for line in lines if "event" in line]
