"""The skiptrace service as production wires it, with a Kafka that the test plays and a vendor on a real socket.

`feed` applies messages through the real batch applier, `search` lets the worker's searches run, `published` takes what
the service would send.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from deploy.local.ports import free_port
from deploy.local.simulators.person_search import PersonSearch as Vendor
from services.skiptrace.app import create_api
from services.skiptrace.consumers import chunks, policy_of, subscriptions
from services.skiptrace.gateways.person_search import PersonSearch
from services.skiptrace.handlers.searcher import Searcher
from services.skiptrace.settings import SkiptraceSettings, VendorEndpoint
from shared.clock import FixedClock
from shared.jobs import JobRunner
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage
from tests.integration.desk import ServiceDesk, client_of, settings_of

NOW = datetime.now(UTC)  # noqa: TID251 - tokens of the issuer are minted by the machine's clock
TALK = timedelta(minutes=3)
PHONE = "+12175550123"
FOUND_PHONE = "+12175550188"
PERSON = {
    "matched_on": ["family_name", "given_name", "date_of_birth"],
    "phones": [
        {"number": "(217) 555-0188", "line_type": "mobile", "first_seen": "2025-06-01", "last_seen": "2026-02-20"}
    ],
    "addresses": [
        {
            "street": "12 Example Avenue", "city": "Springfield", "region": "IL", "postal_code": "62704",
            "first_seen": "2024-01-01", "last_seen": "2026-02-28",
        }
    ],
    "emails": [],
}  # fmt: skip


@dataclass(kw_only=True)
class Desk(ServiceDesk):
    """One creditor of the service, and everything that a test does to it."""

    ZONE: ClassVar[str] = "America/Chicago"
    ACCOUNT: ClassVar[Mapping[str, Any]] = {
        "balance_minor": 250_000, "past_due_minor": 40_000, "days_past_due": 45, "oldest_unpaid_due_on": "2026-01-23",
        "bucket": "b30_59", "stage": "mid", "business_date": "2026-03-09", "snapshot_on": "2026-03-08",
    }  # fmt: skip

    vendor: Vendor
    searcher: Searcher
    gateway: PersonSearch
    clock: "MovableClock"
    settings: SkiptraceSettings

    def now(self) -> datetime:
        return NOW

    def phone(self, number: str = "L-1", value: str = PHONE) -> UUID:
        return self.point(number, "phone", value)

    def party_message(self, number: str = "L-1", version: int = 1, **facts: Any) -> RawMessage:
        state = {
            "given_name": "Alex", "family_name": f"Example {number}", "date_of_birth": "1980-01-31",
            "street": "1 Old Street", "city": "Springfield", "region": "IL", "postal_code": "62701",
            "contact_points": (
                {"contact_point_id": self.phone(number), "kind": "phone", "value": PHONE, "label": "mobile"},
            ),
        }  # fmt: skip
        return super().party_message(number, version, **state | facts)

    def outcome(self, result: str = "wrong_number", number: str = "L-1", **facts: Any) -> RawMessage:
        right, begun = result.startswith("rpc_"), facts.get("at", NOW - timedelta(hours=1))
        state = {
            "creditor_id": self.creditor, "account_id": self.account(number), "account_ids": (self.account(number),),
            "party_id": self.party(number), "attempt_id": uuid4(), "permit_id": uuid4(), "direction": "outbound",
            "channel": "phone", "purpose": "collection", "contact_point_id": self.phone(number),
            "at": begun, "completed_at": begun + TALK, "result_code": result, "is_connected": True,
            "counts_as_call": True, "is_conversation": right, "is_communication": right, "is_right_party": right,
        }  # fmt: skip
        return self.message("contact.completed", state | facts)

    def invalidated(self, number: str = "L-1", **facts: Any) -> RawMessage:
        state = {
            "creditor_id": self.creditor, "party_id": self.party(number), "contact_point_id": self.phone(number),
            "kind": "phone", "reason": "wrong_number", "account_id": self.account(number), "attempt_id": uuid4(),
            "at": NOW - timedelta(hours=1),
        }  # fmt: skip
        return self.message("contact_point.invalidated", state | facts)

    def restriction(
        self, kind: str, number: str = "L-1", version: int = 1, status: str = "active", **facts: Any
    ) -> RawMessage:
        state = {
            "creditor_id": self.creditor, "account_id": self.account(number), "party_id": self.party(number),
            "restriction_id": uuid4(), "kind": kind, "status": status, "is_party_wide": True,
            "effective_on": NOW.date() - timedelta(days=30), "placed_at": NOW,
        }  # fmt: skip
        return self.message("restriction.placed", state | facts, version)

    async def open(self, *numbers: str) -> "Desk":
        known = [
            each
            for number in numbers or ("L-1",)
            for each in (self.party_message(number), self.account_message(number))
        ]
        await self.feed(self.creditor_message(), *known)
        await self.published()
        return self

    def knows(self, number: str = "L-1", person: dict[str, Any] | None = None) -> None:
        subject = {"given_name": "Alex", "family_name": f"Example {number}", "date_of_birth": "1980-01-31"}
        self.vendor.knows(subject, PERSON if person is None else person)

    def knows_nobody(self, number: str = "L-1") -> None:
        """Let the vendor find nobody."""
        subject = {"given_name": "Alex", "family_name": f"Example {number}", "date_of_birth": "1980-01-31"}
        self.vendor.knows(subject, {"matched_on": [], "phones": [], "addresses": [], "emails": []})

    async def search(self) -> int:
        """Let searches run until none is due; return how many went out."""
        total = 0
        while sent := await self.searcher.search_due(self.gateway):
            total += sent
        return total

    async def request(self, number: str = "L-1", **facts: Any) -> dict[str, Any]:
        answer = await self.post("/v1/skip-traces", self.body(number, **facts))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def body(self, number: str = "L-1", **facts: Any) -> dict[str, Any]:
        return {
            "party_id": str(self.party(number)), "account_id": str(self.account(number)),
            "permissible_purpose": "fcra_collection", "budget_minor": 500,
        } | facts  # fmt: skip

    async def traces(self, number: str = "L-1") -> list[dict[str, Any]]:
        answer = await self.get("/v1/skip-traces", party_id=str(self.party(number)))
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def candidates(self, trace_id: str) -> list[dict[str, Any]]:
        answer = await self.get(f"/v1/skip-traces/{trace_id}/candidates")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def put(self, path: str, body: Any, *, role: str = "admin", **headers: str) -> httpx.Response:
        return await self.http.put(path, json=body, headers=self.token(role) | headers)

    async def night(self) -> None:
        """Open the next business date, and run what is recorded for it."""
        day = self.clock.today(self.ZONE)
        opened = {"creditor_id": self.creditor, "business_date": day, "previous": None}
        await self.feed(self.message("business_date.advanced", opened, day.toordinal()))
        await self.sweep()

    async def sweep(self) -> None:
        """Run the sweeps that are recorded."""
        runner = JobRunner(self.engine, self.clock, chunks(self.settings))
        for (job_id,) in await self.query("SELECT job_id FROM job WHERE creditor_id = :creditor AND status = 'queued'"):
            assert (await runner.run_job(job_id)).status == "done"


@asynccontextmanager
async def open_desk(engine: AsyncEngine, issuer: Issuer, folder: Path) -> AsyncIterator[Desk]:
    """The service on a database, at NOW, with a vendor that listens."""
    async with engine.begin() as connection:  # what the tests before left behind is not this one's to search
        await connection.exec_driver_sql("UPDATE skip_trace SET search_at = NULL")
        await connection.exec_driver_sql("DELETE FROM vendor_breaker")
    vendor = Vendor(folder, free_port())
    vendor.start()
    settings = SkiptraceSettings(
        **settings_of(engine, issuer),
        vendor_endpoints={"person_search": VendorEndpoint.model_validate(vendor.endpoint)},
        vendor_timeout_s=0.5,
    )
    clock = MovableClock()
    app = create_api(settings, engine=engine, clock=clock)
    applier = BatchApplier(engine, clock, subscriptions(settings), group="skiptrace")
    searcher = Searcher(settings, engine, clock, policy_of(settings))
    try:
        async with (
            client_of(app) as http,
            PersonSearch(settings.vendor_endpoints, timeout_s=0.5, first_wait_s=0.01) as gateway,
        ):
            yield Desk(
                http=http, engine=engine, applier=applier, issuer=issuer, vendor=vendor, searcher=searcher,
                gateway=gateway, clock=clock, settings=settings,
            )  # fmt: skip
    finally:
        vendor.stop()


class MovableClock:
    """The machine's clock, moved ahead by as much as a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead  # noqa: TID251 - as above

    def today(self, time_zone: str) -> date:
        return FixedClock(self.now()).today(time_zone)
