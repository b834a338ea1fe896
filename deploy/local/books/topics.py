"""Reads the topics as any client may: where consumer groups stand, and every message since the beginning.

Own aiokafka clients: the checker sees what stands in Kafka, not what the services' code makes of it.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

CORE_PAYMENTS = "core.payment.received"
CORE_SNAPSHOTS = "core.account.snapshot"
ACCOUNT_STATES = ("account.opened", "account.updated", "account.aged", "account.cured", "account.charged_off")
PROMISE_STATES = ("promise.made", "promise.kept", "promise.partially_kept", "promise.broken", "promise.cancelled")
ARRANGEMENT_STATES = (
    "arrangement.proposed",
    "arrangement.activated",
    "arrangement.at_risk",
    "arrangement.completed",
    "arrangement.broken",
    "arrangement.cancelled",
)
QUEUE_MOVES = ("queue.item_entered", "queue.item_exited")
CREDITOR_STATES = ("creditor.updated", "business_date.advanced")
CONTACT_FACTS = (
    "restriction.placed", "restriction.lifted", "contact_point.invalidated", "contact_point.verified",
    "contact_point.found", "contact_point.given", "dispute.opened", "dispute.resolved", "consent.granted",
    "consent.revoked", "decision.made", "contact.attempted", "contact.completed", "contact.blocked", "message.sent",
    "message.bounced", "message.opted_out", "callback.scheduled", "field_visit.completed", "skiptrace.requested",
    "skiptrace.searched", "skiptrace.located", "skiptrace.exhausted", "location_inquiry.allowed",
    "location_inquiry.reported",
)  # fmt: skip
"""What the timeline of an account tells of the other services; restrictions turn its queue."""
APPLIED_BY = {
    "payments": (*CREDITOR_STATES, *ACCOUNT_STATES),
    "accounts": ("payment.posted", "payment.reversed", *PROMISE_STATES, *ARRANGEMENT_STATES, *CONTACT_FACTS),
}
"""The events of our own that each service applies, and marks in its inbox."""
GROUPS = {
    "payments": (CORE_PAYMENTS, *APPLIED_BY["payments"]),
    "accounts": APPLIED_BY["accounts"],
    "accounts.bulk": (CORE_SNAPSHOTS,),
}
"""What each consumer group reads."""
READ = (CORE_PAYMENTS, CORE_SNAPSHOTS, *APPLIED_BY["payments"], *APPLIED_BY["accounts"], "payment.unapplied",
        *QUEUE_MOVES)  # fmt: skip
_TIMEOUT_MS = 15_000
_POLL_MS = 500
_AT_ONCE = 5_000
Ends = Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `body` is None where the value is no JSON object; `produced_at` is in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    produced_at: int
    event_id: str | None
    version: int | None
    body: Any

    @property
    def where(self) -> str:
        """Where it stands."""
        return f"{self.topic}/{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class History:
    """Every message by topic, in the order of each partition. `is_whole`: nothing was cut off at the beginning."""

    messages: Mapping[str, Sequence[Message]]
    is_whole: bool

    def of(self, *topics: str) -> list[Message]:
        """The messages of some topics."""
        return [message for topic in topics for message in self.messages.get(topic, ())]


class Reader:
    """A client of the cluster. Use it as an asynchronous context manager."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap_servers,
            client_id="verify-books",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=_TIMEOUT_MS,
        )
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=_TIMEOUT_MS)

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        await self._admin.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._admin.close()
        await self._consumer.stop()

    async def ends(self, topics: Iterable[str] = READ) -> dict[TopicPartition, int]:
        """Where each partition of the topics ends now; a topic that does not exist has none."""
        described = await self._admin.describe_topics(list(topics))
        partitions = [
            TopicPartition(topic["topic"], part["partition"]) for topic in described for part in topic["partitions"]
        ]
        return dict(await self._consumer.end_offsets(partitions)) if partitions else {}

    async def behind(self, ends: Ends, groups: Mapping[str, Sequence[str]] = GROUPS) -> list[str]:
        """Which groups have not yet passed these ends, and on which topic."""
        found = []
        for group, topics in groups.items():
            committed = await self._admin.list_consumer_group_offsets(group)
            for place, end in ends.items():
                reached = committed[place].offset if place in committed else 0
                if place.topic in topics and max(reached, 0) < end:
                    found.append(f"{group} is {end - max(reached, 0)} messages behind on {place.topic}")
        return found

    async def history(self, ends: Ends, creditor_id: str | None = None) -> History:
        """Every message before the ends; of one creditor, or of all. What no one can read belongs to everybody."""
        messages: dict[str, list[Message]] = {}
        wanted = [place for place, end in ends.items() if end > 0]
        if not wanted:
            return History({}, is_whole=True)
        self._consumer.assign(wanted)
        begins = await self._consumer.beginning_offsets(wanted)
        await self._consumer.seek_to_beginning(*wanted)
        while any([await self._consumer.position(place) < ends[place] for place in wanted]):
            found = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)
            for place, records in found.items():
                for record in records:
                    message = _message(record)
                    if record.offset < ends[place] and _is_told(record) and _is_of(creditor_id, message.body):
                        messages.setdefault(record.topic, []).append(message)
            await asyncio.sleep(0)
        return History(messages, is_whole=not any(begins.values()))


def _message(record: Any) -> Message:
    headers = {name.lower(): value for name, value in record.headers if value is not None}
    body = _json(record.value)
    version = headers.get("ce_aggregateversion")
    return Message(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        headers["ce_id"].decode(errors="replace").lower() if "ce_id" in headers else None,
        int(version) if version is not None else None,
        body["data"] if isinstance(body, dict) and "specversion" in body and "data" in body else body,
    )


def _json(value: bytes | None) -> Any:
    try:
        body = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _is_told(record: Any) -> bool:
    """Whether the record says anything: on a topic of the services only its own type does, anything else is parked."""
    headers = {name.lower(): value for name, value in record.headers}
    is_ours = not record.topic.startswith("core.")
    return not is_ours or (headers.get("ce_type") == f"{record.topic}.v1".encode() and _json(record.value) is not None)


def _is_of(creditor_id: str | None, body: Any) -> bool:
    return creditor_id is None or not isinstance(body, dict) or body.get("creditor_id", creditor_id) == creditor_id
