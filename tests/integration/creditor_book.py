"""One creditor's book in the played world: what core banking and a collector do to it, each followed to its end.

Every step settles: all messages are delivered and all jobs have run when it returns. Dates are ISO texts, amounts minor
units; the account is `L1` unless said otherwise.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from shared.ids import account_id, party_id
from tests.integration.world import World, read

LOAN: dict[str, Any] = {
    "core_account_number": "L1",
    "product_class": "closed_end_loan",
    "currency": "USD",
    "balance_minor": 100_000,
    "past_due_minor": 20_000,
    "oldest_unpaid_due_on": "2026-02-01",
    "installment_minor": 10_000,
    "frequency": "monthly",
    "next_due_on": "2026-04-01",
    "party_number": "P1",
}
"""At the close of 2026-03-10: 10,000 due on 1 February and on 1 March, the next on 1 April."""
CURRENT: dict[str, Any] = {**LOAN, "past_due_minor": 0, "oldest_unpaid_due_on": None}
DAY = "2026-03-10"
GOLDEN = Path(__file__).parents[1] / "contract" / "golden"


@dataclass
class Book:
    """A creditor of its own."""

    world: World
    creditor_id: UUID = field(default_factory=uuid4)

    def id_of(self, number: str = "L1") -> str:
        return str(account_id(self.creditor_id, number))

    async def settle(self) -> None:
        await self.world.settle()

    async def send_file(self, day: str, *rows: dict[str, Any], complete: bool = False) -> dict[str, Any]:
        """Imports the close of a day over HTTP; the counts."""
        answer = await self.world.accounts.client.post(
            "/v1/imports/account-snapshots",
            params={"creditor_id": str(self.creditor_id), "business_date": day, "complete": complete},
            content="\n".join(json.dumps(row) for row in rows),
            headers={"Content-Type": "application/x-ndjson"},
        )
        counts = read(answer)
        await self.settle()
        return counts

    async def take(self, day: str = DAY, *, complete: bool = False, **changes: Any) -> dict[str, Any]:
        """Imports the loan, changed as said; refused lines fail the test."""
        counts = await self.send_file(day, {**LOAN, **changes}, complete=complete)
        assert counts["rejected"] == 0, await self.lines_of(counts, "errors")
        return counts

    async def lines_of(self, counts: dict[str, Any], kind: str) -> list[tuple[int, str]]:
        """(line, code) of an import's errors or warnings."""
        found = read(await self.world.accounts.client.get(f"/v1/imports/{counts['import_id']}/{kind}"))
        return [(one["line"], one["code"]) for one in found["items"]]

    async def open(self, day: str) -> dict[str, Any]:
        """Opens a business date."""
        done = await self.world.open_date(self.creditor_id, day)
        await self.settle()
        return done

    async def try_open(self, day: str) -> httpx.Response:
        body = {"creditor_id": str(self.creditor_id), "business_date": day}
        return await self.world.accounts.client.post(
            "/v1/aging-runs", json=body, headers={"Idempotency-Key": str(uuid4())}
        )

    def core_payment(self, ref: str, amount: int, effective_on: str, **changes: Any) -> dict[str, Any]:
        return {
            "creditor_id": str(self.creditor_id),
            "core_account_number": "L1",
            "amount_minor": amount,
            "currency": "USD",
            "effective_on": effective_on,
            "channel": "branch",
            "source_ref": ref,
            **changes,
        }

    async def core_pays(self, ref: str, amount: int, effective_on: str, **changes: Any) -> None:
        """The core books a payment (or, with `reversal_of`, its return)."""
        body = self.core_payment(ref, amount, effective_on, **changes)
        self.world.send([self.world.feed("core.payment.received", body)])
        await self.settle()

    async def try_pay(self, amount: int, effective_on: str = DAY, **changes: Any) -> httpx.Response:
        body = {
            "account_id": self.id_of(),
            "amount_minor": amount,
            "currency": "USD",
            "effective_on": effective_on,
            "channel": "online",
            "source": "portal",
            "source_ref": str(uuid4()),
            **changes,
        }
        body = {name: value for name, value in body.items() if value is not None}
        return await self.post("/v1/payments", body)

    async def pay(self, amount: int, effective_on: str = DAY, **changes: Any) -> dict[str, Any]:
        """Posts a payment of ours."""
        made = read(await self.try_pay(amount, effective_on, **changes))
        await self.settle()
        return made

    async def take_back(self, payment: dict[str, Any], effective_on: str, reason: str = "nsf") -> dict[str, Any]:
        """Reverses a payment by hand."""
        body = {"reason": reason, "effective_on": effective_on}
        made = read(await self.post(f"/v1/payments/{payment['payment_id']}/reversals", body))
        await self.settle()
        return made

    async def reallocate(self, payment_id: str, **to: Any) -> dict[str, Any]:
        """Moves the money of a misapplied payment."""
        made = read(await self.post(f"/v1/payments/{payment_id}/reallocations", to))
        await self.settle()
        return made

    async def try_promise(self, amount: int, due_on: str, *, number: str = "L1") -> httpx.Response:
        body = {"account_id": self.id_of(number), "due_on": due_on, "amount_minor": amount, "currency": "USD"}
        return await self.post("/v1/promises", body)

    async def promise(self, amount: int, due_on: str) -> str:
        made = read(await self.try_promise(amount, due_on))
        await self.settle()
        return str(made["id"])

    async def try_arrange(self, installments: Any, *, number: str = "L1", **terms: Any) -> httpx.Response:
        if isinstance(installments, list):
            installments = [{"due_on": due_on, "amount_minor": amount} for due_on, amount in installments]
        body = {"account_id": self.id_of(number), "currency": "USD", "installments": installments, **terms}
        return await self.post("/v1/arrangements", body)

    async def arrange(self, *installments: tuple[str, int], **terms: Any) -> str:
        made = read(await self.try_arrange(list(installments), **terms))
        await self.settle()
        return str(made["id"])

    async def restrict(self, kind: str, restriction_id: str | None = None, *, version: int = 1, **changes: Any) -> None:
        """Compliance publishes a restriction of the account, from 2026-03-09 on; lifted where `lifted_at` is said."""
        topic = "restriction.placed" if changes.get("lifted_at") is None else "restriction.lifted"
        value = json.loads((GOLDEN / f"{topic}.json").read_text())["value"]
        party = str(party_id(self.creditor_id, LOAN["party_number"]))
        value |= {"creditor_id": str(self.creditor_id), "account_id": self.id_of(), "party_id": party}
        value |= {"effective_on": "2026-03-09"}
        value |= {"kind": kind, "restriction_id": restriction_id or str(uuid4()), **changes}
        self.world.send([self.world.told(topic, value, version)])
        await self.settle()

    async def promise_of(self, promise_id: str) -> dict[str, Any]:
        return read(await self.world.payments.client.get(f"/v1/promises/{promise_id}"))

    async def arrangement_of(self, arrangement_id: str) -> dict[str, Any]:
        return read(await self.world.payments.client.get(f"/v1/arrangements/{arrangement_id}"))

    async def payment_of(self, payment: dict[str, Any]) -> dict[str, Any]:
        return read(await self.world.payments.client.get(f"/v1/payments/{payment['payment_id']}"))

    async def account(self, number: str = "L1", **query: Any) -> dict[str, Any]:
        return read(await self.world.accounts.client.get(f"/v1/accounts/{self.id_of(number)}", params=query))

    async def owes(self, number: str = "L1", **query: Any) -> tuple[int, int, int]:
        """(balance, past due, days past due)."""
        found = await self.account(number, **query)
        return found["balance_minor"], found["past_due_minor"], found["days_past_due"]

    async def dues(self, number: str = "L1") -> list[tuple[str, int]]:
        """The unpaid dues past due, oldest first."""
        found = read(await self.world.accounts.client.get(f"/v1/accounts/{self.id_of(number)}/balance"))
        return [(due["due_on"], due["amount_minor"]) for due in found["dues"]]

    def published(self, *topics: str) -> list[tuple[str, dict[str, Any]]]:
        """What the services have published for this creditor on these topics, in order."""
        return [
            (topic, body)
            for topic, body in self.world.published
            if topic in topics and body["creditor_id"] == str(self.creditor_id)
        ]

    async def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Asks payments; nothing is delivered."""
        return await self.world.payments.client.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})


async def open_book(world: World, currency: str = "USD") -> Book:
    """A creditor without accounts."""
    book = Book(world)
    await world.put_creditor(book.creditor_id, currency)
    await book.settle()
    return book


def refused_with(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem."""
    return answer.status_code, answer.json()["code"]
