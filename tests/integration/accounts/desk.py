"""A core banking system's and a collector's desk at the accounts service: HTTP in one hand, its events in the other.

Everything goes through the real app on a real PostgreSQL; facts are given to the consumer's own batch applier's
handlers, in one transaction each, as a polled batch would be.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from services.accounts.app import create_api
from services.accounts.handlers.apply_facts import apply_facts
from services.accounts.handlers.receive_snapshots import receive_snapshots
from services.accounts.settings import AccountsSettings
from shared.clock import SystemClock
from shared.db.transaction import Tx
from shared.events.payments import ArrangementState, PaymentPosted, PaymentReversed, PromiseState
from shared.events.snapshot import CoreAccountSnapshot
from shared.ids import account_id, new_id
from shared.jobs import run_chunk
from shared.messaging.message import Message, Rejected
from tests.integration.declared import held_to_its_document

HEADER = (
    "core_account_number,product_class,currency,balance_minor,principal_minor,interest_minor,fees_minor,"
    "past_due_minor,oldest_unpaid_due_on,installment_minor,frequency,next_due_on,opened_on,credit_limit_minor,"
    "party_number,party_kind,given_name,family_name,language,street,city,region,postal_code,phone,email"
)
COLUMNS = HEADER.split(",")
CLOCK = SystemClock()
DAY = date(2026, 3, 10)
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
    "party_kind": "natural_person",
    "given_name": "Ada",
    "family_name": "Byron",
    "phone": "(202) 555-0123",
    "email": "ada@example.com",
}
CURRENT_LOAN = {**LOAN, "past_due_minor": 0, "oldest_unpaid_due_on": None}


def csv_of(*rows: Mapping[str, Any], header: str = HEADER, end: str = "\n") -> str:
    """A file of rows as the core writes it."""
    names = header.split(",")
    lines = [header, *(",".join(str("" if row.get(n) is None else row.get(n, "")) for n in names) for row in rows)]
    return end.join(lines) + end


@dataclass
class Desk:
    """One creditor at one service."""

    app: FastAPI
    engine: AsyncEngine
    http: httpx.AsyncClient
    issuer: Issuer
    creditor_id: UUID = field(default_factory=uuid4)

    def headers(self, role: str, *creditors: UUID) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.mint(role, creditors)}"}

    def id_of(self, number: str) -> UUID:
        return account_id(self.creditor_id, number)

    async def open_creditor(self, **changes: Any) -> httpx.Response:
        body = {"name": "Harbor", "kind": "creditor", "currency": "USD", "time_zone": "America/Denver", **changes}
        return await self.http.put(f"/v1/creditors/{self.creditor_id}", json=body, headers=self.headers("admin"))

    async def send(self, body: str | bytes, day: date = DAY, *, kind: str = "text/csv", **query: Any) -> httpx.Response:
        """POST a file."""
        return await self.http.post(
            "/v1/imports/account-snapshots",
            params={"creditor_id": str(self.creditor_id), "business_date": day.isoformat(), **query},
            content=body.encode() if isinstance(body, str) else body,
            headers={**self.headers("integrator"), "Content-Type": kind},
        )

    async def take(self, *rows: Mapping[str, Any], day: date = DAY, **query: Any) -> dict[str, Any]:
        """Import rows; the counts."""
        answer = await self.send(csv_of(*rows), day, **query)
        assert answer.status_code == 201, answer.text
        counts: dict[str, Any] = answer.json()
        return counts

    async def issues(self, import_id: str, kind: str = "errors") -> list[dict[str, Any]]:
        answer = await self.http.get(f"/v1/imports/{import_id}/{kind}", headers=self.headers("integrator"))
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def account(self, number: str = "L1", **query: Any) -> dict[str, Any]:
        answer = await self.http.get(
            f"/v1/accounts/{self.id_of(number)}", params=query, headers=self.headers("collector")
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def age(self, day: date) -> httpx.Response:
        body = {"creditor_id": str(self.creditor_id), "business_date": day.isoformat()}
        return await self.http.post("/v1/aging-runs", json=body, headers=self.headers("supervisor"))

    async def events(self, *topics: str) -> list[tuple[str, dict[str, Any], int | None]]:
        """What was published for this creditor, in order: topic, payload, version."""

        async def read(tx: Tx) -> list[Any]:
            return await tx.fetch(
                "SELECT topic, body, aggregate_version FROM outbox WHERE creditor_id = $1"
                " AND (cardinality($2::text[]) = 0 OR topic = ANY($2::text[])) ORDER BY id",
                self.creditor_id,
                list(topics),
            )

        rows = await run_chunk(self.engine, CLOCK, read)
        return [(row["topic"], orjson.loads(row["body"]), row["aggregate_version"]) for row in rows]

    async def apply(self, *messages: Message[Any]) -> Sequence[Rejected]:
        """Give facts to the handler, one polled batch."""
        return await run_chunk(self.engine, CLOCK, lambda tx: self.handle(tx, messages))

    async def handle(self, tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
        """The handler of facts, in a transaction of the caller."""
        return await apply_facts(tx, messages)

    async def receive(self, *messages: Message[Any]) -> Sequence[Rejected]:
        """Give snapshots to the handler of the bulk loop."""
        return await run_chunk(self.engine, CLOCK, lambda tx: receive_snapshots(tx, messages))

    async def run_jobs(self) -> None:
        """Drive this creditor's unfinished long work to its end, as a worker would."""

        async def unfinished(tx: Tx) -> list[Any]:
            return await tx.fetch(
                "SELECT job_id FROM job WHERE creditor_id = $1 AND finished_at IS NULL", self.creditor_id
            )

        for row in await run_chunk(self.engine, CLOCK, unfinished):
            await self.app.state.jobs.run_job(row["job_id"])

    def snapshot(self, day: date = DAY, **row: Any) -> Message[CoreAccountSnapshot]:
        stated = {**LOAN, **row, "creditor_id": self.creditor_id, "business_date": day}
        return Message(
            topic="core.account.snapshot",
            payload=CoreAccountSnapshot.model_validate({k: v for k, v in stated.items() if v is not None}),
        )

    def posted(
        self,
        amount: int,
        effective_on: date,
        posted_on: date | None = None,
        *,
        number: str = "L1",
        payment_id: UUID | None = None,
        origin: str = "core",
        **changes: Any,
    ) -> Message[PaymentPosted]:
        payload = {
            "creditor_id": self.creditor_id,
            "account_id": self.id_of(number),
            "payment_id": payment_id or new_id(),
            "amount_minor": amount,
            "currency": "USD",
            "effective_on": effective_on,
            "posted_on": posted_on or effective_on,
            "channel": "ach",
            "source": origin if origin == "core" else "branch",
            "source_ref": "r1",
            "origin": origin,
            "allocation": [{"component": "principal", "amount_minor": amount}],
            "allocation_basis": "waterfall",
            **changes,
        }
        return Message(topic="payment.posted", event_id=new_id(), payload=PaymentPosted.model_validate(payload))

    def reversed(
        self,
        payment: Message[PaymentPosted],
        effective_on: date,
        posted_on: date | None = None,
        *,
        origin: str = "core",
    ) -> Message[PaymentReversed]:
        payload = {
            "creditor_id": self.creditor_id,
            "account_id": payment.payload.account_id,
            "reversal_id": new_id(),
            "payment_id": payment.payload.payment_id,
            "amount_minor": payment.payload.amount_minor,
            "currency": "USD",
            "reason": "nsf",
            "effective_on": effective_on,
            "posted_on": posted_on or effective_on,
            "origin": origin,
        }
        return Message(topic="payment.reversed", event_id=new_id(), payload=PaymentReversed.model_validate(payload))

    def promise(self, version: int, status: str, *, promise_id: UUID, **changes: Any) -> Message[PromiseState]:
        payload = {
            "creditor_id": self.creditor_id,
            "account_id": self.id_of("L1"),
            "promise_id": promise_id,
            "status": status,
            "amount_minor": 5_000,
            "paid_minor": 0,
            "currency": "USD",
            "due_on": date(2026, 3, 15),
            "grace_days": 0,
            "tolerance_minor": 0,
            "made_on": DAY,
            "made_at": CLOCK.now(),
            **changes,
        }
        return Message(
            topic=f"promise.{status}",
            event_id=new_id(),
            aggregate_version=version,
            payload=PromiseState.model_validate(payload),
        )

    def arrangement(
        self, version: int, status: str, *, arrangement_id: UUID, **changes: Any
    ) -> Message[ArrangementState]:
        payload = {
            "creditor_id": self.creditor_id,
            "account_id": self.id_of("L1"),
            "arrangement_id": arrangement_id,
            "status": status,
            "currency": "USD",
            "total_minor": 20_000,
            "paid_minor": 0,
            "tolerance_minor": 0,
            "grace_days": 0,
            "made_on": DAY,
            "made_at": CLOCK.now(),
            "next_due_on": date(2026, 3, 20),
            "installments": [
                {"due_on": date(2026, 3, 20), "amount_minor": 20_000, "paid_minor": 0, "status": "scheduled"}
            ],
            **changes,
        }
        topic = {"active": "activated"}.get(status, status)
        return Message(
            topic=f"arrangement.{topic}",
            event_id=new_id(),
            aggregate_version=version,
            payload=ArrangementState.model_validate(payload),
        )


@asynccontextmanager
async def open_desk(engine: AsyncEngine, issuer: Issuer, dsn: str) -> AsyncIterator[Desk]:
    """The app of accounts over this database."""
    settings = AccountsSettings(
        database_url=SecretStr(dsn),
        kafka_bootstrap_servers="127.0.0.1:1",
        jwks_url=issuer.jwks_url,
        jwt_issuer=issuer.url,
        import_chunk_rows=3,
    )
    app = create_api(settings, engine=engine, clock=CLOCK)
    transport, hooks = httpx.ASGITransport(app=app), held_to_its_document("accounts")
    async with httpx.AsyncClient(transport=transport, base_url="http://accounts", event_hooks=hooks) as http:
        yield Desk(app, engine, http, issuer)
