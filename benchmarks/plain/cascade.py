"""The cascade the plain way: one `payment.posted`, one transaction, its account loaded and judged by itself."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import insert, select
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.plain.accounts import refresh
from benchmarks.plain.outbox import CLOCK
from services.accounts.domain.ledger import paying_dues
from services.accounts.tables.accounts import Account
from services.accounts.tables.creditors import Creditor
from services.accounts.tables.entries import Entry
from services.accounts.tables.registry import MESSAGING
from shared.events.envelope import Envelope, decode
from shared.events.payments import PaymentPosted
from shared.messaging.message import RawMessage

_STATED = (Entry.model_fields.keys() & PaymentPosted.model_fields.keys()) - {"allocation"}


async def receive(engine: AsyncEngine, raw: RawMessage, topic: str = "payment.posted") -> None:
    """Take one `payment.posted`."""
    found: tuple[Envelope, Any] = decode(topic, raw.headers, raw.value)
    envelope, payload = found
    inbox = MESSAGING.inbox
    async with AsyncSession(engine) as session:
        known = await session.exec(
            select(inbox.c.event_id).where(inbox.c.event_id == envelope.event_id, inbox.c.source == envelope.source)
        )
        if known.first() is not None:
            return
        await session.exec(insert(inbox).values(event_id=envelope.event_id, source=envelope.source))
        allocation = {line.component: line.amount_minor for line in payload.allocation}
        session.add(
            Entry(
                **{name: getattr(payload, name) for name in _STATED},
                allocation=allocation,
                dues_minor=paying_dues(payload.amount_minor, payload.allocation_basis, allocation.items()),
                received_at=CLOCK.now(),
            )
        )
        account = await session.get(Account, payload.account_id, with_for_update=True)
        creditor = await session.get(Creditor, payload.creditor_id)
        await session.flush()
        if account is not None and creditor is not None and creditor.business_date is not None:
            await refresh(session, account, creditor.business_date)
        await session.commit()
