"""The compliance service as production wires it, with a Kafka that the test plays and a clock that the test sets.

One creditor with people in it: each has an account, a phone in their own zone and an e-mail address. Tokens live by the
machine's clock; decisions, permits and what is recorded live by the desk's.
"""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import BaseModel, SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import AUDIENCE, Issuer
from services.compliance.app import create_api
from services.compliance.consumers import subscriptions
from services.compliance.settings import ComplianceSettings
from shared.clock import FixedClock, SystemClock
from shared.events.accounts import AccountState, CreditorUpdated, PartyUpdated
from shared.events.contact import (
    ContactAttempted,
    ContactBlocked,
    ContactCompleted,
    ContactPointInvalidated,
    Heard,
    MessageOptedOut,
)
from shared.events.envelope import encode_headers
from shared.events.topics import TOPICS
from shared.http.authenticator import Authenticator
from shared.ids import account_id, contact_point_id, new_id, party_id
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage

NOON = datetime(2026, 3, 11, 16, tzinfo=UTC)
"""A Wednesday, noon in New York and nine in the morning in Los Angeles."""
PHONE = "+12125550123"
EMAIL = "pat@example.com"
_OFFSETS = count(1)
OUTCOME: dict[str, dict[str, Any]] = {
    "no_answer": {"is_connected": True, "counts_as_call": True},
    "busy": {"is_connected": False, "counts_as_call": False},
    "wrong_number": {"is_connected": True, "counts_as_call": False},
    "rpc_promise": {
        "is_connected": True, "counts_as_call": True, "is_conversation": True, "is_communication": True,
        "is_right_party": True,
    },
}  # fmt: skip
SILENT = {
    "is_connected": True, "counts_as_call": True, "is_conversation": False, "is_communication": False,
    "is_right_party": False,
}  # fmt: skip


