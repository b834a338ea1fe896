"""Attempts to reach a person, those that were not placed, and field visits. No number, address or name is in them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, Index, String, Table, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.contact.tables.registry import Base


class ContactAttempt(Base, table=True):
    """One attempt. A permit is used by one attempt, for ever: `permit_id` is unique, and null for what came in."""

    __tablename__ = "contact_attempt"
    __table_args__ = (
        CheckConstraint("status IN ('placed', 'right_party', 'closed')", name="status"),
        CheckConstraint("(status = 'closed') = (result_code IS NOT NULL)", name="closed_by_result"),
        CheckConstraint("direction = 'inbound' OR permit_id IS NOT NULL", name="permit"),
        Index("ix_contact_attempt_party_id", "party_id", "attempt_id"),
        Index("ix_contact_attempt_creditor_id", "creditor_id", "attempt_id"),
        Index("ix_contact_attempt_placed_by", "placed_by", "placed_at"),
        Index("ix_contact_attempt_account_ids", "account_ids", postgresql_using="gin"),
    )

    attempt_id: UUID = Field(primary_key=True)
    permit_id: UUID | None = Field(default=None, unique=True)
    decision_id: UUID | None = None
    creditor_id: UUID
    party_id: UUID
    account_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    direction: str
    channel: str
    purpose: str
    contact_point_id: UUID | None = None
    is_dialer: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    disclosures: list[str] = Field(
        default_factory=list, sa_type=ARRAY(String), sa_column_kwargs={"server_default": text("'{}'")}
    )
    language: str | None = None
    status: str
    placed_at: datetime = Field(sa_type=DateTime(timezone=True))
    placed_by: str
    message_id: UUID | None = None
    verified_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    verified_by: list[str] = Field(
        default_factory=list, sa_type=ARRAY(String), sa_column_kwargs={"server_default": text("'{}'")}
    )
    """Which facts fitted; never the answers."""
    result_code: str | None = None
    completed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    completed_by: str | None = None
    debts_discussed: list[UUID] = Field(
        default_factory=list, sa_type=ARRAY(Uuid), sa_column_kwargs={"server_default": text("'{}'")}
    )
    heard: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": text("'[]'")}
    )
    next_step: str | None = None
    next_step_id: UUID | None = None
    refusal_reason: str | None = None
    note: str | None = None


class AskedAttempt(Base, table=True):
    """An attempt that compliance is being asked for: here until it is placed, or is told that it never will be.

    Committed before compliance is asked: a permit may be reserved for it from then on, whatever becomes of the answer.
    """

    __tablename__ = "asked_attempt"
    __table_args__ = (Index("ix_asked_attempt_asked_at", "asked_at"),)

    attempt_id: UUID = Field(primary_key=True)
    wish: str = Field(unique=True)
    """What somebody wants: asked again, it is the same attempt."""
    creditor_id: UUID
    party_id: UUID
    account_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    channel: str
    purpose: str
    contact_point_id: UUID | None = None
    asked_at: datetime = Field(sa_type=DateTime(timezone=True))
    asked_by: str


class ContactBlock(Base, table=True):
    """An attempt that was not placed, and why: the rules as they were answered."""

    __tablename__ = "contact_block"
    __table_args__ = (
        Index("ix_contact_block_creditor_id", "creditor_id", "block_id"),
        Index("ix_contact_block_party_id", "party_id", "block_id"),
        Index("ix_contact_block_asked_by", "asked_by", "blocked_at"),
    )

    block_id: UUID = Field(primary_key=True)
    permit_id: UUID | None = None
    decision_id: UUID | None = None
    creditor_id: UUID
    party_id: UUID
    account_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    channel: str
    purpose: str
    contact_point_id: UUID | None = None
    reason: str
    rules: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": text("'[]'")}
    )
    not_before: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    blocked_at: datetime = Field(sa_type=DateTime(timezone=True))
    asked_by: str


class FieldVisit(Base, table=True):
    """A visit at the door that was ordered; its attempt is made when it begins."""

    __tablename__ = "field_visit"
    __table_args__ = (
        CheckConstraint("status IN ('ordered', 'begun', 'completed', 'cancelled')", name="status"),
        Index("ix_field_visit_creditor_id", "creditor_id", "field_visit_id"),
        Index("uq_field_visit_attempt_id", "attempt_id", unique=True, postgresql_where=text("attempt_id IS NOT NULL")),
    )

    field_visit_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    account_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    contact_point_id: UUID | None = None
    scheduled_on: date
    status: str
    attempt_id: UUID | None = None
    ordered_at: datetime = Field(sa_type=DateTime(timezone=True))
    ordered_by: str


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


CONTACT_ATTEMPT = _table("contact_attempt")
ASKED_ATTEMPT = _table("asked_attempt")
CONTACT_BLOCK = _table("contact_block")
FIELD_VISIT = _table("field_visit")
