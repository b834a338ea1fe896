"""Relaying the outbox the plain way: a page of rows as objects, each sent and awaited, deleted by itself."""

from aiokafka import AIOKafkaProducer
from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.events.envelope import encode_headers

_PAGE = 100


async def relay(engine: AsyncEngine, producer: AIOKafkaProducer, outbox: Table, prefix: str = "") -> None:
    """Send until nothing is left."""
    async with AsyncSession(engine) as session:
        while True:
            found = await session.execute(select(outbox).order_by(outbox.c.id).limit(_PAGE))
            rows = found.mappings().all()
            if not rows:
                return
            for row in rows:
                headers = encode_headers(dict(row))
                await producer.send_and_wait(
                    prefix + row["topic"], row["body"].encode(), row["key"].encode(), headers=list(headers)
                )
                await session.exec(delete(outbox).where(outbox.c.id == row["id"]))
                await session.commit()
