"""Decisions as they were made, the permits that they reserved, and which rules were in force.

A permit counts against the limits from the transaction that decided until contact reports it: placed (then its attempt
counts) or not placed. Its expiry only forbids to place it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Index, LargeBinary, Table, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.compliance.tables.registry import Base


class Decision(Base, table=True):
    """A decision, word by word: `answer` is the JSON that was answered, `facts_sha256` what it was made from."""

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_party_id", "party_id", "decision_id"),
        Index("ix_decision_creditor_id", "creditor_id", "decision_id"),
    )

    decision_id: UUID = Field(primary_key=True)
    creditor_id: UUID | None = None
    party_id: UUID
    account_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    channel: str
    purpose: str
    direction: str
    contact_point_id: UUID | None = None
    outcome: str
    permit_id: UUID | None = None
    at: datetime = Field(sa_type=DateTime(timezone=True))
    """The instant that it was made for."""
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    made_by: str
    is_dry_run: bool
    rules_sha256: bytes = Field(sa_type=LargeBinary)
    """The rules in force: `rule_set` holds them."""
    facts_sha256: bytes = Field(sa_type=LargeBinary)
    answer: str


class Permit(Base, table=True):
    """A reserved contact. `state` follows from `permit_report`."""

    __tablename__ = "permit"
    __table_args__ = (
        CheckConstraint("state IN ('reserved', 'placed', 'not_placed')", name="state"),
        Index("ix_permit_open", "party_id", postgresql_where=text("state = 'reserved'")),
        Index("ix_permit_creditor_id", "creditor_id"),
        Index("ix_permit_attempt_id", "attempt_id", postgresql_where=text("attempt_id IS NOT NULL")),
    )

    permit_id: UUID = Field(primary_key=True)
    decision_id: UUID
    attempt_id: UUID | None = None
    """The attempt that it was asked for, by which contact can report it although the answer was lost."""
    creditor_id: UUID
    party_id: UUID
    account_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    channel: str
    contact_point_id: UUID | None = None
    recipient_id: UUID | None = None
    reserved_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    state: str


class RuleSet(Base, table=True):
    """The rules that decisions were made by: every pack with its content, under the hash of them all."""

    __tablename__ = "rule_set"

    rules_sha256: bytes = Field(sa_type=LargeBinary, primary_key=True)
    packs: dict[str, Any] = Field(sa_type=JSONB)
    activated_at: datetime = Field(sa_type=DateTime(timezone=True))


class PolicySwitch(Base, table=True):
    """A policy rule that a creditor has switched off, or on again. Law is never switched."""

    __tablename__ = "policy_switch"

    creditor_id: UUID = Field(primary_key=True)
    rule_id: str = Field(primary_key=True)
    is_on: bool
    set_at: datetime = Field(sa_type=DateTime(timezone=True))
    set_by: str
    version: int = Field(sa_type=BigInteger)


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


DECISION = _table("decision")
PERMIT = _table("permit")
RULE_SET = _table("rule_set")
POLICY_SWITCH = _table("policy_switch")
