"""What a handler receives, what it answers, and how a service says which topics it wants.

A handler takes a batch in one transaction that it does not commit. It refuses a message by returning a `Rejected`,
which parks that message alone; an exception makes the batch be tried again in halves.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel

from shared.db.locks import Locks
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import account_id

P = TypeVar("P", bound=BaseModel)
Loop = Literal["main", "bulk"]


class RawMessage(NamedTuple):
    """A message as it lay in Kafka. `produced_at` is the broker's timestamp of it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    produced_at: datetime


_NOWHERE = RawMessage("", 0, 0, None, None, (), datetime.min.replace(tzinfo=UTC))


class Message(NamedTuple, Generic[P]):
    """A decoded message. On a feed of core banking `event_id` and the rest of the envelope may be missing.

    `payload` is None for an erasure: only a subscription that `takes_erasures` is given one. From `event_id` to
    `traceparent` the fields are those of an `Envelope`, in its order.
    """

    topic: str
    payload: P
    partition: int = 0
    offset: int = 0
    key: str | None = None
    event_id: UUID | None = None
    source: str | None = None
    type: str | None = None
    time: datetime | None = None
    subject: str | None = None
    aggregate_version: int | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    traceparent: str | None = None
    raw: RawMessage = _NOWHERE


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that its handler refuses for good: it goes to the dead letters with the code of the refusal."""

    message: Message[Any]
    refusal: Refusal


Handler = Callable[[Tx, Sequence[Message[Any]]], Awaitable[Sequence[Rejected]]]


def locks_of(payloads: Iterable[Any]) -> Locks:
    """Return the locks of payloads: their creditors, and their accounts (by id, or by the core's number)."""
    creditors: set[UUID] = set()
    accounts: set[UUID] = set()
    for payload in payloads:
        creditor: UUID | None = getattr(payload, "creditor_id", None)
        if creditor is not None:
            creditors.add(creditor)
        account: UUID | None = getattr(payload, "account_id", None)
        if account is None and creditor is not None:
            number: str | None = getattr(payload, "core_account_number", None)
            account = None if number is None else account_id(creditor, number)
        if account is not None:
            accounts.add(account)
    return Locks(frozenset(creditors), frozenset(accounts))


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which topics one handler serves. One handler may serve several: a polled batch is grouped by handler.

    `locks`: what the payloads of a batch must hold, together. `loop`: topics of the bulk loop have consumers of their
    own, so that an import never starves a payment.
    `takes_erasures`: the handler is also given the erasures of a compacted topic, among its messages in their order;
    without it they are passed over.
    """

    topics: tuple[str, ...]
    handler: Handler
    locks: Callable[[Iterable[Any]], Locks] = locks_of
    loop: Loop = "main"
    takes_erasures: bool = False


def by_topic(subscriptions: Sequence[Subscription]) -> Mapping[str, Subscription]:
    """Index subscriptions; each topic is served once."""
    found: dict[str, Subscription] = {}
    for subscription in subscriptions:
        for topic in subscription.topics:
            if topic in found:
                raise ValueError(f"two subscriptions for {topic}")
            found[topic] = subscription
    return found


def group_of(service: str, loop: Loop) -> str:
    """Return the consumer group of a service's loop: the bulk loop must not rebalance the main one."""
    return service if loop == "main" else f"{service}.{loop}"
