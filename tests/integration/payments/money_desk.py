"""The payments service as production wires it, with a Kafka that the test plays and a token for each role.

`feed` applies messages through the real batch applier; `published` takes what the service would send.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from services.payments.app import create_api
from services.payments.consumers import subscriptions
from services.payments.handlers.evaluate_date import EVALUATE, EvaluateDate
from services.payments.settings import PaymentsSettings
from shared.clock import FixedClock
from shared.jobs import JobRunner
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage
from tests.integration.desk import ServiceDesk, client_of, raw_message, settings_of

DAY = "2026-03-02"
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


@dataclass(kw_only=True)
class Desk(ServiceDesk):
    """One creditor of the service, and everything that a test does to it."""

    ROLE: ClassVar[str] = "supervisor"
    ACCOUNT: ClassVar[Mapping[str, Any]] = {
        "product_class": "closed_end_loan", "past_due_minor": 0, "days_past_due": 0, "oldest_unpaid_due_on": None,
        "bucket": "current", "stage": "current", "business_date": DAY, "snapshot_on": DAY, "principal_minor": 90_000,
        "interest_minor": 500, "fees_minor": 100,
    }  # fmt: skip

    kind: str = "creditor"

    def now(self) -> datetime:
        return NOW

    def date_message(self, business_date: str, version: int = 2) -> RawMessage:
        facts = {"creditor_id": self.creditor, "business_date": business_date, "previous": None}
        return self.message("business_date.advanced", facts, version)

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

    def core(self, number: str, ref: str, amount: int = 1000, **facts: Any) -> RawMessage:
        """`core.payment.received`, posted on DAY."""
        body = {
            "creditor_id": str(self.creditor), "core_account_number": number, "amount_minor": amount,
            "currency": "USD", "effective_on": DAY, "channel": "branch", "source_ref": ref,
        }  # fmt: skip
        return raw_message("core.payment.received", number, json.dumps(body | facts), NOW, {})

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

    async def send_file(self, content: bytes, *, key: str | None = None) -> httpx.Response:
        headers = {**self.token("integrator"), "Idempotency-Key": key or str(uuid4())}
        return await self.http.post(
            "/v1/imports/nacha-returns", params={"creditor_id": str(self.creditor)}, content=content, headers=headers
        )

    async def payments(self, **params: Any) -> list[dict[str, Any]]:
        answer = await self.get("/v1/payments", creditor_id=str(self.creditor), limit=200, **params)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


async def _nothing() -> Mapping[str, int]:
    return {}


async def _is_past(_offsets: Mapping[str, int]) -> bool:
    return True


@asynccontextmanager
async def open_desk(engine: AsyncEngine, issuer: Issuer, *, is_one_clock: bool = False) -> AsyncIterator[Desk]:
    """The service on a database, at noon of DAY as far as payments are concerned.

    `is_one_clock`: messages are taken at the instants at which requests are, not at NOW.
    """
    settings = PaymentsSettings(**settings_of(engine, issuer))
    app = create_api(settings, engine=engine, clock=_Noon())
    applier = BatchApplier(
        engine, _Noon() if is_one_clock else FixedClock(NOW), subscriptions(settings), group="payments"
    )
    async with client_of(app) as http:
        yield Desk(http=http, engine=engine, applier=applier, issuer=issuer)


class _Noon:
    """Calendars stand at DAY; the clock of tokens and rows runs."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - tokens of the issuer are minted by the machine's clock

    def today(self, time_zone: str) -> Any:
        return FixedClock(NOW).today(time_zone)
