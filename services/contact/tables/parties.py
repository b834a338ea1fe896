"""What contact knows of creditors, accounts and parties, and of the ways to reach them.

Views follow what accounts, skiptrace and compliance publish. Marks on values (opt-outs, wrong numbers) and what was
learnt of a contact point are this service's own facts, kept apart from the views, so that no order of arrival loses
them.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Index, Table, Uuid, text
from sqlmodel import Field

from services.contact.tables.registry import Base


class CreditorView(Base, table=True):
    """The newest state of a creditor."""

    __tablename__ = "creditor_view"

    creditor_id: UUID = Field(primary_key=True)
    aggregate_version: int = Field(sa_type=BigInteger)
    name: str
    kind: str
    currency: str = Field(max_length=3)
    time_zone: str


class AccountView(Base, table=True):
    """The newest state of an account, as far as contact needs it. Amounts are whole minor units."""

    __tablename__ = "account_view"
    __table_args__ = (Index("ix_account_view_party_id", "party_id"),)

    account_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    aggregate_version: int = Field(sa_type=BigInteger)
    product_class: str
    status: str
    currency: str = Field(max_length=3)
    balance_minor: int = Field(sa_type=BigInteger)
    past_due_minor: int = Field(sa_type=BigInteger)
    days_past_due: int
    business_date: date


class PartyView(Base, table=True):
    """The newest state of a party: personal data, gone when the party is erased."""

    __tablename__ = "party_view"

    party_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    aggregate_version: int = Field(sa_type=BigInteger)
    kind: str
    given_name: str | None = None
    family_name: str | None = None
    date_of_birth: date | None = None
    language: str | None = None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None


class AccountPart(Base, table=True):
    """A part that a party has in a debt, as accounts states it of the party."""

    __tablename__ = "account_part"
    __table_args__ = (
        Index("ix_account_part_party_id", "party_id"),
        Index("ix_account_part_account_id", "account_id"),
    )

    row_key: str = Field(primary_key=True)
    """Party, account and role."""
    account_id: UUID
    party_id: UUID
    role: str


class ConsentView(Base, table=True):
    """The newest state of a consent to be reached by a medium, as compliance publishes it."""

    __tablename__ = "consent_view"
    __table_args__ = (Index("ix_consent_view_party_id", "party_id"),)

    consent_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    aggregate_version: int = Field(sa_type=BigInteger)
    channel: str
    """A channel, or `any`."""
    contact_point_id: UUID | None = None
    """None: every point of the channel."""
    basis: str
    granted_at: datetime = Field(sa_type=DateTime(timezone=True))
    ends_on: date | None = None
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class FoundView(Base, table=True):
    """Which version of what skiptrace found for a party is kept; its points stand in `contact_point`."""

    __tablename__ = "found_view"

    party_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    aggregate_version: int = Field(sa_type=BigInteger)


class Given(Base, table=True):
    """The version of what is published as given for a party in contacts."""

    __tablename__ = "given"

    party_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    version: int = Field(sa_type=BigInteger)


class ContactPoint(Base, table=True):
    """A way to reach a party, and who names it. `value_key` is the form in which values are compared."""

    __tablename__ = "contact_point"
    __table_args__ = (
        Index("ix_contact_point_party_id", "party_id"),
        Index("ix_contact_point_value_key", "value_key", "kind"),
    )

    contact_point_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    kind: str
    value: str
    value_key: str
    label: str
    street: str | None = None
    """This and the next three: of an address, as written on an envelope; null where only its one line is known."""
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    is_in_core: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    found_by: str | None = None
    """The source that skiptrace names: a vendor, or a location inquiry."""
    found_status: str | None = None
    confidence: int | None = None
    first_seen_on: date | None = None
    last_seen_on: date | None = None
    added_by: str | None = None
    """`consumer` or `collector`: given in a contact."""
    added_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    added_in: UUID | None = None
    """The attempt in which it was given."""
    is_vouched: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    """The person gave it, verified as the right party."""


class PointStanding(Base, table=True):
    """What was learnt of a contact point: facts by its id, which may come before the point itself."""

    __tablename__ = "point_standing"

    contact_point_id: UUID = Field(primary_key=True)
    party_id: UUID
    creditor_id: UUID
    verified_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    verified_by: str | None = None
    invalid_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    invalid_reason: str | None = None


class OptOut(Base, table=True):
    """A channel of a value was refused, whoever has it: a fact. `consent_view` says for whom it was taken back."""

    __tablename__ = "opt_out"

    value_key: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    opted_out_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    source: str


class WrongValue(Base, table=True):
    """A value that somebody said is not theirs, and when it was last said."""

    __tablename__ = "wrong_value"

    kind: str = Field(primary_key=True)
    value_key: str = Field(primary_key=True)
    party_id: UUID
    wrong_at: datetime = Field(sa_type=DateTime(timezone=True))


class Callback(Base, table=True):
    """A time at which a person is to be contacted. `version` counts its published states."""

    __tablename__ = "callback"
    __table_args__ = (
        Index("ix_callback_due", "callback_at", "callback_id", postgresql_where=text("status = 'scheduled'")),
        Index("ix_callback_party_id", "party_id", "callback_id"),
    )

    callback_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    account_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    channel: str
    contact_point_id: UUID | None = None
    callback_at: datetime = Field(sa_type=DateTime(timezone=True))
    is_requested: bool
    status: str
    made_in: UUID | None = None
    """The attempt in which it was agreed."""
    done_by: UUID | None = None
    """The attempt that kept it."""
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    made_by: str
    version: int = Field(sa_type=BigInteger)


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


CREDITOR_VIEW = _table("creditor_view")
ACCOUNT_VIEW = _table("account_view")
PARTY_VIEW = _table("party_view")
ACCOUNT_PART = _table("account_part")
CONSENT_VIEW = _table("consent_view")
FOUND_VIEW = _table("found_view")
GIVEN = _table("given")
CONTACT_POINT = _table("contact_point")
POINT_STANDING = _table("point_standing")
OPT_OUT = _table("opt_out")
WRONG_VALUE = _table("wrong_value")
CALLBACK = _table("callback")
