"""What a publisher takes: the feeds of core banking are bare messages, without headers."""

from uuid import uuid4

from shared.messaging.history import read_history
from shared.messaging.publisher import Outgoing, Publisher
from tests.integration.messaging.rig import KafkaPlace


async def test_messages_without_headers_are_published_each_with_its_key(place: KafkaPlace) -> None:
    mark = str(uuid4())
    sent = {f"{mark}/{n}".encode(): b'{"n": %d}' % n for n in range(100)}
    publisher = Publisher(place, "test", timeout_s=20)
    try:
        await publisher.send([Outgoing("core.payment.received", key, value) for key, value in sent.items()])
    finally:
        await publisher.close()
    history = await read_history(place, ["core.payment.received"])
    assert {each.key: each.value for each in history if each.key in sent} == sent
