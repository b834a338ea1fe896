"""The outbox of the plain way: one insert for each event, in the transaction of its cause."""

from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Table, insert
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.clock import SystemClock
from shared.events.topics import TOPICS
from shared.ids import new_id

CLOCK = SystemClock()


async def publish(
    session: AsyncSession, outbox: Table, topic: str, payload: BaseModel, *, version: int | None = None
) -> None:
    """Publish an event when the session commits."""
    spec = TOPICS[topic]
    event_id = new_id()
    account: UUID | None = getattr(payload, "account_id", None)
    await session.exec(
        insert(outbox).values(
            event_id=event_id,
            topic=topic,
            key=str(getattr(payload, spec.key)),
            type=spec.type,
            source=f"/{spec.owner}",
            subject=str(account),
            time=CLOCK.now(),
            aggregate_version=version,
            correlation_id=event_id,
            creditor_id=getattr(payload, "creditor_id", None),
            body=payload.model_dump_json(),
        )
    )
