"""`python -m benchmarks.plain.chain payments|accounts PORT`: a service the plain way, as a process of its own.

It consumes event by event and looks at its outbox every 100 ms. Its topics carry the prefix `plain.`, so that it lives
beside the real services on one broker. The port answers once it is ready.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.plain import cascade, payments
from benchmarks.plain.relay import relay
from services.accounts.settings import AccountsSettings
from services.accounts.tables.registry import MESSAGING as ACCOUNTS
from services.payments.settings import PaymentsSettings
from services.payments.tables.registry import MESSAGING as PAYMENTS
from shared.db.engine import create_engine
from shared.messaging.message import RawMessage
from shared.settings import ServiceSettings

PREFIX = "plain."
_LOOK_S = 0.1

Receive = Callable[[AsyncEngine, RawMessage], Awaitable[None]]


async def run(settings: ServiceSettings, topic: str, receive: Receive, outbox: Table, port: int) -> None:
    """Consume and relay until the process is ended."""
    engine = create_engine(settings, application_name="plain chain")
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers, acks="all")
    consumer = AIOKafkaConsumer(
        PREFIX + topic,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        group_id=f"plain-{topic}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await producer.start()
    await consumer.start()
    await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)

    async def keep_relaying() -> None:
        while True:
            await relay(engine, producer, outbox, prefix=PREFIX)
            await asyncio.sleep(_LOOK_S)

    async def keep_receiving() -> None:
        async for record in consumer:
            at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
            headers = tuple(record.headers)
            raw = RawMessage(topic, record.partition, record.offset, record.key, record.value, headers, at)
            await receive(engine, raw)
            await consumer.commit()

    await asyncio.gather(keep_relaying(), keep_receiving())


if __name__ == "__main__":
    service, port_of = sys.argv[1], int(sys.argv[2])
    if service == "payments":
        asyncio.run(run(PaymentsSettings(), "core.payment.received", payments.receive, PAYMENTS.outbox, port_of))
    else:
        asyncio.run(run(AccountsSettings(), "payment.posted", cascade.receive, ACCOUNTS.outbox, port_of))
