"""Nacha return files through HTTP on the real database: which money goes back, once, and which is only reported."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from deploy.local.issuer import Issuer
from services.payments.app import create_api
from services.payments.handlers.correct_payment import Reallocate, reallocate_payment
from services.payments.settings import PaymentsSettings
from services.payments.store.payments import Stored
from shared.db.transaction import Tx
from shared.errors import Refusal
from tests.conftest import GetEngine
from tests.integration.declared import held_to_its_document
from tests.integration.payments.obligation_book import SUPERVISOR, Book, on
from tests.integration.payments.obligation_client import Client
from tests.integration.payments.return_files import Returned, return_file

SAMPLES = Path(__file__).parents[2] / "data" / "nacha"
PATH = "/v1/imports/nacha-returns"
TRACE = "091000010000001"
RESULTS = ("reversed", "already_reversed", "unmatched", "ambiguous", "reported")


@pytest_asyncio.fixture
async def client(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Client]:
    engine = await service_engine("payments")
    settings = PaymentsSettings(
        database_url=SecretStr(engine.url.render_as_string(hide_password=False)),
        kafka_bootstrap_servers="127.0.0.1:1",
        jwks_url=issuer.jwks_url,
        jwt_issuer=issuer.url,
    )
    app = create_api(settings, engine=engine)
    transport, hooks = httpx.ASGITransport(app=app), held_to_its_document("payments")
    # The engine is the module's: only the edge and the batcher of this app are used, not its lifespan, which ends it.
    async with httpx.AsyncClient(transport=transport, base_url="http://payments", event_hooks=hooks) as http:
        await app.state.authenticator.jwks.load()
        yield Client(http, issuer)
        await app.state.edge.close()


@dataclass
class Desk:
    """What a bank's file meets: one creditor with an account, and its ACH debits."""

    book: Book
    client: Client

    async def debit(self, amount: int = 12_500, *, effective_on: date | None = None, **facts: Any) -> str:
        """Post an ACH payment and return its id."""
        body = {
            "account_id": str(self.book.account_id),
            "amount_minor": amount,
            "currency": "USD",
            "effective_on": str(effective_on or on(0)),
            "channel": "ach",
            "source": "lockbox",
            "source_ref": uuid4().hex,
        } | facts
        answer = await self.client.post("/v1/payments", body)
        assert answer.status_code == 201, answer.json()
        payment_id: str = answer.json()["payment_id"]
        return payment_id

    async def send(
        self,
        content: str | bytes | AsyncIterator[bytes],
        *,
        creditor_id: UUID | None = None,
        role: str = "integrator",
        creditors: Sequence[UUID] = (),
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        token = self.client.token(role, creditors=creditors)
        own = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain", "Idempotency-Key": str(uuid4())}
        return await self.client.http.post(
            PATH,
            params={"creditor_id": str(creditor_id or self.book.creditor_id)},
            content=content,
            headers={**own, **(headers or {})},
        )

    async def take(self, *entries: Returned, reference: str = "") -> dict[str, Any]:
        """Send a file of these entries, and return its report."""
        answer = await self.send(return_file(*entries, created_on=on(1), reference=reference))
        assert answer.status_code in {200, 201}, answer.json()
        report: dict[str, Any] = answer.json()
        return report

    async def status(self, payment_id: str) -> str:
        answer = await self.client.get(f"/v1/payments/{payment_id}")
        status: str = answer.json()["status"]
        return status

    async def reversals(self) -> list[dict[str, Any]]:
        return [body for _, _, body in await self.book.events("payment.reversed")]


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, client: Client) -> Desk:
    return Desk(await Book(await service_engine("payments")).open(), client)


def results(report: dict[str, Any]) -> list[str]:
    return [entry["result"] for entry in report["entries"]]


async def test_a_returned_debit_takes_its_payment_back(desk: Desk) -> None:
    payment_id = await desk.debit(ach_trace=TRACE)
    answer = await desk.send(return_file(Returned(TRACE), created_on=on(1)))
    report = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{PATH}/{report['file_id']}")
    assert report["counts"] == {result: int(result == "reversed") for result in RESULTS}
    (entry,) = report["entries"]
    assert (entry["line"], entry["result"], entry["payment_id"]) == (3, "reversed", payment_id)
    shown = (await desk.client.get(f"/v1/payments/{payment_id}")).json()
    assert shown["status"] == "reversed"
    assert (shown["reversal"]["reversal_id"], shown["reversal"]["reason"]) == (entry["reversal_id"], "nsf")
    assert [event["payment_id"] for event in await desk.reversals()] == [payment_id]


