"""A night the plain way: every account of the book is loaded, judged and, where it changed, saved and committed."""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.plain.accounts import refresh
from services.accounts.tables.accounts import Account
from services.accounts.tables.creditors import Creditor


async def age(engine: AsyncEngine, creditor_id: UUID, business_date: date) -> None:
    """Open the date and go through the book."""
    async with AsyncSession(engine) as session:
        creditor = (await session.exec(select(Creditor).where(Creditor.creditor_id == creditor_id))).one()
        creditor.business_date = business_date
        session.add(creditor)
        await session.commit()
        book = select(Account.account_id).where(Account.creditor_id == creditor_id).order_by(col(Account.account_id))
        for account_id in (await session.exec(book)).all():
            account = await session.get(Account, account_id, with_for_update=True)
            if account is not None:
                await refresh(session, account, business_date)
            await session.commit()
            session.expunge_all()
