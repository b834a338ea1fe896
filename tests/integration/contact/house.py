"""Contact with the services that it stands on: compliance and payments behind real servers; the test plays Kafka.

One creditor with people in it. `carry` takes what contact has published to compliance; the clock is the test's, tokens
live by the machine's. Compliance is stopped and started by its server.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.clients import Client
from deploy.local.issuer import Issuer
from deploy.local.ports import free_port
from services.accounts import app as accounts
from services.accounts.settings import AccountsSettings
from services.compliance import app as compliance
from services.compliance.consumers import subscriptions as compliance_subscriptions
from services.compliance.settings import ComplianceSettings
from services.contact import app as contact
from services.contact.consumers import subscriptions as contact_subscriptions
from services.contact.gateways.channels import channels
from services.contact.handlers.send_messages import Sender
from services.contact.settings import ContactSettings
from services.payments import app as payments
from services.payments.consumers import subscriptions as payments_subscriptions
from services.payments.settings import PaymentsSettings
from services.skiptrace.consumers import subscriptions as skiptrace_subscriptions
from services.skiptrace.settings import SkiptraceSettings
from shared.clock import FixedClock
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage, by_topic
from tests.conftest import GetEngine
from tests.integration.desk import ServiceDesk, by_our_tokens, client_of, settings_of, take_outbox

NOON = datetime(2026, 3, 11, 16, tzinfo=UTC)
"""A Wednesday, noon in New York."""
DAY = "2026-03-11"
_SERVICES = ("contact", "compliance", "payments", "accounts", "skiptrace")
HOME = "1 Main St, Albany, NY 12207"
SECRET = "a secret of the tests"


@dataclass
class Neighbour:
    """A service behind a real server in this event loop, on a port that stays its own."""

    app: FastAPI
    port: int
    server: uvicorn.Server | None = None
    task: "asyncio.Task[None] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen, unless it does."""
        if self.server is not None:
            return
        config = uvicorn.Config(self.app, port=self.port, log_config=None, lifespan="off")
        self.server = uvicorn.Server(config)
        self.task = asyncio.create_task(self.server._serve())
        while not self.server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
            await asyncio.sleep(0.01)

    async def kill(self) -> None:
        """Close its port and every connection, as the end of its process would."""
        if self.server is None or self.task is None:
            return
        self.server.should_exit = self.server.force_exit = True
        await asyncio.wait_for(self.task, 10)
        self.server = None


_NUMBERS: dict[UUID, int] = {}
"""Every House of the process has people of its own in one database: a number of two would be a shared one."""