@dataclass
class Desk:
    """One creditor of the service, and everything that a test does to it."""

    http: httpx.AsyncClient
    engine: AsyncEngine
    applier: BatchApplier
    issuer: Issuer
    clock: FixedClock
    kind: str = "third_party_collector"
    creditor: UUID = field(default_factory=uuid4)
    sent: list[RawMessage] = field(default_factory=list)

    def party(self, number: str) -> UUID:
        return party_id(self.creditor, number)

    def account(self, number: str) -> UUID:
        return account_id(self.creditor, number)

    def phone(self, number: str, value: str = PHONE) -> UUID:
        return contact_point_id(self.party(number), "phone", value)

    def email(self, number: str, value: str = EMAIL) -> UUID:
        return contact_point_id(self.party(number), "email", value)

    def message(self, topic: str, payload: BaseModel, version: int | None = None, *, key: str = "k") -> RawMessage:
        """An event as it lies in Kafka."""
        row = {
            "event_id": new_id(), "topic": topic, "type": TOPICS[topic].type, "source": f"/{TOPICS[topic].owner}",
            "subject": None, "time": self.clock.now(), "aggregate_version": version, "correlation_id": None,
            "causation_id": None, "traceparent": None,
        }  # fmt: skip
        value = payload.model_dump_json().encode()
        return RawMessage(topic, 0, next(_OFFSETS), key.encode(), value, tuple(encode_headers(row)), self.clock.now())

    async def feed(self, *messages: RawMessage) -> None:
        self.sent += messages
        await self.applier.apply(messages)

    def creditor_message(self, version: int = 1) -> RawMessage:
        state = {
            "creditor_id": self.creditor, "name": "Harbor", "kind": self.kind, "currency": "USD",
            "time_zone": "America/New_York", "business_date": "2026-03-11",
        }  # fmt: skip
        return self.message("creditor.updated", CreditorUpdated.model_validate(state), version)

    def account_message(self, number: str, *, party: str | None = None, version: int = 1, **facts: Any) -> RawMessage:
        state = {
            "creditor_id": self.creditor, "account_id": self.account(number), "party_id": self.party(party or number),
            "product_class": "credit_card", "status": "open", "currency": "USD", "balance_minor": 100_000,
            "past_due_minor": 5_000, "days_past_due": 38, "oldest_unpaid_due_on": "2026-02-01", "bucket": "b30_59",
            "stage": "mid", "past_due_by_bucket": {}, "business_date": "2026-03-11", "snapshot_on": "2026-03-10",
            "principal_minor": None, "interest_minor": None, "fees_minor": None,
        }  # fmt: skip
        return self.message("account.opened", AccountState.model_validate(state | facts), version)

    def party_message(
        self, number: str, *, phones: Sequence[str] = (PHONE,), version: int = 1, **facts: Any
    ) -> RawMessage:
        points = [
            *(
                {"contact_point_id": self.phone(number, value), "kind": "phone", "value": value, "label": "mobile"}
                for value in phones
            ),
            {"contact_point_id": self.email(number), "kind": "email", "value": EMAIL, "label": "home"},
        ]
        state = {
            "party_id": self.party(number), "creditor_id": self.creditor, "kind": "natural_person",
            "given_name": "Pat", "family_name": "Doe", "date_of_birth": None, "language": "en", "street": "1 Main St",
            "city": "Albany", "region": "NY", "postal_code": "12207", "contact_points": points,
        }  # fmt: skip
        payload = PartyUpdated.model_validate(state | facts)
        return self.message("party.updated", payload, version, key=str(payload.party_id))

    def erasure(self, number: str) -> RawMessage:
        key = str(self.party(number)).encode()
        return RawMessage("party.updated", 0, next(_OFFSETS), key, None, (), self.clock.now())

    async def open(self, *numbers: str) -> "Desk":
        """The creditor and people with an account each."""
        await self.feed(
            self.creditor_message(),
            *(message for each in numbers for message in (self.party_message(each), self.account_message(each))),
        )
        await self.published()
        return self

    def attempt(self, number: str, at: datetime, **facts: Any) -> dict[str, Any]:
        """What every event about an attempt says of it."""
        return {
            "creditor_id": self.creditor, "account_id": self.account(number), "account_ids": [self.account(number)],
            "party_id": self.party(number), "attempt_id": uuid4(), "permit_id": None, "direction": "outbound",
            "channel": "phone", "purpose": "collection", "contact_point_id": self.phone(number), "at": at,
        } | facts  # fmt: skip

    def attempted(self, attempt: dict[str, Any]) -> RawMessage:
        return self.message("contact.attempted", ContactAttempted.model_validate(attempt))

    def completed(self, attempt: dict[str, Any], code: str, *heard: dict[str, Any], **facts: Any) -> RawMessage:
        outcome = SILENT | OUTCOME.get(code, OUTCOME["rpc_promise"] if code.startswith("rpc") else {})
        outcome |= {
            "completed_at": attempt["at"] + timedelta(minutes=3),
            "result_code": code,
            "debts_discussed": attempt["account_ids"] if outcome["is_conversation"] else [],
            "heard": [Heard.model_validate(one) for one in heard],
        }
        return self.message("contact.completed", ContactCompleted.model_validate(attempt | outcome | facts))

    def blocked(self, number: str, permit_id: UUID | None) -> RawMessage:
        payload = ContactBlocked(
            creditor_id=self.creditor, account_id=self.account(number), block_id=uuid4(),
            account_ids=(self.account(number),), party_id=self.party(number), permit_id=permit_id, decision_id=None,
            channel="phone", purpose="collection", contact_point_id=self.phone(number), reason="not_placed",
            at=self.clock.now(),
        )  # fmt: skip
        return self.message("contact.blocked", payload)

    def opted_out(self, number: str, channel: str = "sms", value: str = PHONE, at: datetime = NOON) -> RawMessage:
        kind = "email" if channel == "email" else "phone"
        payload = MessageOptedOut.model_validate(
            {
                "creditor_id": self.creditor, "party_id": self.party(number), "channel": channel, "at": at,
                "contact_point_id": contact_point_id(self.party(number), kind, value), "source": "reply",
            }
        )  # fmt: skip
        return self.message("message.opted_out", payload)

    def invalidated(self, number: str, reason: str = "wrong_number", at: datetime = NOON) -> RawMessage:
        payload = ContactPointInvalidated.model_validate(
            {
                "creditor_id": self.creditor, "party_id": self.party(number), "contact_point_id": self.phone(number),
                "kind": "phone", "reason": reason, "at": at,
            }
        )  # fmt: skip
        return self.message("contact_point.invalidated", payload)

    def request(self, number: str, **facts: Any) -> dict[str, Any]:
        """A call to the person's phone about their account."""
        return {
            "party_id": str(self.party(number)), "account_ids": [str(self.account(number))], "channel": "phone",
            "contact_point_id": str(self.phone(number)), "purpose": "collection", "direction": "outbound",
        } | facts  # fmt: skip

    async def decide(self, number: str, *, role: str = "contact_service", **facts: Any) -> dict[str, Any]:
        answer = await self.post("/v1/contact-decisions", self.request(number, **facts), role=role)
        assert answer.status_code == 200, answer.text
        decision: dict[str, Any] = answer.json()
        return decision

    async def restrict(self, number: str, kind: str, **facts: Any) -> dict[str, Any]:
        body = {"kind": kind, "party_id": str(self.party(number)), "evidence": "Said so"} | facts
        answer = await self.post("/v1/restrictions", body, role="collector")
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        role: str = "compliance_officer",
        creditors: Iterable[UUID] = (),
        if_match: int | None = None,
        key: str | None = None,
        method: str = "POST",
    ) -> httpx.Response:
        headers = self.token(role, creditors) | ({"Idempotency-Key": key} if key else {})
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        return await self.http.request(method, path, json=body, headers=headers)

    async def get(
        self, path: str, *, role: str = "auditor", creditors: Iterable[UUID] = (), **params: Any
    ) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.token(role, creditors))

    async def published(self) -> list[tuple[str, dict[str, Any]]]:
        """Take what is in the outbox, in its order: (topic, payload) of this creditor."""
        async with self.engine.begin() as connection:
            rows = (await connection.exec_driver_sql("DELETE FROM outbox RETURNING id, topic, body")).mappings().all()
        events = [(row["topic"], json.loads(row["body"])) for row in sorted(rows, key=lambda row: row["id"])]
        return [(topic, body) for topic, body in events if body["creditor_id"] == str(self.creditor)]

    async def query(self, sql: str) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.exec_driver_sql(sql.replace(":creditor", f"'{self.creditor}'"))).all())

    def token(self, role: str, creditors: Iterable[UUID] = ()) -> dict[str, str]:
        token = self.issuer.mint(role, creditors=list(creditors), ttl=timedelta(minutes=5))
        return {"Authorization": f"Bearer {token}"}


def rules_against(decision: dict[str, Any]) -> set[str]:
    """The ids of the rules that did not pass."""
    return {rule["id"] for rule in decision["rules"] if rule["result"] in ("fail", "unknown")}


@asynccontextmanager
async def open_desk(
    engine: AsyncEngine, issuer: Issuer, *, kind: str = "third_party_collector", at: datetime = NOON
) -> AsyncIterator[Desk]:
    """The service on a database, with the clock at `at`."""
    settings = ComplianceSettings(
        database_url=SecretStr(engine.url.render_as_string(hide_password=False)),
        kafka_bootstrap_servers="127.0.0.1:1",
        jwks_url=issuer.jwks_url,
        jwt_issuer=issuer.url,
    )
    clock = FixedClock(at)
    app = create_api(settings, engine=engine, clock=clock)
    app.state.authenticator = Authenticator(
        app.state.authenticator.jwks,
        issuer=issuer.url,
        audience=AUDIENCE,
        clock=SystemClock(),
        leeway=timedelta(seconds=5),
    )
    applier = BatchApplier(engine, clock, subscriptions(settings), group="compliance", retry_s=0.01)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://compliance", timeout=60) as http,
    ):
        yield Desk(http, engine, applier, issuer, clock, kind)
