"""An import the plain way: the csv module, and for each row its objects, looked up and added; a commit a row."""

import csv
from collections.abc import Iterable
from datetime import date
from io import StringIO
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.plain.accounts import refresh
from benchmarks.plain.outbox import publish
from services.accounts.handlers.snapshot_rows import Examined, Issue, examine, read_row
from services.accounts.tables.accounts import Account
from services.accounts.tables.creditors import Creditor
from services.accounts.tables.parties import AccountParty, ContactPoint, Party
from services.accounts.tables.registry import MESSAGING
from services.accounts.tables.snapshots import AccountSnapshot
from shared.events.accounts import PartyUpdated

_STATED = AccountSnapshot.model_fields.keys() - {"account_id", "is_absent", "business_date", "party_id"}


async def import_plainly(engine: AsyncEngine, pieces: Iterable[bytes], creditor_id: UUID, business_date: date) -> None:
    """Read a file whose every row can be taken."""
    text = StringIO(b"".join(pieces).decode())
    async with AsyncSession(engine) as session:
        creditor = await session.get(Creditor, creditor_id)
        if creditor is None:
            raise LookupError(creditor_id)
        creditor.business_date = business_date
        session.add(creditor)
        await session.commit()
    for values in csv.DictReader(text):
        async with AsyncSession(engine) as session:
            row = read_row({name: value for name, value in values.items() if value})
            taken = row if isinstance(row, Issue) else examine(row, creditor_id, "USD", business_date)
            if isinstance(taken, Issue):
                raise TypeError(taken.message)
            await _take(session, taken, creditor_id, business_date)
            await session.commit()


async def _take(session: AsyncSession, taken: Examined, creditor_id: UUID, business_date: date) -> None:
    stated, party = taken.row.model_dump(), taken.parties[0]
    who = {name: stated[name] for name in Party.model_fields.keys() & stated.keys()}
    if await session.get(Party, party.party_id) is None:
        made = Party(**who, party_id=party.party_id, creditor_id=creditor_id, kind=stated["party_kind"], version=1)
        session.add(made)
        state = PartyUpdated(
            **made.model_dump(exclude={"version", "party_number"}), contact_points=party.contact_points
        )
        await publish(session, MESSAGING.outbox, "party.updated", state, version=1)
    session.add(AccountParty(account_id=taken.account_id, party_id=party.party_id, role=party.role))
    for point in party.contact_points:
        session.add(ContactPoint(**point.model_dump(), account_id=taken.account_id, party_id=party.party_id))
    facts = {name: stated[name] for name in _STATED & stated.keys()}
    snapshot = AccountSnapshot(
        **facts, account_id=taken.account_id, is_absent=False, business_date=business_date, party_id=party.party_id
    )
    session.add(snapshot)
    await session.flush()
    account = await session.get(Account, taken.account_id)
    is_new = account is None
    if account is None:
        account = Account(
            **{name: value for name, value in stated.items() if name in Account.model_fields},
            account_id=taken.account_id,
            creditor_id=creditor_id,
            party_id=party.party_id,
            snapshot_on=business_date,
            bucket="current",
            stage="current",
        )
    await refresh(session, account, business_date, is_new=is_new)