async def test_the_file_of_another_bank_is_read_as_it_is(desk: Desk) -> None:
    payment_id = await desk.debit(12_354, effective_on=date(2018, 10, 15), ach_trace="091400600000001")
    report = (await desk.send((SAMPLES / "return-WEB.ach").read_bytes())).json()
    assert results(report) == ["reversed", "reported"]
    assert [entry["return_code"] for entry in report["entries"]] == ["R01", "R03"]
    assert await desk.status(payment_id) == "reversed"


async def test_a_payment_is_found_by_the_reference_that_the_debit_carried(desk: Desk) -> None:
    payment_id = await desk.debit(source="web", source_ref="DEBIT-0000017", ach_trace=None)
    other = await desk.debit(1, source="api", source_ref="DEBIT-0000018")
    report = await desk.take(Returned("0" * 15, individual_id="DEBIT-0000017", code="R10"))
    assert [entry["payment_id"] for entry in report["entries"]] == [payment_id]
    assert [event["reason"] for event in await desk.reversals()] == ["returned"]
    assert await desk.status(other) == "posted"


async def test_the_same_file_again_moves_no_money_twice(desk: Desk) -> None:
    await desk.debit(ach_trace=TRACE)
    content = return_file(Returned(TRACE), created_on=on(1))
    first, again = await desk.send(content), await desk.send(content)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["file_id"] == first.json()["file_id"]
    assert results(again.json()) == ["already_reversed"]
    assert again.json()["entries"][0]["reversal_id"] == first.json()["entries"][0]["reversal_id"]
    assert len(await desk.reversals()) == 1
    shown = await desk.client.get(f"{PATH}/{first.json()['file_id']}")
    assert results(shown.json()) == ["reversed"], "the report keeps what the file did"


async def test_the_same_file_again_finds_the_payment_that_came_after_it(desk: Desk) -> None:
    assert results(await desk.take(Returned(TRACE))) == ["unmatched"]
    await desk.debit(ach_trace=TRACE)
    assert results(await desk.take(Returned(TRACE))) == ["reversed"]


async def test_a_file_without_a_key_moves_no_money(desk: Desk) -> None:
    await desk.debit(ach_trace=TRACE)
    content = return_file(Returned(TRACE), created_on=on(1))
    answer = await desk.client.http.post(
        PATH,
        params={"creditor_id": str(desk.book.creditor_id)},
        content=content,
        headers={"Authorization": f"Bearer {desk.client.token('integrator')}", "Content-Type": "text/plain"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-required")
    assert results(await desk.take(Returned(TRACE))) == ["reversed"]


async def test_the_same_request_again_gets_the_first_answer(desk: Desk) -> None:
    await desk.debit(ach_trace=TRACE)
    content = return_file(Returned(TRACE), created_on=on(1))
    first = await desk.send(content, headers={"Idempotency-Key": "file-1"})
    again = await desk.send(content, headers={"Idempotency-Key": "file-1"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_another_file_with_the_same_return_finds_it_reversed_already(desk: Desk) -> None:
    payment_id = await desk.debit(ach_trace=TRACE)
    first = await desk.take(Returned(TRACE))
    second = await desk.take(Returned(TRACE), reference="AGAIN")
    assert first["file_id"] != second["file_id"]
    assert [(entry["result"], entry["payment_id"]) for entry in second["entries"]] == [("already_reversed", payment_id)]
    assert len(await desk.reversals()) == 1


async def test_a_return_that_stands_twice_in_a_file_reverses_once(desk: Desk) -> None:
    await desk.debit(ach_trace=TRACE)
    assert results(await desk.take(Returned(TRACE), Returned(TRACE))) == ["reversed", "already_reversed"]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"amount": 12_501, "ach_trace": TRACE}, id="another amount"),
        pytest.param({"ach_trace": "091000010000002"}, id="another trace"),
        pytest.param({"ach_trace": TRACE, "channel": "check"}, id="another channel"),
        pytest.param({"ach_trace": TRACE, "effective_on": on(-71)}, id="too long ago"),
    ],
)
async def test_a_return_of_no_payment_of_ours_is_unmatched(desk: Desk, facts: dict[str, Any]) -> None:
    payment_id = await desk.debit(**facts)
    assert results(await desk.take(Returned(TRACE))) == ["unmatched"]
    assert await desk.status(payment_id) == "posted"


async def test_the_payment_of_another_creditor_is_not_meant(desk: Desk, service_engine: GetEngine) -> None:
    other = Desk(await Book(await service_engine("payments")).open(), desk.client)
    payment_id = await other.debit(ach_trace=TRACE, source_ref="DEBIT-1")
    assert results(await desk.take(Returned(TRACE, individual_id="DEBIT-1"))) == ["unmatched"]
    assert await desk.status(payment_id) == "posted"


