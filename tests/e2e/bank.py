"""One creditor as the outside sees it: its core banking (Kafka, files), its people (HTTP), its screens (SSE).

Every token is limited to the creditor, so journeys do not meet, and each of them tests that limit.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx

from shared.ids import account_id
from shared.messaging.publisher import Outgoing, Publisher
from shared.settings import KafkaSecurity
from tests.e2e.screen import QueueScreen
from tests.e2e.stack_operator import Operator

T = TypeVar("T")
Json = dict[str, Any]

PATIENCE_S = 30.0
_POLL_S = 0.05
_CLIENT_TIMEOUT = httpx.Timeout(60)

LOAN: Json = {
    "core_account_number": "L-1",
    "product_class": "closed_end_loan",
    "currency": "USD",
    "balance_minor": 500_000,
    "past_due_minor": 25_000,
    "oldest_unpaid_due_on": "2026-01-10",
    "installment_minor": 25_000,
    "frequency": "monthly",
    "next_due_on": "2026-02-10",
    "parties": [{"party_number": "P-1", "role": "primary", "given_name": "Ana", "family_name": "Diaz"}],
}
"""A loan with one instalment due since the tenth: 21 days on the last of January."""


async def eventually(ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool], seconds: float = PATIENCE_S) -> T:
    """Ask until the answer holds, and return it; fails with the last answer."""
    answer = await ask()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not holds(answer):
        assert loop.time() < deadline, f"it did not come to pass in {seconds} s: {answer}"
        await asyncio.sleep(_POLL_S)
        answer = await ask()
    return answer


@dataclass(frozen=True)
class Broker:
    """Where core banking publishes."""

    kafka_bootstrap_servers: str
    topic_partitions: int = 3
    topic_replication: int = 1
    kafka_security: KafkaSecurity | None = None


class Bank:
    """A creditor with its core and its people."""

    def __init__(self, operator: Operator, http: httpx.AsyncClient, core: Publisher, creditor: UUID) -> None:
        self.operator = operator
        self.creditor = creditor
        self._http = http
        self._core = core

    def account_id(self, number: str) -> str:
        return str(account_id(self.creditor, number))

    # People

    async def call(self, role: str, method: str, service: str, path: str, **options: Any) -> httpx.Response:
        url = f"{self.operator.stack.url(service)}{path}"
        headers = {"Idempotency-Key": str(uuid4())} | self._authorization(role) | options.pop("headers", {})
        return await self._http.request(method, url, headers=headers, **options)

    async def read(self, service: str, path: str, **params: str) -> Json:
        return _body(await self.call("collector", "GET", service, path, params=params))

    async def state_currency(self, currency: str, kind: str = "creditor") -> None:
        """Make the creditor, or change its currency; `kind` is the legal role in which its debts are collected."""
        body = {"name": "Harbor", "kind": kind, "currency": currency, "time_zone": "America/New_York"}
        _body(await self.call("admin", "PUT", "accounts", f"/v1/creditors/{self.creditor}", json=body))

    async def find(self, number: str) -> httpx.Response:
        return await self.call("collector", "GET", "accounts", f"/v1/accounts/{self.account_id(number)}")

    async def account(self, number: str) -> Json:
        return _body(await self.find(number))

    async def account_where(self, number: str, *, seconds: float = PATIENCE_S, **expected: Any) -> Json:
        """The account, once it is as expected."""
        return await eventually(
            lambda: self.account(number), lambda account: expected.items() <= account.items(), seconds
        )

    async def undertake(self, kind: str, number: str, terms: Json) -> Json:
        """A collector's promise or arrangement, tried again while the account is still on its way to payments."""
        body = {"account_id": self.account_id(number), "currency": "USD"} | terms
        answer = await eventually(
            lambda: self.call("collector", "POST", "payments", f"/v1/{kind}", json=body),
            lambda answer: answer.status_code != 409 or answer.json()["code"] != "account-not-here",
        )
        return _body(answer)

    async def obligation_where(self, kind: str, obligation: Json, status: str) -> Json:
        """The promise or arrangement, once it has this status."""
        return await eventually(
            lambda: self.read("payments", f"/v1/{kind}/{obligation['id']}"), lambda now: bool(now["status"] == status)
        )

    async def post_payment(self, number: str, amount: int, day: str, **more: str) -> Json:
        body = {
            "account_id": self.account_id(number),
            "amount_minor": amount,
            "currency": "USD",
            "effective_on": day,
            "channel": "ach",
            "source": "processor",
            "source_ref": str(uuid4()),
        }
        return _body(await self.call("integrator", "POST", "payments", "/v1/payments", json=body | more))

    async def payments_of(self, number: str) -> list[Json]:
        """All payments of an account, newest first."""
        page = await self.read("payments", "/v1/payments", account_id=self.account_id(number), limit="200")
        items: list[Json] = page["items"]
        return items

    @asynccontextmanager
    async def screen(self) -> AsyncIterator[QueueScreen]:
        """A collector's screen that follows the queues, from the first event that the log holds."""
        url = f"{self.operator.stack.url('accounts')}/v1/queues/stream"
        headers = self._authorization("collector") | {"Last-Event-ID": "0"}
        async with self._http.stream("GET", url, headers=headers, timeout=None) as answer:
            assert answer.status_code == 200
            screen = QueueScreen(answer)
            try:
                yield screen
            finally:
                await screen.close()

    # Core banking

    async def import_close(self, day: str, *rows: Json) -> Json:
        """Send the close of a day as NDJSON; every row must be taken."""
        answer = await self.call(
            "integrator",
            "POST",
            "accounts",
            "/v1/imports/account-snapshots",
            params={"creditor_id": str(self.creditor), "business_date": day},
            content="".join(f"{json.dumps(row)}\n" for row in rows),
            headers={"Content-Type": "application/x-ndjson"},
        )
        counts = _body(answer)
        assert (counts["rows"], counts["rejected"]) == (len(rows), 0), counts
        return counts

    async def open_date(self, day: str) -> Json:
        body = {"creditor_id": str(self.creditor), "business_date": day}
        return _body(await self.call("integrator", "POST", "accounts", "/v1/aging-runs", json=body))

    def payment(self, number: str, amount: int, day: str, reference: str, **more: str) -> Json:
        """What the core publishes of a payment that it booked."""
        return {
            "creditor_id": str(self.creditor),
            "core_account_number": number,
            "amount_minor": amount,
            "currency": "USD",
            "effective_on": day,
            "channel": "branch",
            "source_ref": reference,
        } | more

    async def publish_payments(self, *payments: Json) -> None:
        """Returns when the broker has them all."""
        await self.publish("core.payment.received", *((each["core_account_number"], each) for each in payments))

    async def publish(self, topic: str, *messages: tuple[str, Json | bytes]) -> None:
        """Publish bare messages, each with its key."""
        await self._core.send(
            [
                Outgoing(topic, key.encode(), body if isinstance(body, bytes) else json.dumps(body).encode())
                for key, body in messages
            ]
        )

    def _authorization(self, role: str) -> dict[str, str]:
        token = self.operator.stack.issuer.mint(role, creditors=[self.creditor], sub=f"{role}-of-{self.creditor}")
        return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def open_bank(operator: Operator, kind: str = "creditor") -> AsyncIterator[Bank]:
    """A new creditor, in US dollars."""
    core = Publisher(Broker(operator.stack.bootstrap_servers), "core banking")
    try:
        async with httpx.AsyncClient(timeout=_CLIENT_TIMEOUT) as http:
            bank = Bank(operator, http, core, uuid4())
            await bank.state_currency("USD", kind)
            yield bank
    finally:
        await core.close()


def _body(answer: httpx.Response) -> Json:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    body: Json = answer.json()
    return body