@dataclass(kw_only=True)
class House(ServiceDesk):
    """What a test does to contact and its neighbours."""

    ACCOUNT: ClassVar[Mapping[str, Any]] = {
        "product_class": "closed_end_loan", "past_due_minor": 12_550, "days_past_due": 38,
        "oldest_unpaid_due_on": "2026-02-01", "bucket": "b30_59", "stage": "mid", "business_date": DAY,
        "snapshot_on": "2026-03-10", "principal_minor": 90_000, "interest_minor": 0, "fees_minor": 0,
    }  # fmt: skip

    app: FastAPI
    settings: ContactSettings
    compliance: Neighbour
    payments: Neighbour
    accounts: Neighbour
    appliers: dict[str, tuple[BatchApplier, frozenset[str]]]
    skiptrace: AsyncEngine
    clock: FixedClock

    def now(self) -> datetime:
        return self.clock.now()

    def phone(self, number: str) -> UUID:
        return self.point(number, "phone", self.number(number))

    def email(self, number: str) -> UUID:
        return self.point(number, "email", self.address(number))

    def home(self, number: str) -> UUID:
        return self.point(number, "address", HOME)

    def number(self, number: str) -> str:
        """A number in New York of each person's own."""
        unlike = _NUMBERS.setdefault(self.party(number), 1 + len(_NUMBERS))
        return f"+1212{520 + unlike // 10_000}{unlike % 10_000:04}"

    def address(self, number: str) -> str:
        return f"pat.{self.party(number)}@example.com"

    async def feed(self, *messages: RawMessage) -> None:
        """Give messages to each service that subscribes to their topics."""
        for applier, topics in self.appliers.values():
            if wanted := [message for message in messages if message.topic in topics]:
                await applier.apply(wanted)

    async def carry_accounts(self) -> None:
        """Take what accounts has published to whoever subscribes to it."""
        for row in await take_outbox(self.accounts.app.state.engine):
            await self.feed(self.message(row["topic"], row["body"], row["aggregate_version"]))

    async def carry(self) -> list[tuple[str, dict[str, Any]]]:
        """Take what contact has published to whoever subscribes to it, and return it."""
        rows = await take_outbox(self.engine)
        for row in rows:
            await self.feed(self.message(row["topic"], row["body"], row["aggregate_version"]))
        return [(row["topic"], json.loads(row["body"])) for row in rows]

    async def carry_compliance(self) -> None:
        """Take what compliance has published to whoever subscribes to it."""
        for row in await take_outbox(self.compliance.app.state.engine):
            await self.feed(self.message(row["topic"], row["body"], row["aggregate_version"]))

    def party_message(self, number: str = "L-1", version: int = 1, **facts: Any) -> RawMessage:
        points = [
            {"contact_point_id": self.phone(number), "kind": "phone", "value": self.number(number), "label": "mobile"},
            {"contact_point_id": self.email(number), "kind": "email", "value": self.address(number), "label": "home"},
            {"contact_point_id": self.home(number), "kind": "address", "value": HOME, "label": "home"},
        ]
        state = {
            "date_of_birth": "1980-02-29", "street": "1 Main St", "city": "Albany", "region": "NY",
            "postal_code": "12207-1234", "contact_points": points,
        }  # fmt: skip
        return super().party_message(number, version, **state | facts)

    async def open(self, *numbers: str, **facts: Any) -> "House":
        """The creditor and people with an account each."""
        people = [self.party_message(number, **facts) for number in numbers]
        await self.feed(self.creditor_message(), *people, *(self.account_message(number) for number in numbers))
        await self.published()
        return self

    def ask(self, number: str, **facts: Any) -> dict[str, Any]:
        """The body of a call."""
        return {
            "account_ids": [str(self.account(number))], "party_id": str(self.party(number)), "channel": "phone",
            "contact_point_id": str(self.phone(number)), "purpose": "collection",
        } | facts  # fmt: skip

    async def call(self, number: str, **facts: Any) -> httpx.Response:
        return await self.post("/v1/contact-attempts", self.ask(number, **facts))

    async def placed(self, number: str, **facts: Any) -> str:
        answer = await self.call(number, **facts)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["attempt_id"])

    async def verify(self, attempt_id: str) -> None:
        body = {"date_of_birth": "1980-02-29", "postal_code": "12207"}
        answer = await self.post(f"/v1/contact-attempts/{attempt_id}/verification", body)
        assert answer.json()["is_verified"], answer.text

    async def outcome(self, attempt_id: str, result_code: str, **facts: Any) -> httpx.Response:
        return await self.post(f"/v1/contact-attempts/{attempt_id}/outcome", {"result_code": result_code} | facts)

    async def restrictions(self, number: str) -> list[dict[str, Any]]:
        """What compliance holds against a party."""
        async with httpx.AsyncClient(base_url=self.compliance.url) as http:
            answer = await http.get(
                "/v1/restrictions", params={"party_id": str(self.party(number))}, headers=self.token("auditor")
            )
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def forbids(self, number: str, channel: str) -> set[str]:
        """The rules by which compliance would forbid a contact now; nothing is reserved."""
        body = self.ask(number, channel=channel, at=self.now().isoformat())
        async with httpx.AsyncClient(base_url=self.compliance.url) as http:
            answer = await http.post("/v1/contact-decisions", json=body, headers=self.token("collector"))
        assert answer.status_code == 200, answer.text
        return {rule["id"] for rule in answer.json()["rules"] if rule["result"] == "fail"}

    async def consent(self, number: str, channel: str, point: UUID, purpose: str = "contact") -> None:
        """The person agreed to be written to, or to be called so, directly to us."""
        body = {
            "party_id": str(self.party(number)), "channel": channel, "purpose": purpose,
            "contact_point_id": str(point), "basis": "direct", "evidence": "Said so on a recorded call",
        }  # fmt: skip
        async with httpx.AsyncClient(base_url=self.compliance.url) as http:
            answer = await http.post(
                "/v1/consents", json=body, headers=self.token("compliance_officer") | {"Idempotency-Key": str(uuid4())}
            )
        assert answer.status_code == 201, answer.text

    async def write(self, sql: str) -> None:
        """Break something."""
        async with self.engine.begin() as connection:
            await connection.exec_driver_sql(sql)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        async with self.engine.connect() as connection:
            return [dict(row) for row in (await connection.exec_driver_sql(sql)).mappings().all()]


