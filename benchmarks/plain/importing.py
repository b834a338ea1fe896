"""An import the plain way: the csv module, and for each row its objects, looked up and added; a commit a row."""

import csv
from collections.abc import Iterable
from datetime import date
from io import StringIO
from uuid import UUID

import phonenumbers
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.plain.accounts import refresh
from benchmarks.plain.outbox import publish
from services.accounts.tables.accounts import Account
from services.accounts.tables.creditors import Creditor
from services.accounts.tables.parties import AccountParty, ContactPoint, Party
from services.accounts.tables.registry import MESSAGING
from services.accounts.tables.snapshots import AccountSnapshot
from shared.contact_points import address_line
from shared.events.accounts import ContactPoint as StatedPoint
from shared.events.accounts import PartyUpdated
from shared.events.snapshot import ADDRESS_PARTS, SnapshotRow
from shared.ids import account_id, contact_point_id, party_id

_STATED = AccountSnapshot.model_fields.keys() & SnapshotRow.model_fields.keys()
_SAME = Account.model_fields.keys() & SnapshotRow.model_fields.keys()
_WHO = Party.model_fields.keys() & SnapshotRow.model_fields.keys()


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
        given = {name: int(value) if name.endswith("_minor") else value for name, value in values.items() if value}
        row = SnapshotRow.model_validate(given)
        async with AsyncSession(engine) as session:
            await _take(session, row, creditor_id, business_date)
            await session.commit()


async def _take(session: AsyncSession, row: SnapshotRow, creditor_id: UUID, business_date: date) -> None:
    identity = account_id(creditor_id, row.core_account_number)
    party = await _party(session, row, creditor_id)
    session.add(AccountParty(account_id=identity, party_id=party, role="primary"))
    for point in _points(party, row):
        session.add(ContactPoint(**point.model_dump(), account_id=identity, party_id=party))
    facts = {name: getattr(row, name) for name in _STATED}
    session.add(
        AccountSnapshot(**facts, account_id=identity, is_absent=False, business_date=business_date, party_id=party)
    )
    await session.flush()
    account = await session.get(Account, identity)
    is_new = account is None
    if account is None:
        account = Account(
            **{name: getattr(row, name) for name in _SAME},
            account_id=identity,
            creditor_id=creditor_id,
            party_id=party,
            snapshot_on=business_date,
            bucket="current",
            stage="current",
        )
    await refresh(session, account, business_date, is_new=is_new)


async def _party(session: AsyncSession, row: SnapshotRow, creditor_id: UUID) -> UUID:
    """Make the row's party unless it is there, and publish it."""
    identity = party_id(creditor_id, str(row.party_number))
    if await session.get(Party, identity) is None:
        who = {name: getattr(row, name) for name in _WHO}
        made = Party(**who, party_id=identity, creditor_id=creditor_id, kind=row.party_kind, version=1)
        session.add(made)
        stated = made.model_dump(exclude={"version", "party_number", "calling_group"})
        state = PartyUpdated(**stated, contact_points=tuple(_points(identity, row)))
        await publish(session, MESSAGING.outbox, "party.updated", state, version=1)
    return identity


def _points(party: UUID, row: SnapshotRow) -> list[StatedPoint]:
    """The row's phone, e-mail and address, each in its one form."""
    found: list[tuple[str, str, str, dict[str, str | None]]] = []
    if row.phone:
        number = phonenumbers.parse(row.phone, "US")
        if phonenumbers.is_valid_number(number):
            value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            found.append(("phone", value, "other", {}))
    if row.email:
        local, _, domain = row.email.rpartition("@")
        found.append(("email", f"{local}@{domain.lower()}", "other", {}))
    parts = {part: getattr(row, part) for part in ADDRESS_PARTS}
    line = address_line(parts)
    if line is not None:
        found.append(("address", line, "home", parts))
    return [
        StatedPoint.model_validate(
            {
                "contact_point_id": contact_point_id(party, kind, value),
                "kind": kind,
                "value": value,
                "label": label,
                **parts,
            }
        )
        for kind, value, label, parts in found
    ]
