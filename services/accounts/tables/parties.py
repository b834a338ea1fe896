"""The people behind the debts, how to reach them, and who has which part in which account. Personal data."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Index, Table
from sqlmodel import Field

from services.accounts.domain.calling_hours import UNKNOWN
from services.accounts.tables.registry import Base, table_of


class Party(Base, table=True):
    """A person, business or estate, as the latest ruling snapshot row states it. Personal data."""

    __tablename__ = "party"

    party_id: UUID = Field(primary_key=True)
    creditor_id: UUID = Field(index=True)
    party_number: str
    kind: str
    given_name: str | None = None
    family_name: str | None = None
    date_of_birth: date | None = None
    language: str | None = None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    calling_group: str = Field(
        default=UNKNOWN, sa_column_kwargs={"server_default": UNKNOWN}, description="See `domain/calling_hours.py`."
    )
    version: int = Field(default=0, sa_type=BigInteger)


class ContactPoint(Base, table=True):
    """A way to reach a party, as one account's row states it. Of an address the parts are kept where they are known.

    A party's points are those of all its accounts, so two rows of one file that know different numbers of the same
    person never overwrite each other.
    """

    __tablename__ = "contact_point"
    __table_args__ = (Index("ix_contact_point_party_id", "party_id"),)

    account_id: UUID = Field(primary_key=True)
    contact_point_id: UUID = Field(primary_key=True)
    party_id: UUID
    kind: str
    value: str
    label: str
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None


class AccountParty(Base, table=True):
    """Who has which part in a debt."""

    __tablename__ = "account_party"
    __table_args__ = (Index("ix_account_party_party_id", "party_id"),)

    account_id: UUID = Field(primary_key=True)
    party_id: UUID = Field(primary_key=True)
    role: str = Field(primary_key=True)


PARTY: Table = table_of(Party)
CONTACT_POINT: Table = table_of(ContactPoint)
ACCOUNT_PARTY: Table = table_of(AccountParty)
