"""What a publisher takes: the feeds of core banking are bare messages, without headers."""

from typing import cast
from uuid import uuid4

import pytest

from shared.messaging.history import read_pages
from shared.messaging.publisher import Outgoing, Publisher
from tests.integration.messaging.rig import KafkaPlace

TOPIC = "core.payment.received"


async def test_messages_without_headers_are_published_each_with_its_key(place: KafkaPlace) -> None:
    mark = str(uuid4())
    sent = {f"{mark}/{n}".encode(): b'{"n": %d}' % n for n in range(100)}
    publisher = Publisher(place, "test", timeout_s=20)
    try:
        await publisher.send([Outgoing(TOPIC, key, value) for key, value in sent.items()])
    finally:
        await publisher.close()
    history = [each async for page in read_pages(place, [TOPIC]) for each in page]
    assert {each.key: each.value for each in history if each.key in sent} == sent


async def test_a_message_that_cannot_be_sent_is_a_defect_and_no_outage(place: KafkaPlace) -> None:
    mark = str(uuid4()).encode()
    publisher = Publisher(place, "test", timeout_s=20)
    good, bad = Outgoing(TOPIC, mark, b"{}"), Outgoing(TOPIC, mark, cast("bytes", "no bytes"))
    try:
        with pytest.raises(TypeError):
            await publisher.send([good, bad])
        await publisher.send([good])
    finally:
        await publisher.close()
    history = [each async for page in read_pages(place, [TOPIC]) for each in page]
    assert [each.value for each in history if each.key == mark] == [b"{}"]
