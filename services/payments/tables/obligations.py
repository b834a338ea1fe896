"""Tables of what a debtor undertook: promises and arrangements, and the date on which they are judged.

A row keeps the terms, a cancel by request as a fact, and the last judgement (`status` to `next_review_on`, and every
other cancel), which is a pure function of the terms, the account's entries and its state, and can be computed again at
any time. Amounts are whole minor units.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Table, text
from sqlmodel import Field

from services.payments.tables.registry import Base


class Promise(Base, table=True):
    """A promise to pay. `version` counts its published states; 0 is a row that was not judged yet."""

    __tablename__ = "promise"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("status IN ('made', 'kept', 'partially_kept', 'broken', 'cancelled')", name="status"),
        CheckConstraint("(status = 'cancelled') = (cancelled_on IS NOT NULL)", name="cancel_is_a_fact"),
        Index("ix_promise_account_id", "account_id", "promise_id"),
        Index("ix_promise_creditor_id", "creditor_id", "status", "promise_id"),
        Index(
            "ix_promise_review",
            "creditor_id",
            "account_id",
            "next_review_on",
            postgresql_where=text("next_review_on IS NOT NULL"),
        ),
    )

    promise_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    account_id: UUID
    currency: str = Field(max_length=3)
    amount_minor: int = Field(sa_type=BigInteger)
    due_on: date
    tolerance_minor: int = Field(sa_type=BigInteger)
    grace_days: int
    method: str | None = None
    made_on: date
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    made_by: str
    made_charged_off: bool
    """Made on an account that was known to be charged off: recovery, which a charge-off does not cancel."""
    cancelled_on: date | None = None
    cancelled_by: str | None = None
    cancel_reason: str | None = None
    status: str
    paid_minor: int = Field(sa_type=BigInteger)
    resolved_on: date | None = None
    next_review_on: date | None = None
    version: int = Field(sa_type=BigInteger)


class Arrangement(Base, table=True):
    """A payment arrangement. At most one of an account is open and not superseded by a newer one."""

    __tablename__ = "arrangement"
    __table_args__ = (
        CheckConstraint("total_minor > 0", name="total_positive"),
        CheckConstraint(
            "status IN ('proposed', 'active', 'at_risk', 'completed', 'broken', 'cancelled')", name="status"
        ),
        CheckConstraint("(status = 'cancelled') = (cancelled_on IS NOT NULL)", name="cancel_is_a_fact"),
        # A reversal may open an older one again beside a newer one: the newer one holds the place.
        Index(
            "uq_arrangement_open",
            "account_id",
            unique=True,
            postgresql_where=text("status IN ('proposed', 'active', 'at_risk') AND superseded_at IS NULL"),
        ),
        Index("ix_arrangement_account_id", "account_id", "arrangement_id"),
        Index("ix_arrangement_creditor_id", "creditor_id", "status", "arrangement_id"),
        Index(
            "ix_arrangement_review",
            "creditor_id",
            "account_id",
            "next_review_on",
            postgresql_where=text("next_review_on IS NOT NULL"),
        ),
    )

    arrangement_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    account_id: UUID
    currency: str = Field(max_length=3)
    total_minor: int = Field(sa_type=BigInteger)
    tolerance_minor: int = Field(sa_type=BigInteger)
    grace_days: int
    made_on: date
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    made_by: str
    approved_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """Null while proposed; the time when it was made, where its maker had the authority."""
    approved_by: str | None = None
    activated_on: date | None = None
    """The creditor's business date when it became active."""
    made_charged_off: bool
    superseded_on: date | None = None
    superseded_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """The start of the account's next arrangement: from there on money counts for that one."""
    cancelled_on: date | None = None
    cancelled_by: str | None = None
    cancel_reason: str | None = None
    paid_off_on: date | None = None
    status: str
    paid_minor: int = Field(sa_type=BigInteger)
    next_due_on: date | None = None
    resolved_on: date | None = None
    next_review_on: date | None = None
    version: int = Field(sa_type=BigInteger)


class ArrangementInstallment(Base, table=True):
    """One instalment of an arrangement; `position` counts from 1 in order of `due_on`."""

    __tablename__ = "arrangement_installment"
    __table_args__ = (CheckConstraint("amount_minor > 0", name="amount_positive"),)

    arrangement_id: UUID = Field(primary_key=True, foreign_key="arrangement.arrangement_id")
    position: int = Field(primary_key=True)
    due_on: date
    amount_minor: int = Field(sa_type=BigInteger)


class Evaluation(Base, table=True):
    """The business date on which a creditor's promises and arrangements are judged.

    It follows the creditor's business date once the payments that the core had published by then are posted: money
    that is on its way in time must not break anything in between.
    """

    __tablename__ = "evaluation"

    creditor_id: UUID = Field(primary_key=True)
    evaluated_on: date


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


PROMISE = _table("promise")
ARRANGEMENT = _table("arrangement")
ARRANGEMENT_INSTALLMENT = _table("arrangement_installment")