async def test_a_return_that_means_two_payments_reverses_neither(desk: Desk) -> None:
    both = [await desk.debit(ach_trace=TRACE), await desk.debit(ach_trace=TRACE)]
    report = await desk.take(Returned(TRACE))
    assert (results(report), report["counts"]["ambiguous"]) == (["ambiguous"], 1)
    assert [await desk.status(one) for one in both] == ["posted", "posted"]


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        pytest.param(Returned(TRACE, code="R68"), "dishonored_return", id="dishonoured"),
        pytest.param(Returned(TRACE, code="R72"), "contested_return", id="contested"),
        pytest.param(Returned(TRACE, code="C01"), "notification_of_change", id="notification of change"),
        pytest.param(Returned(TRACE, amount=0), "return", id="returned prenote"),
        pytest.param(Returned(TRACE, code="", amount=0, transaction_code="28"), "forward_entry", id="prenote"),
        pytest.param(Returned(TRACE, code="R03", transaction_code="21"), "return", id="returned credit"),
        pytest.param(Returned(TRACE, transaction_code="27"), "return", id="forward debit"),
    ],
)
async def test_what_is_no_returned_debit_is_reported_and_moves_no_money(desk: Desk, entry: Returned, kind: str) -> None:
    payment_id = await desk.debit(ach_trace=TRACE)
    report = await desk.take(entry)
    assert [(one["result"], one["kind"]) for one in report["entries"]] == [("reported", kind)]
    assert report["entries"][0]["detail"]
    assert await desk.status(payment_id) == "posted"


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("dishonored-return.ach", ["dishonored_return"] * 2),
        ("ppd-debit.ach", ["forward_entry"]),
        ("return-PPD-custom-reason-code.ach", ["return"]),
    ],
)
async def test_sample_files_without_a_returned_debit_are_reported(desk: Desk, name: str, kinds: list[str]) -> None:
    answer = await desk.send((SAMPLES / name).read_bytes(), headers={"Content-Type": "application/octet-stream"})
    report = answer.json()
    assert answer.status_code == 201, report
    assert [(entry["result"], entry["kind"]) for entry in report["entries"]] == [("reported", kind) for kind in kinds]


def _truncated(content: str) -> str:
    return "\n".join(content.splitlines()[:-1])


def _wrong_total(content: str) -> str:
    return content.replace(f"{12_500:012}", f"{12_600:012}")


def _wrong_count(content: str) -> str:
    return content.replace("8200000002", "8200000003")


@pytest.mark.parametrize(("broken", "line"), [(_truncated, 5), (_wrong_total, 5), (_wrong_count, 5)])
async def test_a_broken_file_applies_nothing_and_names_its_lines(desk: Desk, broken: Any, line: int) -> None:
    payment_id = await desk.debit(ach_trace=TRACE)
    answer = await desk.send(broken(return_file(Returned(TRACE), created_on=on(1))))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "nacha-file-invalid")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert line in {error["line"] for error in problem["errors"]}, problem
    assert await desk.status(payment_id) == "posted"
    assert results(await desk.take(Returned(TRACE))) == ["reversed"], "the mended file is applied"


async def test_the_sample_without_controls_is_refused_whole(desk: Desk) -> None:
    payment_id = await desk.debit(12_354, effective_on=date(2018, 10, 15), ach_trace="091400600000001")
    answer = await desk.send((SAMPLES / "return-no-batch-controls.ach").read_bytes())
    assert (answer.status_code, answer.json()["code"]) == (422, "nacha-file-invalid")
    assert [error["line"] for error in answer.json()["errors"]] == [1, 4, 6]
    assert await desk.status(payment_id) == "posted"


async def test_ten_files_at_once_on_one_payment_make_one_reversal(desk: Desk) -> None:
    await desk.debit(ach_trace=TRACE)
    reports = await asyncio.gather(*(desk.take(Returned(TRACE), reference=f"F{n}") for n in range(10)))
    found = sorted(result for report in reports for result in results(report))
    assert found == ["already_reversed"] * 9 + ["reversed"]
    assert len(await desk.reversals()) == 1


async def test_one_file_sent_ten_times_at_once_is_one_file(desk: Desk) -> None:
    await desk.debit(ach_trace=TRACE)
    content = return_file(Returned(TRACE), created_on=on(1))
    answers = await asyncio.gather(*(desk.send(content) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["file_id"] for answer in answers}) == 1
    assert len(await desk.reversals()) == 1


