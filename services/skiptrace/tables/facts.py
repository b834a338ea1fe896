"""What skiptrace knows from the topics of others. A rebuild makes every row of these tables anew.

State follows the highest version seen; facts (tries, marks, triggers) are merged by natural keys, so that neither order
nor repetition matters. The row of a party holds personal data and is emptied by an erasure.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Index, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.skiptrace.tables.registry import Base, table_of


class CreditorView(Base, table=True):
    """A creditor: in which legal role we collect for it, and its zone."""

    __tablename__ = "creditor_view"

    creditor_id: UUID = Field(primary_key=True)
    aggregate_version: int = Field(sa_type=BigInteger)
    name: str
    kind: str
    currency: str = Field(max_length=3)
    time_zone: str


class PartyView(Base, table=True):
    """A person or business as imported. An erased one keeps its row, without anything that tells who it was."""

    __tablename__ = "party_view"
    __table_args__ = (
        Index("ix_party_view_owes", "owes", postgresql_using="gin", postgresql_where=text("owes <> '{}'")),
    )

    party_id: UUID = Field(primary_key=True)
    creditor_id: UUID | None = None
    aggregate_version: int = Field(sa_type=BigInteger)
    is_erased: bool
    kind: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    date_of_birth: date | None = None
    language: str | None = None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    contact_points: list[dict[str, Any]] = Field(sa_type=JSONB)
    """`{contact_point_id, kind, value, label}` as imported."""
    owes: list[UUID] = Field(sa_type=ARRAY(Uuid), default_factory=list)
    """The accounts that it owes beside those of which it is the primary party."""


class AccountView(Base, table=True):
    """A debt as accounts published it last."""

    __tablename__ = "account_view"
    __table_args__ = (Index("ix_account_view_party_id", "party_id"),)

    account_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    aggregate_version: int = Field(sa_type=BigInteger)
    status: str
    currency: str = Field(max_length=3)
    balance_minor: int = Field(sa_type=BigInteger)
    past_due_minor: int = Field(sa_type=BigInteger)


class RestrictionView(Base, table=True):
    """A restriction as it stands for one account."""

    __tablename__ = "restriction_view"
    __table_args__ = (
        Index("ix_restriction_view_party_id", "party_id"),
        Index("ix_restriction_view_account_id", "account_id"),
        Index("ix_restriction_view_ends_on", "ends_on", postgresql_where=text("ends_on IS NOT NULL")),
    )

    row_id: UUID = Field(primary_key=True)
    """UUIDv5 of the restriction and the account."""
    restriction_id: UUID
    account_id: UUID
    party_id: UUID
    aggregate_version: int = Field(sa_type=BigInteger)
    kind: str
    status: str
    effective_on: date | None = None
    """Its first day; null: kept before this was."""
    ends_on: date | None = None
    """Its last day; null: until it is lifted."""


class ContactTry(Base, table=True):
    """An attempt to reach a party that has its outcome, or an inbound contact."""

    __tablename__ = "contact_try"
    __table_args__ = (Index("ix_contact_try_party_id", "party_id", "at"),)

    attempt_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    account_id: UUID
    contact_point_id: UUID | None = None
    is_right_party: bool
    at: datetime = Field(sa_type=DateTime(timezone=True))


class PointMark(Base, table=True):
    """What became known of a contact point: the latest instant at which it was seen to be no good, and to be right."""

    __tablename__ = "point_mark"
    __table_args__ = (Index("ix_point_mark_party_id", "party_id"),)

    contact_point_id: UUID = Field(primary_key=True)
    party_id: UUID
    invalid_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    verified_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class TraceTrigger(Base, table=True):
    """A wrong number or returned mail that was told by an event: something that may open a case."""

    __tablename__ = "trace_trigger"
    __table_args__ = (Index("ix_trace_trigger_party_id", "party_id"),)

    trigger_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    account_id: UUID | None = None
    kind: str
    contact_point_id: UUID | None = None
    at: datetime = Field(sa_type=DateTime(timezone=True))


CREDITOR_VIEW = table_of("creditor_view")
PARTY_VIEW = table_of("party_view")
ACCOUNT_VIEW = table_of("account_view")
RESTRICTION_VIEW = table_of("restriction_view")
CONTACT_TRY = table_of("contact_try")
POINT_MARK = table_of("point_mark")
TRACE_TRIGGER = table_of("trace_trigger")