@asynccontextmanager
async def open_house(get_engine: GetEngine, issuer: Issuer, **settings: Any) -> AsyncIterator[House]:
    """Contact, compliance and payments on databases of their own, at noon of DAY."""
    clock = FixedClock(NOON)
    issuer.clients.put("contact", Client(SECRET, ("contact_service",)))
    engines = {name: await get_engine(name) for name in _SERVICES}
    shared = {name: settings_of(engine, issuer) for name, engine in engines.items()}
    ports = {"compliance": free_port(), "payments": free_port(), "accounts": free_port()}
    judge = ComplianceSettings(**shared["compliance"], port=ports["compliance"])
    till = PaymentsSettings(**shared["payments"], port=ports["payments"])
    desk = AccountsSettings(**shared["accounts"], port=ports["accounts"])
    ours = ContactSettings(
        token_url=issuer.token_url,
        client_id="contact",
        client_secret=SecretStr(SECRET),
        compliance_url=f"http://127.0.0.1:{ports['compliance']}",
        payments_url=f"http://127.0.0.1:{ports['payments']}",
        accounts_url=f"http://127.0.0.1:{ports['accounts']}",
        # A machine that is busy with other tests is not a compliance that is silent.
        **{"compliance_timeout_s": 30, "next_step_timeout_s": 30} | shared["contact"] | settings,
    )
    neighbours = {
        "compliance": Neighbour(
            by_our_tokens(compliance.create_api(judge, engine=engines["compliance"], clock=clock), issuer),
            ports["compliance"],
        ),
        "payments": Neighbour(
            by_our_tokens(payments.create_api(till, engine=engines["payments"], clock=clock), issuer),
            ports["payments"],
        ),
        "accounts": Neighbour(
            by_our_tokens(accounts.create_api(desk, engine=engines["accounts"], clock=clock), issuer),
            ports["accounts"],
        ),
    }
    app = by_our_tokens(contact.create_api(ours, engine=engines["contact"], clock=clock), issuer)
    subscribed = {
        "contact": contact_subscriptions(ours),
        "compliance": compliance_subscriptions(judge),
        "payments": payments_subscriptions(till),
        "skiptrace": skiptrace_subscriptions(SkiptraceSettings(**shared["skiptrace"])),
    }
    appliers = {
        name: (BatchApplier(engines[name], clock, wanted, group=name), frozenset(by_topic(wanted)))
        for name, wanted in subscribed.items()
    }
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(client_of(app))
        for neighbour in neighbours.values():
            await stack.enter_async_context(neighbour.app.router.lifespan_context(neighbour.app))
        for neighbour in neighbours.values():
            await neighbour.start()
            stack.push_async_callback(neighbour.kill)
        yield House(
            http=http, engine=engines["contact"], applier=appliers["contact"][0], issuer=issuer, app=app,
            settings=ours, compliance=neighbours["compliance"], payments=neighbours["payments"],
            accounts=neighbours["accounts"], appliers=appliers, skiptrace=engines["skiptrace"], clock=clock,
        )  # fmt: skip


def worker(house: House) -> Sender:
    """The sender of the worker, in this process: one `step` is one of its rounds."""
    permits = house.app.state.desk.permits
    hand_over = channels(house.settings, house.clock)
    return Sender(house.settings, permits._transactions, permits, hand_over, house.clock)


@asynccontextmanager
async def fresh(house: House, *numbers: str) -> AsyncIterator[House]:
    """The same services with another creditor, at noon of DAY again; whoever was killed is started for the next."""
    house.clock.at = NOON
    await house.published()
    try:
        yield await replace(house, creditor=uuid4()).open(*numbers)
    finally:
        for neighbour in (house.compliance, house.payments, house.accounts):
            await neighbour.start()


def of(events: list[tuple[str, dict[str, Any]]], topic: str) -> list[dict[str, Any]]:
    """What the events of one topic say."""
    return [body for name, body in events if name == topic]
