"""What the desks of the services are made of: a service as production wires it, with a Kafka that the test plays.

A desk is one creditor with people in it. `feed` applies messages through the real batch applier, `published` takes what
the service would send; each service adds what a test does to it.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from pydantic import BaseModel, SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import AUDIENCE, Issuer
from shared.clock import SystemClock
from shared.events.envelope import encode_headers
from shared.events.topics import TOPICS
from shared.http.authenticator import Authenticator
from shared.ids import account_id, contact_point_id, new_id, party_id
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage
from tests.integration.declared import held_to_its_document

_OFFSETS = count(1)
"""Of all desks: a dead letter is known by its place in Kafka."""


def raw_message(topic: str, key: str, value: str | None, at: datetime, headers: Mapping[str, Any]) -> RawMessage:
    """A message as it lies in Kafka; None: an erasure."""
    body = None if value is None else value.encode()
    encoded = tuple(encode_headers(headers)) if headers else ()
    return RawMessage(topic, 0, next(_OFFSETS), key.encode(), body, encoded, at)


def event(topic: str, payload: BaseModel | Mapping[str, Any] | str, at: datetime, version: int | None) -> RawMessage:
    """An event of the owner of its topic: checked against its schema, unless it is a text that was published."""
    spec = TOPICS[topic]
    if not isinstance(payload, BaseModel | str):
        payload = spec.payload.model_validate(payload)
    value = payload if isinstance(payload, str) else payload.model_dump_json()
    headers = {
        "event_id": new_id(), "topic": topic, "type": spec.type, "source": f"/{spec.owner}", "subject": None,
        "time": at, "aggregate_version": version, "correlation_id": None, "causation_id": None, "traceparent": None,
    }  # fmt: skip
    return raw_message(topic, str(json.loads(value)[spec.key]), value, at, headers)


async def take_outbox(engine: AsyncEngine) -> list[Mapping[str, Any]]:
    """Take what a service would send, in its order."""
    async with engine.begin() as connection:
        rows = (await connection.exec_driver_sql("DELETE FROM outbox RETURNING *")).mappings().all()
    return sorted((dict(row) for row in rows), key=lambda row: int(row["id"]))


@dataclass(kw_only=True)
class ServiceDesk(ABC):
    """One creditor of a service. Where a test names no person, it is about the one whose number is `L-1`."""

    ROLE: ClassVar[str] = "collector"
    """Who posts, unless a test says it."""
    IS_KEYED: ClassVar[bool] = True
    """Whether what is posted has a key of its own, unless a test gives one."""
    ZONE: ClassVar[str] = "America/New_York"
    ACCOUNT: ClassVar[Mapping[str, Any]]
    """What is said of an account, besides what is alike for all."""

    http: httpx.AsyncClient
    engine: AsyncEngine
    applier: BatchApplier
    issuer: Issuer
    kind: str = "third_party_collector"
    creditor: UUID = field(default_factory=uuid4)

    @abstractmethod
    def now(self) -> datetime:
        """When messages are sent."""

    async def feed(self, *messages: RawMessage) -> None:
        await self.applier.apply(messages)

    def account(self, number: str = "L-1") -> UUID:
        return account_id(self.creditor, number)

    def party(self, number: str = "L-1") -> UUID:
        return party_id(self.creditor, number)

    def point(self, number: str, kind: str, value: str) -> UUID:
        return contact_point_id(self.party(number), kind, value)

    def message(
        self, topic: str, payload: BaseModel | Mapping[str, Any] | str, version: int | None = None
    ) -> RawMessage:
        return event(topic, payload, self.now(), version)

    def creditor_message(self, version: int = 1, **facts: Any) -> RawMessage:
        state = {
            "creditor_id": self.creditor, "name": "Harbor", "kind": self.kind, "currency": "USD",
            "time_zone": self.ZONE, "business_date": self.ACCOUNT["business_date"],
        }  # fmt: skip
        return self.message("creditor.updated", state | facts, version)

    def account_message(
        self,
        number: str = "L-1",
        version: int = 1,
        *,
        party: str | None = None,
        topic: str = "account.opened",
        **facts: Any,
    ) -> RawMessage:
        state = {
            "creditor_id": self.creditor, "account_id": self.account(number), "party_id": self.party(party or number),
            "product_class": "credit_card", "status": "open", "currency": "USD", "balance_minor": 100_000,
            "past_due_by_bucket": {}, "principal_minor": None, "interest_minor": None, "fees_minor": None,
        }  # fmt: skip
        return self.message(topic, state | dict(self.ACCOUNT) | facts, version)

    def party_message(self, number: str = "L-1", version: int = 1, **facts: Any) -> RawMessage:
        state = {
            "party_id": self.party(number), "creditor_id": self.creditor, "kind": "natural_person",
            "given_name": "Pat", "family_name": "Doe", "date_of_birth": None, "language": "en",
        }  # fmt: skip
        return self.message("party.updated", state | facts, version)

    def erasure(self, number: str = "L-1", topic: str = "party.updated") -> RawMessage:
        return raw_message(topic, str(self.party(number)), None, self.now(), {})

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        role: str | None = None,
        creditors: Iterable[UUID] = (),
        sub: str | None = None,
        key: str | None = None,
        if_match: int | None = None,
        method: str = "POST",
    ) -> httpx.Response:
        headers = self.token(role or self.ROLE, creditors=creditors, sub=sub)
        if key or self.IS_KEYED:
            headers["Idempotency-Key"] = key or str(uuid4())
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        return await self.http.request(method, path, json=body, headers=headers)

    async def get(
        self, path: str, *, role: str = "auditor", creditors: Iterable[UUID] = (), **params: Any
    ) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.token(role, creditors=creditors))

    async def published(self) -> list[tuple[str, dict[str, Any]]]:
        """Take what the service would send for this creditor, in its order: (topic, payload)."""
        events = [(row["topic"], json.loads(row["body"])) for row in await take_outbox(self.engine)]
        return [(topic, body) for topic, body in events if body["creditor_id"] == str(self.creditor)]

    async def query(self, sql: str) -> Sequence[Any]:
        """Rows; `:creditor` is this one's id."""
        async with self.engine.connect() as connection:
            return (await connection.exec_driver_sql(sql.replace(":creditor", f"'{self.creditor}'"))).all()

    def token(self, role: str, *, creditors: Iterable[UUID] = (), sub: str | None = None) -> dict[str, str]:
        token = self.issuer.mint(role, creditors, timedelta(days=400), sub)
        return {"Authorization": f"Bearer {token}"}


def settings_of(engine: AsyncEngine, issuer: Issuer) -> dict[str, Any]:
    """The settings that every service needs; no Kafka is there."""
    return {
        "database_url": SecretStr(engine.url.render_as_string(hide_password=False)),
        "kafka_bootstrap_servers": "127.0.0.1:1",
        "jwks_url": issuer.jwks_url,
        "jwt_issuer": issuer.url,
    }


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running app, in this process."""
    transport, hooks = httpx.ASGITransport(app=app), held_to_its_document(app.title)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service", timeout=60, event_hooks=hooks) as http,
    ):
        yield http


def by_our_tokens(app: FastAPI, issuer: Issuer) -> FastAPI:
    """Let tokens be judged by the machine's clock, by which they are minted, whatever clock the app has."""
    authenticator: Authenticator = app.state.authenticator
    app.state.authenticator = Authenticator(
        authenticator.jwks, issuer=issuer.url, audience=AUDIENCE, clock=SystemClock(), leeway=timedelta(seconds=5)
    )
    return app
