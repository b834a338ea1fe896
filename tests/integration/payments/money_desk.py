"""The payments service as production wires it, with a Kafka that the test plays and a token for each role.

`feed` applies messages through the real batch applier; `published` takes what the service would send.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import BaseModel, SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from services.payments.app import create_api
from services.payments.consumers import subscriptions
from services.payments.handlers.evaluate_date import EVALUATE, EvaluateDate
from services.payments.settings import PaymentsSettings
from shared.clock import FixedClock
from shared.events.accounts import AccountState, BusinessDateAdvanced, CreditorUpdated
from shared.events.envelope import encode_headers
from shared.events.topics import TOPICS
from shared.ids import account_id, new_id
from shared.jobs import JobRunner
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage

DAY = "2026-03-02"
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
_OFFSETS = count(1)
"""Of all desks: a dead letter is known by its place in Kafka."""


@dataclass
class Desk:
    """One creditor of the service, and everything that a test does to it."""

    http: httpx.AsyncClient
    engine: AsyncEngine
    applier: BatchApplier
    issuer: Issuer
    creditor: UUID = field(default_factory=uuid4)

    def message(self, topic: str, payload: BaseModel | dict[str, Any], version: int | None = None) -> RawMessage:
        """A message as it lies in Kafka: an event of accounts, or a bare one of the core."""
        offset = next(_OFFSETS)
        if isinstance(payload, dict):
            return RawMessage(topic, 0, offset, b"k", json.dumps(payload).encode(), (), NOW)
        row = {
            "event_id": new_id(), "topic": topic, "type": TOPICS[topic].type, "source": "/accounts", "subject": None,
            "time": NOW, "aggregate_version": version, "correlation_id": None, "causation_id": None,
            "traceparent": None,
        }  # fmt: skip
        return RawMessage(topic, 0, offset, b"k", payload.model_dump_json().encode(), tuple(encode_headers(row)), NOW)

    async def feed(self, *messages: RawMessage) -> None:
        await self.applier.apply(messages)

    def creditor_message(self, business_date: str | None = DAY, version: int = 1) -> RawMessage:
        state = {
            "creditor_id": self.creditor, "name": "Harbor", "kind": "creditor", "currency": "USD",
            "time_zone": "America/New_York", "business_date": business_date,
        }  # fmt: skip
        return self.message("creditor.updated", CreditorUpdated.model_validate(state), version)

    def date_message(self, business_date: str, version: int = 2) -> RawMessage:
        facts = {"creditor_id": self.creditor, "business_date": business_date, "previous": None}
        return self.message("business_date.advanced", BusinessDateAdvanced.model_validate(facts), version)

    async def judge(self, business_date: str) -> None:
        """The creditor's business date moves, and its evaluation runs to its end."""
        await self.feed(self.date_message(business_date))
        [(job_id,)] = await self.query(
            f"SELECT job_id FROM job WHERE creditor_id = :creditor AND params->>'business_date' = '{business_date}'"
        )
        job = await JobRunner(self.engine, FixedClock(NOW), {EVALUATE: EvaluateDate(_nothing, _is_past)}).run_job(
            job_id
        )
        assert job.status == "done", job.error

    def account_message(
        self, number: str, *, version: int = 1, topic: str = "account.opened", **facts: Any
    ) -> RawMessage:
        state = {
            "creditor_id": self.creditor, "account_id": self.account(number), "party_id": uuid4(),
            "product_class": "closed_end_loan", "status": "open", "currency": "USD", "balance_minor": 100_000,
            "past_due_minor": 0, "days_past_due": 0, "oldest_unpaid_due_on": None, "bucket": "current",
            "stage": "current", "past_due_by_bucket": {}, "business_date": DAY, "snapshot_on": DAY,
            "principal_minor": 90_000, "interest_minor": 500, "fees_minor": 100,
        }  # fmt: skip
        return self.message(topic, AccountState.model_validate(state | facts), version)

    def core(self, number: str, ref: str, amount: int = 1000, **facts: Any) -> RawMessage:
        """`core.payment.received`, posted on DAY."""
        body = {
            "creditor_id": str(self.creditor), "core_account_number": number, "amount_minor": amount,
            "currency": "USD", "effective_on": DAY, "channel": "branch", "source_ref": ref,
        }  # fmt: skip
        return self.message("core.payment.received", body | facts)

    def account(self, number: str) -> UUID:
        return account_id(self.creditor, number)

    async def open(self, *numbers: str) -> "Desk":
        await self.feed(self.creditor_message(), *(self.account_message(number) for number in numbers))
        await self.published()
        return self

    def body(self, number: str, ref: str, amount: int = 1000, **facts: Any) -> dict[str, Any]:
        """A payment by the pair."""
        return {
            "creditor_id": str(self.creditor), "core_account_number": number, "amount_minor": amount,
            "currency": "USD", "effective_on": DAY, "channel": "ach", "source": "lockbox", "source_ref": ref,
        } | facts  # fmt: skip

    async def pay(self, body: dict[str, Any], *, role: str = "integrator", **options: Any) -> httpx.Response:
        return await self.post("/v1/payments", body, role=role, **options)

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        role: str = "supervisor",
        creditors: Iterable[UUID] = (),
        key: str | None = None,
    ) -> httpx.Response:
        headers = {**self._token(role, creditors), "Idempotency-Key": key or str(uuid4())}
        return await self.http.post(path, json=body, headers=headers)

    async def send_file(self, content: bytes, *, key: str | None = None) -> httpx.Response:
        headers = {**self._token("integrator"), "Idempotency-Key": key or str(uuid4())}
        return await self.http.post(
            "/v1/imports/nacha-returns", params={"creditor_id": str(self.creditor)}, content=content, headers=headers
        )

    async def get(
        self, path: str, *, role: str = "auditor", creditors: Iterable[UUID] = (), **params: Any
    ) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self._token(role, creditors))

    async def payments(self, **params: Any) -> list[dict[str, Any]]:
        answer = await self.get("/v1/payments", creditor_id=str(self.creditor), limit=200, **params)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def published(self) -> list[tuple[str, dict[str, Any]]]:
        """Take what is in the outbox, in its order: (topic, payload) of this creditor."""
        async with self.engine.begin() as connection:
            rows = (await connection.exec_driver_sql("DELETE FROM outbox RETURNING id, topic, body")).mappings().all()
        events = [(row["topic"], json.loads(row["body"])) for row in sorted(rows, key=lambda row: row["id"])]
        return [(topic, body) for topic, body in events if body["creditor_id"] == str(self.creditor)]

    async def query(self, sql: str) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.exec_driver_sql(sql.replace(":creditor", f"'{self.creditor}'"))).all())

    def _token(self, role: str, creditors: Iterable[UUID] = ()) -> dict[str, str]:
        token = self.issuer.mint(role, creditors=list(creditors), ttl=timedelta(minutes=5))
        return {"Authorization": f"Bearer {token}"}


async def _nothing() -> Mapping[str, int]:
    return {}


async def _is_past(_offsets: Mapping[str, int]) -> bool:
    return True


@asynccontextmanager
async def open_desk(engine: AsyncEngine, issuer: Issuer, *, is_one_clock: bool = False) -> AsyncIterator[Desk]:
    """The service on a database, at noon of DAY as far as payments are concerned.

    `is_one_clock`: messages are taken at the instants at which requests are, not at NOW.
    """
    settings = PaymentsSettings(
        database_url=SecretStr(engine.url.render_as_string(hide_password=False)),
        kafka_bootstrap_servers="127.0.0.1:1",
        jwks_url=issuer.jwks_url,
        jwt_issuer=issuer.url,
    )
    app = create_api(settings, engine=engine, clock=_Noon())
    applier = BatchApplier(
        engine, _Noon() if is_one_clock else FixedClock(NOW), subscriptions(settings), group="payments"
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://payments", timeout=60) as http,
    ):
        yield Desk(http, engine, applier, issuer)


class _Noon:
    """Calendars stand at DAY; the clock of tokens and rows runs."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - tokens of the issuer are minted by the machine's clock

    def today(self, time_zone: str) -> Any:
        return FixedClock(NOW).today(time_zone)
