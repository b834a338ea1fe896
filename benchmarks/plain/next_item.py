"""`next` the plain way: the best open row of the queue under a lock that skips those of others."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.plain.outbox import publish
from services.accounts.tables.accounts import Account
from services.accounts.tables.creditors import Creditor
from services.accounts.tables.queues import WorkItem
from services.accounts.tables.registry import MESSAGING
from shared.events.accounts import QueueItemChanged


async def next_plainly(engine: AsyncEngine, queue: str, holder: str, now: datetime) -> str:
    """Lease the next item and return its id."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        found = await session.exec(
            select(WorkItem)
            .join(Creditor, col(Creditor.creditor_id) == col(WorkItem.creditor_id))
            .where(
                WorkItem.queue == queue,
                col(WorkItem.closed_at).is_(None),
                col(WorkItem.is_offerable).is_(True),
                or_(col(WorkItem.leased_until).is_(None), col(WorkItem.leased_until) < now),
                or_(
                    col(WorkItem.withheld_until).is_(None),
                    col(WorkItem.withheld_until) <= col(Creditor.business_date),
                ),
            )
            .order_by(col(WorkItem.priority).desc(), col(WorkItem.work_item_id))
            .limit(1)
            .with_for_update(of=WorkItem, skip_locked=True)
        )
        item = found.one()
        account = await session.get(Account, item.account_id)
        if account is None or account.queue != queue:
            raise LookupError(item.account_id)
        item.status, item.holder, item.leased_until = "assigned", holder, now + timedelta(minutes=30)
        item.version += 1
        session.add(item)
        event = QueueItemChanged(
            **{
                name: getattr(item, name)
                for name in QueueItemChanged.model_fields.keys() & WorkItem.model_fields.keys()
            },
            assigned_to=holder,
        )
        await publish(session, MESSAGING.outbox, "queue.item_assigned", event, version=item.version)
        await session.commit()
        return str(item.work_item_id)
