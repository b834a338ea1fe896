"""Projections: what compliance knows from the topics of others. A rebuild makes every row of them anew.

State (creditors, accounts, parties, points, inquiries) follows the highest version seen; facts (attempts, marks,
reports of permits) are merged by their natural keys, so that neither order nor repetition matters. Parties' rows hold
personal data and go with an erasure.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Index, Table, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.compliance.domain.results import SILENT
from services.compliance.tables.registry import Base

_NO_IDS = {"server_default": text("'{}'")}


class CreditorView(Base, table=True):
    """A creditor: in which legal role we collect for it, and where its days begin."""

    __tablename__ = "creditor_view"

    creditor_id: UUID = Field(primary_key=True)
    aggregate_version: int = Field(sa_type=BigInteger)
    kind: str
    time_zone: str


class AccountView(Base, table=True):
    """A debt as accounts published it last."""

    __tablename__ = "account_view"
    __table_args__ = (Index("ix_account_view_party_id", "party_id"),)

    account_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    aggregate_version: int = Field(sa_type=BigInteger)
    product_class: str
    status: str
    balance_minor: int = Field(sa_type=BigInteger)
    oldest_unpaid_due_on: date | None = None


class PartyView(Base, table=True):
    """A person or business as imported; an erased one has no row."""

    __tablename__ = "party_view"

    party_id: UUID = Field(primary_key=True)
    creditor_id: UUID | None = None
    aggregate_version: int = Field(sa_type=BigInteger)
    kind: str | None = None
    language: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None


class AccountParty(Base, table=True):
    """A part that a party has in a debt, as imported: primary, joint, cosigner, guarantor, representative, .."""

    __tablename__ = "account_party"
    __table_args__ = (
        Index("ix_account_party_party_id", "party_id"),
        Index("ix_account_party_account_id", "account_id"),
    )

    row_key: str = Field(primary_key=True)
    """Party, account and role."""
    account_id: UUID
    party_id: UUID
    role: str


class FoundView(Base, table=True):
    """Up to which version the points that skiptrace found for a party are known."""

    __tablename__ = "found_view"

    party_id: UUID = Field(primary_key=True)
    aggregate_version: int = Field(sa_type=BigInteger)


class GivenView(Base, table=True):
    """Up to which version the points that were given for a party in contacts are known."""

    __tablename__ = "given_view"

    party_id: UUID = Field(primary_key=True)
    aggregate_version: int = Field(sa_type=BigInteger)


class ContactPoint(Base, table=True):
    """A way to reach a party, once for each source that names it (`imported`, `found`, `given`)."""

    __tablename__ = "contact_point"
    __table_args__ = (
        Index("ix_contact_point_party_id", "party_id"),
        Index("ix_contact_point_contact_point_id", "contact_point_id"),
        Index("ix_contact_point_value", "kind", "value"),
    )

    row_key: str = Field(primary_key=True)
    """Source and contact point id."""
    contact_point_id: UUID
    party_id: UUID
    source: str
    kind: str
    value: str
    label: str
    is_verified: bool = False
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None


class PointMark(Base, table=True):
    """What became known of a contact point, at an instant: verified, invalid (detail: why), opted_out (the channel)."""

    __tablename__ = "point_mark"
    __table_args__ = (
        Index("ix_point_mark_contact_point_id", "contact_point_id"),
        Index("ix_point_mark_party_id", "party_id"),
    )

    mark_key: str = Field(primary_key=True)
    """Contact point id, mark, detail and instant: the same mark is one row, however often it is told."""
    contact_point_id: UUID
    party_id: UUID
    mark: str
    detail: str
    at: datetime = Field(sa_type=DateTime(timezone=True))


TIMELESS = "result_code IS NULL OR purpose = 'location' OR (direction = 'inbound' AND channel IN ('email', 'sms'))"
"""An open attempt, an inquiry of a third party and the person's own message count however old they are."""

SAID = f"result_code <> ALL ('{{{','.join(sorted(code for code in SILENT if code is not None))}}}'::text[])"
"""Something was conveyed about a debt. A change of the codes needs the index anew, or each decision reads them all."""


class Attempt(Base, table=True):
    """A contact of the past, from `contact.attempted` and `contact.completed`, in whichever order they come."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("ix_attempt_party_id", "party_id", "at"),
        Index("ix_attempt_permit_id", "permit_id", postgresql_where=text("permit_id IS NOT NULL")),
        Index("ix_attempt_timeless", "party_id", postgresql_where=text(TIMELESS)),
        Index("ix_attempt_said", "party_id", "at", postgresql_where=text(SAID)),
    )

    attempt_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    account_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    permit_id: UUID | None = None
    direction: str
    channel: str
    purpose: str
    contact_point_id: UUID | None = None
    at: datetime = Field(sa_type=DateTime(timezone=True))
    result_code: str | None = None
    """Null until its outcome is told: until then it counts as connected."""
    completed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    debts_discussed: list[UUID] = Field(default_factory=list, sa_type=ARRAY(Uuid), sa_column_kwargs=_NO_IDS)
    heard: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB)


class LocationInquiry(Base, table=True):
    """A third party was, or may have been, asked where the party is. `third_party_ids`: all that it is known by."""

    __tablename__ = "location_inquiry"
    __table_args__ = (Index("ix_location_inquiry_party_id", "party_id"),)

    inquiry_id: UUID = Field(primary_key=True)
    aggregate_version: int = Field(sa_type=BigInteger)
    party_id: UUID
    account_id: UUID
    third_party_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    channel: str
    asked_at: datetime = Field(sa_type=DateTime(timezone=True))
    outcome: str | None = None
    """Null until it is reported."""
    is_again_requested: bool
    is_known_now: bool


class PermitReport(Base, table=True):
    """What contact said of a permit: placed or not. Where both were said it was placed: it counts."""

    __tablename__ = "permit_report"

    permit_id: UUID = Field(primary_key=True)
    report: str
    attempt_id: UUID | None = None


class UnplacedAttempt(Base, table=True):
    """An attempt that contact has given up: no permit that was given for it is used, whether it heard of one or not."""

    __tablename__ = "unplaced_attempt"

    attempt_id: UUID = Field(primary_key=True)


class BouncedMessage(Base, table=True):
    """A message that did not reach the person, by the attempt that sent it; it may be told of before the attempt."""

    __tablename__ = "bounced_message"

    attempt_id: UUID = Field(primary_key=True)


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


CREDITOR_VIEW = _table("creditor_view")
ACCOUNT_VIEW = _table("account_view")
PARTY_VIEW = _table("party_view")
ACCOUNT_PARTY = _table("account_party")
FOUND_VIEW = _table("found_view")
GIVEN_VIEW = _table("given_view")
CONTACT_POINT = _table("contact_point")
POINT_MARK = _table("point_mark")
ATTEMPT = _table("attempt")
LOCATION_INQUIRY = _table("location_inquiry")
PERMIT_REPORT = _table("permit_report")
UNPLACED_ATTEMPT = _table("unplaced_attempt")
BOUNCED_MESSAGE = _table("bounced_message")
