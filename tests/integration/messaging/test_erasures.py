"""A message without a value on a compacted topic erases its key; it is no broken message."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.transaction import Tx
from shared.events.accounts import PartyUpdated
from shared.events.envelope import encode_headers
from shared.ids import new_id
from shared.messaging.consumer import Consumer
from shared.messaging.message import Message, Rejected, Subscription
from shared.messaging.publisher import Outgoing, Publisher
from tests.integration.messaging.rig import CLOCK, KafkaPlace, consuming, fetch, until

TOPIC = "party.updated"


def _updated(party: UUID) -> Outgoing:
    payload = PartyUpdated(
        party_id=party,
        creditor_id=uuid4(),
        kind="natural_person",
        given_name="A",
        family_name="B",
        date_of_birth=None,
        language=None,
        street=None,
        city=None,
        region=None,
        postal_code=None,
        contact_points=(),
    )
    event = {
        "event_id": new_id(),
        "source": "/accounts",
        "type": "party.updated.v1",
        "time": CLOCK.now(),
        "subject": str(party),
        "aggregate_version": 1,
        "correlation_id": new_id(),
        "causation_id": None,
        "traceparent": None,
    }
    return Outgoing(TOPIC, str(party).encode(), payload.model_dump_json().encode(), encode_headers(event))


def _erased(party: UUID) -> Outgoing:
    return Outgoing(TOPIC, str(party).encode(), None)


@pytest.mark.parametrize(("takes_erasures", "expected"), [(True, ["A", None, "A"]), (False, ["A", "A"])])
async def test_an_erasure_is_given_in_its_order_to_a_handler_that_takes_them_and_to_no_other(
    kernel_engine: AsyncEngine,
    place: KafkaPlace,
    takes_erasures: bool,
    expected: list[str | None],
) -> None:
    party, seen = uuid4(), list[str | None]()

    async def handle(_tx: Tx, messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
        ours = [message for message in messages if message.key == str(party)]
        seen.extend(None if message.payload is None else message.payload.given_name for message in ours)
        return []

    async def both_states_are_seen() -> bool:
        return seen.count("A") == 2

    publisher = Publisher(place, "test")
    await publisher.send([_updated(party), _erased(party), _updated(party)])
    await publisher.close()
    subscription = Subscription((TOPIC,), handle, takes_erasures=takes_erasures)
    async with consuming(Consumer(place, kernel_engine, CLOCK, f"erasures-{party}", [subscription])):
        await until(both_states_are_seen)
    assert seen == expected
    assert await fetch(kernel_engine, "SELECT 1 FROM dead_letter WHERE key = $1", str(party)) == []
