"""A creditor whose client never gives up: it sends the same request again, under the same key, until it is answered.

It writes every acknowledgement into its own book, and reads through HTTP alone what has become of it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any, TypeVar
from uuid import UUID

import httpx

from shared.messaging.kafka import KafkaUnavailableError
from shared.messaging.publisher import Publisher
from tests.e2e.bank import LOAN, Bank, Broker, Json
from tests.e2e.stack_operator import Operator
from tests.faults.book import Book, Seen, Sent
from tests.faults.machines import Machines

START = date(2026, 1, 31)
OPENING_MINOR = 50_000_000
"""So much that no load pays an account off."""
PATIENCE_S = 240.0
"""A request that is not answered by then, whatever was tried, counts as never answered."""
_TRY_S = 40.0
_AGAIN_S = 0.1
_CONNECTIONS = httpx.Limits(max_connections=400, max_keepalive_connections=64)
_PAGE = 200
_UNAVAILABLE = 500
_CONFLICT = 409


class UnansweredError(Exception):
    """A request got no final answer: the service has not come back."""


@dataclass(slots=True)
class Trouble:
    """How often a request had to be sent again, by what came instead of an answer."""

    seen: dict[str, int]

    def note(self, what: str) -> None:
        """Count it."""
        self.seen[what] = self.seen.get(what, 0) + 1


class Client(Bank):
    """One creditor with accounts, its book, and its patience."""

    def __init__(self, operator: Operator, http: httpx.AsyncClient, core: Publisher, rng: Random) -> None:
        super().__init__(operator, http, core, UUID(int=rng.getrandbits(128), version=4))
        self.rng = rng
        self.book = Book()
        self.trouble = Trouble({})
        self.day = START
        self.kind = "creditor"
        self.urls: dict[str, list[str]] = {name: [operator.stack.url(name)] for name in ("accounts", "payments")}
        """Where each service answers; a second API is appended."""
        self._tokens: dict[str, dict[str, str]] = {}
        self._publishing = asyncio.Lock()

    async def open(self, numbers: Sequence[str]) -> None:
        """Make the creditor and import its accounts."""
        body = {"name": "Harbor", "kind": self.kind, "currency": "USD", "time_zone": "America/New_York"}
        await self.insist("admin", "PUT", "accounts", f"/v1/creditors/{self.creditor}", json=body)
        await self.import_close(START.isoformat(), *(self.row(number) for number in numbers))
        self.book.opening |= dict.fromkeys(numbers, OPENING_MINOR)

    def row(self, number: str) -> Json:
        """An account's line in the extract: a loan in arrears, by one to four instalments."""
        rng = Random(number)
        months = rng.randint(1, 4)
        oldest = date(2026, 2 - months, 10) if months < 2 else date(2025, 14 - months, 10)
        return LOAN | {
            "core_account_number": number,
            "balance_minor": OPENING_MINOR,
            "past_due_minor": 25_000 * months,
            "oldest_unpaid_due_on": oldest.isoformat(),
            "parties": [{"party_number": f"P-{number}", "role": "primary", "given_name": "Ana", "family_name": "Diaz"}],
        }

    # What it does

    async def pay(self, sent: Sent, reference: str, *, key: str | None = None) -> None:
        """Post a payment of ours, and note the acknowledgement."""
        answer = await self.insist(
            "integrator",
            "POST",
            "payments",
            "/v1/payments",
            json=self.payment_body(sent, reference),
            key=key or f"pay-{reference}",
        )
        if answer.is_success:
            self.book.acknowledge(reference, sent, answer.json()["payment_id"])
        else:
            self.complain(answer)

    async def abandon(self, sent: Sent, reference: str, seconds: float) -> None:
        """Post a payment and hang up after a while, without ever asking again."""
        self.book.doubtful[reference] = sent
        try:
            async with asyncio.timeout(seconds):
                answer = await self._once(
                    "integrator",
                    "POST",
                    f"{self._url('payments')}/v1/payments",
                    key=f"pay-{reference}",
                    json=self.payment_body(sent, reference),
                )
        except (TimeoutError, httpx.TransportError):
            return
        if answer.is_success:
            self.book.acknowledge(reference, sent, answer.json()["payment_id"])

    async def reverse(self, reference: str) -> None:
        """Take a payment of ours back."""
        answer = await self.insist(
            "integrator",
            "POST",
            "payments",
            f"/v1/payments/{self.book.ids[reference]}/reversals",
            json={"reason": "nsf", "effective_on": self.day.isoformat()},
            key=f"reverse-{reference}",
        )
        if answer.is_success:
            self.book.reversed.add(reference)
        else:
            self.complain(answer)

    async def promise(self, number: str, amount: int, key: str) -> None:
        """Take a promise to pay within some days."""
        due_on = self.day + timedelta(days=self.rng.randint(6, 12))
        body = {"due_on": due_on.isoformat(), "amount_minor": amount}
        await self._undertake("promises", number, body, key, self.book.promises)

    async def arrange(self, number: str, amounts: Sequence[int], key: str) -> None:
        """Agree an arrangement of some instalments, a week apart."""
        terms = [
            {"due_on": (self.day + timedelta(days=7 * n)).isoformat(), "amount_minor": amount}
            for n, amount in enumerate(amounts, 1)
        ]
        body = {"installments": terms, "grace_days": 2}
        await self._undertake("arrangements", number, body, key, self.book.arrangements)

    async def receive(self, *payments: tuple[Sent, str]) -> None:
        """Have the core publish payments, each with its reference, again until the broker has them all."""
        await self.insist_on_publishing(*(self.core_payment(sent, reference) for sent, reference in payments))
        for sent, reference in payments:
            self.book.acknowledge(reference, replace(sent, is_core=True))

    def core_payment(self, sent: Sent, reference: str) -> Json:
        """The message of a payment that the core has booked, the day after the extract that we have."""
        posted_on = (sent.day + timedelta(days=1)).isoformat()
        return self.payment(sent.number, sent.amount, sent.day.isoformat(), reference, posted_on=posted_on)

    def core_reversal(self, sent: Sent, reference: str) -> Json:
        """The message that takes such a payment back."""
        more = {"reversal_of": reference, "reason": "returned"}
        return self.core_payment(sent, f"{reference}-back") | more

    async def take_back(self, reference: str, sent: Sent) -> None:
        """Have the core publish the reversal of a payment of its own, which may not even be published yet."""
        await self.insist_on_publishing(self.core_reversal(sent, reference))
        self.book.reversed.add(reference)

    async def next_day(self) -> Json:
        """Open the next business date: an aging run to its end."""
        following = self.day + timedelta(days=1)
        answer = await self.age(following)
        self.day = following
        return answer

    async def age(self, day: date) -> Json:
        """Run aging for a date until it is answered as done."""
        body = {"creditor_id": str(self.creditor), "business_date": day.isoformat()}
        answer = await self.insist("integrator", "POST", "accounts", "/v1/aging-runs", json=body, key=f"age-{day}")
        if not answer.is_success:
            self.complain(answer)
        found: Json = answer.json()
        return found

    def payment_body(self, sent: Sent, reference: str) -> Json:
        """The JSON of a payment of ours. By the pair: it waits in sight when the account is still on its way."""
        return {
            "creditor_id": str(self.creditor),
            "core_account_number": sent.number,
            "amount_minor": sent.amount,
            "currency": "USD",
            "effective_on": sent.day.isoformat(),
            "channel": "ach",
            "source": "processor",
            "source_ref": reference,
        }

    def complain(self, answer: httpx.Response) -> None:
        """Note an answer that is none of those that the client may get."""
        where = f"{answer.request.method} {answer.request.url.path}"
        self.book.complaints.append(f"{where}: {answer.status_code} {answer.text[:200]}")

    async def _undertake(self, kind: str, number: str, terms: Json, key: str, book: dict[str, str]) -> None:
        body = {"account_id": self.account_id(number), "currency": "USD"} | terms
        answer = await self.insist("collector", "POST", "payments", f"/v1/{kind}", json=body, key=key)
        if answer.is_success:
            book[answer.json()["id"]] = number
        elif answer.status_code != _CONFLICT:  # an arrangement is open: a right answer
            self.complain(answer)

    # How it does it

    async def insist(self, role: str, method: str, service: str, path: str, *, key: str = "", **options: Any) -> Any:
        """Send a request until it is answered for good: 2xx, or a refusal that trying again would not change.

        Raises:
            UnansweredError: there was no such answer in `PATIENCE_S`.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_S
        last = "nothing"
        while loop.time() < until:
            try:
                answer = await self._once(role, method, f"{self._url(service)}{path}", key=key, **options)
            except httpx.TransportError as error:
                last = type(error).__name__
            else:
                if answer.status_code < _UNAVAILABLE and "Retry-After" not in answer.headers:
                    return answer
                last = f"{answer.status_code} {answer.json().get('code') if answer.text else ''}"
            self.trouble.note(last)
            await asyncio.sleep(_AGAIN_S)
        raise UnansweredError(f"{method} {path}: no answer in {PATIENCE_S:.0f} s, last {last}")

    async def insist_on_publishing(self, *messages: Json) -> None:
        """Publish payments until the broker has acknowledged them; some of them may so be there twice."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_S
        while True:
            try:
                async with self._publishing:  # one batch at a time keeps what is behind a broken producer in order
                    await self.publish_payments(*messages)
            except KafkaUnavailableError as error:
                self.trouble.note("KafkaUnavailableError")
                if loop.time() > until:
                    raise UnansweredError(f"the broker took no message in {PATIENCE_S:.0f} s") from error
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    async def _once(self, role: str, method: str, url: str, *, key: str, **options: Any) -> httpx.Response:
        if role not in self._tokens:
            self._tokens[role] = self._authorization(role)
        headers = {**self._tokens[role], **({"Idempotency-Key": key} if key else {})}
        return await self._http.request(method, url, headers=headers, timeout=_TRY_S, **options)

    def _url(self, service: str) -> str:
        return self.rng.choice(self.urls[service])

    # What has become of it

    async def look(self) -> Seen:
        """Everything of this creditor, as the services show it."""
        accounts = [row async for row in self.pages("accounts", "/v1/accounts")]
        return Seen(
            payments=[row async for row in self.pages("payments", "/v1/payments")],
            promises=[row async for row in self.pages("payments", "/v1/promises")],
            arrangements=[row async for row in self.pages("payments", "/v1/arrangements")],
            balances={row["core_account_number"]: row["balance_minor"] for row in accounts},
        )

    async def pages(self, service: str, path: str) -> AsyncIterator[Json]:
        """Every item of a list of this creditor."""
        params = {"creditor_id": str(self.creditor), "limit": str(_PAGE)}
        while True:
            page = (await self.insist("collector", "GET", service, path, params=params)).json()
            for item in page["items"]:
                yield item
            if page["next_cursor"] is None:
                return
            params["cursor"] = page["next_cursor"]


C = TypeVar("C", bound=Client)


@asynccontextmanager
async def open_client(kind: type[C], machines: Machines, rng: Random, numbers: Sequence[str]) -> AsyncIterator[C]:
    """A new creditor with accounts of these numbers."""
    stack = machines.stack
    core = Publisher(Broker(stack.bootstrap_servers), "core banking", timeout_s=5)
    try:
        async with httpx.AsyncClient(limits=_CONNECTIONS, timeout=_TRY_S) as http:
            client = kind(Operator(stack.data_dir, stack.port_base), http, core, rng)
            await client.open(numbers)
            yield client
    finally:
        await core.close()
