"""The compliance service as production wires it, with a Kafka that the test plays and a clock that the test sets.

One creditor with people in it: each has an account, a phone in their own zone and an e-mail address. Tokens live by the
machine's clock; decisions, permits and what is recorded live by the desk's.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4, uuid5

from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import Issuer
from services.compliance.app import create_api
from services.compliance.consumers import subscriptions
from services.compliance.settings import ComplianceSettings
from shared.clock import FixedClock
from shared.events.contact import (
    CallbackState,
    ContactAttempted,
    ContactBlocked,
    ContactCompleted,
    ContactPointInvalidated,
    ContactPointsGiven,
    Heard,
    MessageBounced,
    MessageOptedOut,
)
from shared.events.skiptrace import LocationInquiryState
from shared.ids import contact_point_id
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage
from tests.integration.desk import ServiceDesk, by_our_tokens, client_of, settings_of

NOON = datetime(2026, 3, 11, 16, tzinfo=UTC)
"""A Wednesday, noon in New York and nine in the morning in Los Angeles."""
PHONE = "+12125550123"
EMAIL = "pat@example.com"
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


@dataclass(kw_only=True)
class Desk(ServiceDesk):
    """One creditor of the service, and everything that a test does to it."""

    ROLE: ClassVar[str] = "compliance_officer"
    IS_KEYED: ClassVar[bool] = False
    ACCOUNT: ClassVar[Mapping[str, Any]] = {
        "past_due_minor": 5_000, "days_past_due": 38, "oldest_unpaid_due_on": "2026-02-01", "bucket": "b30_59",
        "stage": "mid", "business_date": "2026-03-11", "snapshot_on": "2026-03-10",
    }  # fmt: skip

    clock: FixedClock
    sent: list[RawMessage] = field(default_factory=list)

    def now(self) -> datetime:
        return self.clock.now()

    async def feed(self, *messages: RawMessage) -> None:
        self.sent += messages
        await super().feed(*messages)

    def phone(self, number: str, value: str = PHONE) -> UUID:
        return self.point(number, "phone", value)

    def email(self, number: str, value: str = EMAIL) -> UUID:
        return self.point(number, "email", value)

    def party_message(
        self, number: str = "L-1", version: int = 1, *, phones: Sequence[str] = (PHONE,), **facts: Any
    ) -> RawMessage:
        points = [
            *(
                {"contact_point_id": self.phone(number, value), "kind": "phone", "value": value, "label": "mobile"}
                for value in phones
            ),
            {"contact_point_id": self.email(number), "kind": "email", "value": EMAIL, "label": "home"},
        ]
        state = {
            "street": "1 Main St", "city": "Albany", "region": "NY", "postal_code": "12207", "contact_points": points,
        }  # fmt: skip
        return super().party_message(number, version, **state | facts)

    def given(self, number: str, value: str, *, version: int = 1, **facts: Any) -> RawMessage:
        """A number that was given for a person in a talk."""
        point = {
            "contact_point_id": self.phone(number, value), "kind": "phone", "value": value, "label": "mobile",
            "source": "consumer", "attempt_id": None, "status": "unverified", "given_at": self.clock.now(),
        }  # fmt: skip
        state = {"party_id": self.party(number), "creditor_id": self.creditor, "contact_points": [point | facts]}
        payload = ContactPointsGiven.model_validate(state)
        return self.message("contact_point.given", payload, version)

    def inquiry(self, number: str, third_party: UUID, *, outcome: str | None = None, **facts: Any) -> RawMessage:
        """A third party may be asked where a person is, or was."""
        status = "allowed" if outcome is None else "reported"
        state = {
            "creditor_id": self.creditor, "account_id": self.account(number), "party_id": self.party(number),
            "inquiry_id": uuid5(third_party, "inquiry"), "skip_trace_id": None, "third_party_ids": [third_party],
            "channel": "phone", "status": status, "outcome": outcome, "asked_at": self.clock.now(),
            "reported_at": None if outcome is None else self.clock.now(),
        }  # fmt: skip
        payload = LocationInquiryState.model_validate(state | facts)
        return self.message(f"location_inquiry.{status}", payload, 1 if outcome is None else 2)

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

    def blocked(self, number: str, permit_id: UUID | None, attempt_id: UUID | None = None) -> RawMessage:
        payload = ContactBlocked(
            creditor_id=self.creditor, account_id=self.account(number), block_id=uuid4(),
            account_ids=(self.account(number),), party_id=self.party(number), permit_id=permit_id, decision_id=None,
            attempt_id=attempt_id,
            channel="phone", purpose="collection", contact_point_id=self.phone(number), reason="not_placed",
            at=self.clock.now(),
        )  # fmt: skip
        return self.message("contact.blocked", payload)

    def callback(self, number: str, version: int = 1, status: str = "scheduled", **facts: Any) -> RawMessage:
        """A callback that a person asked for in a talk, as it stands."""
        attempt_id = facts.get("attempt_id") or uuid5(self.party(number), "asked")
        state = {
            "creditor_id": self.creditor, "account_id": self.account(number), "account_ids": [self.account(number)],
            "party_id": self.party(number), "callback_id": uuid5(attempt_id, "callback"), "status": status,
            "attempt_id": attempt_id, "channel": "phone", "contact_point_id": self.phone(number),
            "callback_at": NOON + timedelta(days=1), "is_requested": True, "made_at": NOON - timedelta(days=1),
        }  # fmt: skip
        return self.message("callback.scheduled", CallbackState.model_validate(state | facts), version)

    def opted_out(self, number: str, channel: str = "sms", value: str = PHONE, at: datetime = NOON) -> RawMessage:
        kind = "email" if channel == "email" else "phone"
        payload = MessageOptedOut.model_validate(
            {
                "creditor_id": self.creditor, "party_id": self.party(number), "channel": channel, "at": at,
                "contact_point_id": contact_point_id(self.party(number), kind, value), "source": "reply",
            }
        )  # fmt: skip
        return self.message("message.opted_out", payload)

    def bounced(self, attempt: dict[str, Any], **facts: Any) -> RawMessage:
        """The message of an attempt came back."""
        same = ("creditor_id", "account_id", "account_ids", "party_id", "attempt_id", "channel", "contact_point_id")
        state = {name: attempt[name] for name in same} | {
            "message_id": uuid5(attempt["attempt_id"], "message"), "template": "payment_reminder", "language": "en",
            "at": attempt["at"] + timedelta(hours=1), "is_permanent": False, "reason": "mailbox full",
        }  # fmt: skip
        return self.message("message.bounced", MessageBounced.model_validate(state | facts))

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


def rules_against(decision: dict[str, Any]) -> set[str]:
    """The ids of the rules that did not pass."""
    return {rule["id"] for rule in decision["rules"] if rule["result"] in ("fail", "unknown")}


@asynccontextmanager
async def open_desk(
    engine: AsyncEngine, issuer: Issuer, *, kind: str = "third_party_collector", at: datetime = NOON
) -> AsyncIterator[Desk]:
    """The service on a database, with the clock at `at`."""
    settings = ComplianceSettings(**settings_of(engine, issuer))
    clock = FixedClock(at)
    app = by_our_tokens(create_api(settings, engine=engine, clock=clock), issuer)
    applier = BatchApplier(engine, clock, subscriptions(settings), group="compliance", retry_s=0.01)
    async with client_of(app) as http:
        yield Desk(http=http, engine=engine, applier=applier, issuer=issuer, clock=clock, kind=kind)