async def test_a_return_reopens_the_promise_that_the_payment_had_kept(desk: Desk) -> None:
    promise = await desk.book.promise(12_500, 5)
    await desk.debit(ach_trace=TRACE, effective_on=on(0), posted_on=str(on(1)))
    assert (await desk.book.promise_now(promise.id)).status == "kept"
    await desk.take(Returned(TRACE))
    assert (await desk.book.promise_now(promise.id)).status == "made"


async def test_a_return_follows_money_that_was_reallocated(desk: Desk) -> None:
    misapplied = await desk.debit(ach_trace=None, source_ref="DEBIT-7")
    account_id = uuid4()
    await desk.book.account(account_id=account_id)
    moved = await desk.client.post(
        f"/v1/payments/{misapplied}/reallocations", {"account_id": str(account_id)}, role="supervisor"
    )
    assert moved.status_code == 201, moved.json()
    report = await desk.take(Returned("0" * 15, individual_id="DEBIT-7"))
    (entry,) = report["entries"]
    assert (entry["result"], entry["payment_id"]) == ("reversed", moved.json()["payment"]["payment_id"])


async def test_money_that_is_reallocated_while_the_file_waits_for_its_account_is_followed(desk: Desk) -> None:
    misapplied = UUID(await desk.debit(ach_trace=TRACE))
    account_id = uuid4()
    await desk.book.account(account_id=account_id)
    is_waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"

    async def reallocate(tx: Tx) -> tuple[Stored | Refusal, asyncio.Task[dict[str, Any]]]:
        command = Reallocate(misapplied, account_id, None, None)
        made = await reallocate_payment(tx, SUPERVISOR, command)
        file = asyncio.create_task(desk.take(Returned(TRACE)))
        async with asyncio.timeout(5):
            while not await tx.fetchval(is_waiting):
                pass
        return made, file

    made, file = await desk.book.run(reallocate)
    assert isinstance(made, Stored)
    (entry,) = (await file)["entries"]
    assert (entry["result"], entry["payment_id"]) == ("reversed", str(made.row["payment_id"]))
    assert await desk.status(entry["payment_id"]) == "reversed"


async def test_a_return_of_money_that_waits_for_its_account_takes_it_back(desk: Desk) -> None:
    pair: dict[str, Any] = {
        "creditor_id": str(desk.book.creditor_id),
        "core_account_number": "not-here-yet",
        "account_id": None,
    }
    payment_id = await desk.debit(ach_trace=TRACE, **pair)
    assert await desk.status(payment_id) == "unapplied"
    assert results(await desk.take(Returned(TRACE))) == ["reversed"]
    assert await desk.status(payment_id) == "reversed"


async def test_entries_are_listed_in_pages_and_by_result(desk: Desk) -> None:
    await desk.debit(ach_trace=TRACE)
    entries = [Returned(TRACE), *(Returned(f"09100001000010{n}") for n in range(3)), Returned(TRACE, code="C01")]
    report = await desk.take(*entries)
    path = f"{PATH}/{report['file_id']}/entries"
    first = (await desk.client.get(path, params={"limit": 3})).json()
    rest = (await desk.client.get(path, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert first["items"] + rest["items"] == report["entries"]
    assert rest["next_cursor"] is None
    unmatched = (await desk.client.get(path, params={"result": "unmatched"})).json()
    assert results({"entries": unmatched["items"]}) == ["unmatched"] * 3
    assert (await desk.client.get(f"{PATH}/{report['file_id']}")).json() == report


async def test_a_creditor_beyond_the_token_or_unknown_is_not_there(desk: Desk) -> None:
    report = await desk.take(Returned(TRACE))
    content = return_file(Returned(TRACE), created_on=on(1))
    unknown = await desk.send(content, creditor_id=uuid4())
    beyond = await desk.send(content, creditors=[uuid4()])
    assert [(one.status_code, one.json()["code"]) for one in (unknown, beyond)] == [(404, "creditor-unknown")] * 2
    for path in (f"{PATH}/{report['file_id']}", f"{PATH}/{report['file_id']}/entries", f"{PATH}/{uuid4()}"):
        hidden = await desk.client.get(path, creditors=[uuid4()])
        assert (hidden.status_code, hidden.json()["code"]) == (404, "nacha-file-unknown")


async def test_only_an_integrator_sends_files(desk: Desk) -> None:
    answer = await desk.send(return_file(Returned(TRACE), created_on=on(1)), role="supervisor")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_file_beyond_the_limit_is_refused_with_a_problem(desk: Desk) -> None:
    async def undeclared() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * (1 << 20)

    for content in (b" " * ((4 << 20) + 1), undeclared()):
        answer = await desk.send(content)
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    allowed = await desk.send(b"9" * (3 << 20))
    assert allowed.json()["code"] == "nacha-file-invalid"
