"""Contact with the services that it stands on: compliance and payments behind real servers; the test plays Kafka.

One creditor with people in it. `carry` takes what contact has published to compliance; the clock is the test's, tokens
live by the machine's. Compliance is stopped and started by its server.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.clients import Client
from deploy.local.issuer import AUDIENCE, Issuer
from deploy.local.ports import free_port
from services.accounts import app as accounts
from services.accounts.settings import AccountsSettings
from services.compliance import app as compliance
from services.compliance.consumers import subscriptions as compliance_subscriptions
from services.compliance.settings import ComplianceSettings
from services.contact import app as contact
from services.contact.consumers import subscriptions as contact_subscriptions
from services.contact.settings import ContactSettings
from services.payments import app as payments
from services.payments.consumers import subscriptions as payments_subscriptions
from services.payments.settings import PaymentsSettings
from shared.clock import FixedClock, SystemClock
from shared.events.accounts import AccountState, CreditorUpdated, PartyUpdated
from shared.events.envelope import encode_headers
from shared.events.topics import TOPICS
from shared.http.authenticator import Authenticator
from shared.ids import account_id, contact_point_id, new_id, party_id
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage, by_topic
from tests.conftest import GetEngine

NOON = datetime(2026, 3, 11, 16, tzinfo=UTC)
"""A Wednesday, noon in New York."""
DAY = "2026-03-11"
HOME = "1 Main St, Albany, NY 12207"
SECRET = "a secret of the tests"
_OFFSETS = count(1)


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


@dataclass
class House:
    """What a test does to contact and its neighbours."""

    http: httpx.AsyncClient
    app: FastAPI
    settings: ContactSettings
    engine: AsyncEngine
    compliance: Neighbour
    payments: Neighbour
    accounts: Neighbour
    appliers: dict[str, tuple[BatchApplier, frozenset[str]]]
    issuer: Issuer
    clock: FixedClock
    kind: str = "third_party_collector"
    creditor: UUID = field(default_factory=uuid4)

    def party(self, number: str) -> UUID:
        return party_id(self.creditor, number)

    def account(self, number: str) -> UUID:
        return account_id(self.creditor, number)

    def phone(self, number: str) -> UUID:
        return contact_point_id(self.party(number), "phone", self.number(number))

    def email(self, number: str) -> UUID:
        return contact_point_id(self.party(number), "email", self.address(number))

    def home(self, number: str) -> UUID:
        return contact_point_id(self.party(number), "address", HOME)

    def number(self, number: str) -> str:
        """A number in New York of each person's own."""
        unlike = self.party(number).int % 700_000
        return f"+1212{520 + unlike // 10_000}{unlike % 10_000:04}"

    def address(self, number: str) -> str:
        return f"pat.{self.party(number)}@example.com"

    def message(self, topic: str, payload: BaseModel | str, version: int | None, key: str = "k") -> RawMessage:
        row = {
            "event_id": new_id(), "topic": topic, "type": TOPICS[topic].type, "source": f"/{TOPICS[topic].owner}",
            "subject": None, "time": self.clock.now(), "aggregate_version": version, "correlation_id": None,
            "causation_id": None, "traceparent": None,
        }  # fmt: skip
        body = payload if isinstance(payload, str) else payload.model_dump_json()
        return RawMessage(
            topic, 0, next(_OFFSETS), key.encode(), body.encode(), tuple(encode_headers(row)), self.clock.now()
        )

    async def feed(self, *messages: RawMessage) -> None:
        """Give messages to each service that subscribes to their topics."""
        for applier, topics in self.appliers.values():
            if wanted := [message for message in messages if message.topic in topics]:
                await applier.apply(wanted)

    async def carry_accounts(self) -> None:
        """Take what accounts has published to whoever subscribes to it."""
        async with self.accounts.app.state.engine.begin() as connection:
            taken = (await connection.exec_driver_sql("DELETE FROM outbox RETURNING *")).mappings().all()
        for row in sorted(taken, key=lambda row: row["id"]):
            await self.feed(self.message(row["topic"], row["body"], row["aggregate_version"], row["key"]))

    async def published(self) -> list[tuple[str, dict[str, Any]]]:
        """Take what contact would send: (topic, payload)."""
        async with self.engine.begin() as connection:
            taken = (await connection.exec_driver_sql("DELETE FROM outbox RETURNING *")).mappings().all()
        return [
            (row["topic"], json.loads(row["body"]) | {"_version": row["aggregate_version"]})
            for row in sorted(taken, key=lambda row: row["id"])
        ]

    async def carry(self) -> list[tuple[str, dict[str, Any]]]:
        """Take what contact has published to whoever subscribes to it, and return it."""
        events = await self.published()
        for topic, body in events:
            version = body.pop("_version")
            await self.feed(self.message(topic, json.dumps(body), version, body[TOPICS[topic].key]))
        return events

    def creditor_message(self, version: int = 1) -> RawMessage:
        state = {
            "creditor_id": self.creditor, "name": "Harbor", "kind": self.kind, "currency": "USD",
            "time_zone": "America/New_York", "business_date": DAY,
        }  # fmt: skip
        return self.message("creditor.updated", CreditorUpdated.model_validate(state), version)

    def account_message(self, number: str, *, version: int = 1, party: str | None = None, **facts: Any) -> RawMessage:
        state = {
            "creditor_id": self.creditor, "account_id": self.account(number), "party_id": self.party(party or number),
            "product_class": "closed_end_loan", "status": "open", "currency": "USD", "balance_minor": 100_000,
            "past_due_minor": 12_550, "days_past_due": 38, "oldest_unpaid_due_on": "2026-02-01", "bucket": "b30_59",
            "stage": "mid", "past_due_by_bucket": {}, "business_date": DAY, "snapshot_on": "2026-03-10",
            "principal_minor": 90_000, "interest_minor": 0, "fees_minor": 0,
        }  # fmt: skip
        return self.message("account.opened", AccountState.model_validate(state | facts), version)

    def party_message(self, number: str, *, version: int = 1, **facts: Any) -> RawMessage:
        points = [
            {"contact_point_id": self.phone(number), "kind": "phone", "value": self.number(number), "label": "mobile"},
            {"contact_point_id": self.email(number), "kind": "email", "value": self.address(number), "label": "home"},
            {"contact_point_id": self.home(number), "kind": "address", "value": HOME, "label": "home"},
        ]
        state = {
            "party_id": self.party(number), "creditor_id": self.creditor, "kind": "natural_person",
            "given_name": "Pat", "family_name": "Doe", "date_of_birth": "1980-02-29", "language": "en",
            "street": "1 Main St", "city": "Albany", "region": "NY", "postal_code": "12207-1234",
            "contact_points": points,
        }  # fmt: skip
        payload = PartyUpdated.model_validate(state | facts)
        return self.message("party.updated", payload, version, str(payload.party_id))

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

    async def consent(self, number: str, channel: str, point: UUID) -> None:
        """The person agreed to be written to, directly to us."""
        body = {
            "party_id": str(self.party(number)), "channel": channel, "purpose": "contact",
            "contact_point_id": str(point), "basis": "direct", "evidence": "Said so on a recorded call",
        }  # fmt: skip
        async with httpx.AsyncClient(base_url=self.compliance.url) as http:
            answer = await http.post(
                "/v1/consents", json=body, headers=self.token("compliance_officer") | {"Idempotency-Key": str(uuid4())}
            )
        assert answer.status_code == 201, answer.text

    async def post(
        self, path: str, body: Any = None, *, role: str = "collector", key: str | None = None, **options: Any
    ) -> httpx.Response:
        headers = self.token(role, **options) | {"Idempotency-Key": key or str(uuid4())}
        return await self.http.post(path, json=body, headers=headers)

    async def get(self, path: str, *, role: str = "auditor", **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.token(role))

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        async with self.engine.connect() as connection:
            return [dict(row) for row in (await connection.exec_driver_sql(sql)).mappings().all()]

    def token(self, role: str, *, creditors: Sequence[UUID] = (), sub: str | None = None) -> dict[str, str]:
        token = self.issuer.mint(role, creditors=creditors, ttl=timedelta(minutes=5), sub=sub)
        return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def open_house(get_engine: GetEngine, issuer: Issuer, **settings: Any) -> AsyncIterator[House]:
    """Contact, compliance and payments on databases of their own, at noon of DAY."""
    clock = FixedClock(NOON)
    issuer.clients.put("contact", Client(SECRET, ("contact_service",)))
    shared: dict[str, Any] = {
        "kafka_bootstrap_servers": "127.0.0.1:1",
        "jwks_url": issuer.jwks_url,
        "jwt_issuer": issuer.url,
    }
    engines = {name: await get_engine(name) for name in ("contact", "compliance", "payments", "accounts")}
    urls = {name: SecretStr(engine.url.render_as_string(hide_password=False)) for name, engine in engines.items()}
    ports = {"compliance": free_port(), "payments": free_port(), "accounts": free_port()}
    judge = ComplianceSettings(database_url=urls["compliance"], **shared | {"port": ports["compliance"]})
    till = PaymentsSettings(database_url=urls["payments"], **shared | {"port": ports["payments"]})
    desk = AccountsSettings(database_url=urls["accounts"], **shared | {"port": ports["accounts"]})
    ours = ContactSettings(
        database_url=urls["contact"],
        token_url=issuer.token_url,
        client_id="contact",
        client_secret=SecretStr(SECRET),
        compliance_url=f"http://127.0.0.1:{ports['compliance']}",
        payments_url=f"http://127.0.0.1:{ports['payments']}",
        accounts_url=f"http://127.0.0.1:{ports['accounts']}",
        # A machine that is busy with other tests is not a compliance that is silent.
        **{"compliance_timeout_s": 30, "next_step_timeout_s": 30} | shared | settings,
    )
    neighbours = {
        "compliance": Neighbour(
            _by_our_tokens(compliance.create_api(judge, engine=engines["compliance"], clock=clock), issuer),
            ports["compliance"],
        ),
        "payments": Neighbour(
            _by_our_tokens(payments.create_api(till, engine=engines["payments"], clock=clock), issuer),
            ports["payments"],
        ),
        "accounts": Neighbour(
            _by_our_tokens(accounts.create_api(desk, engine=engines["accounts"], clock=clock), issuer),
            ports["accounts"],
        ),
    }
    app = _by_our_tokens(contact.create_api(ours, engine=engines["contact"], clock=clock), issuer)
    subscribed = {
        "contact": contact_subscriptions(ours),
        "compliance": compliance_subscriptions(judge),
        "payments": payments_subscriptions(till),
    }
    appliers = {
        name: (BatchApplier(engines[name], clock, wanted, group=name), frozenset(by_topic(wanted)))
        for name, wanted in subscribed.items()
    }
    transport = httpx.ASGITransport(app=app)
    async with AsyncExitStack() as stack:
        for served in (app, *(neighbour.app for neighbour in neighbours.values())):
            await stack.enter_async_context(served.router.lifespan_context(served))
        for neighbour in neighbours.values():
            await neighbour.start()
            stack.push_async_callback(neighbour.kill)
        http = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://contact", timeout=60)
        )
        yield House(
            http, app, ours, engines["contact"], neighbours["compliance"], neighbours["payments"],
            neighbours["accounts"], appliers, issuer, clock,
        )  # fmt: skip


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


def _by_our_tokens(app: FastAPI, issuer: Issuer) -> FastAPI:
    """Tokens are minted and judged by the machine's clock."""
    authenticator: Authenticator = app.state.authenticator
    app.state.authenticator = Authenticator(
        authenticator.jwks, issuer=issuer.url, audience=AUDIENCE, clock=SystemClock(), leeway=timedelta(seconds=5)
    )
    return app
