"""Tables of money in: payments, their allocation and reversal, what waits, and the views of other services' facts.

Every table that a batch touches is reached by one indexed column (`account_id = ANY(..)` or the key), so that a
handler needs one statement per table. Amounts are whole minor units of the row's currency. The parts of a payment have
no foreign key to it: they are written in its transaction, and the check of each row would cost more than the row.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Index,
    LargeBinary,
    String,
    Table,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.payments.tables.registry import Base


class Payment(Base, table=True):
    """A payment received. `unapplied_reason` says that it is held: it was not posted (nor published) yet.

    A payment can be reversed while it is held; it is then posted and reversed in one step when its account opens.
    """

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("status IN ('posted', 'unapplied', 'reversed')", name="status"),
        CheckConstraint("origin IN ('core', 'ours')", name="origin"),
        Index("ix_payment_account_id", "account_id", "effective_on"),
        Index("ix_payment_beyond", "account_id", text("greatest(posted_on, booked_on)")),
        Index("ix_payment_creditor_id", "creditor_id", "payment_id"),
        Index("ix_payment_held", "account_id", postgresql_where=text("unapplied_reason IS NOT NULL")),
        Index("ix_payment_reallocation_of", "reallocation_of", postgresql_where=text("reallocation_of IS NOT NULL")),
        Index("ix_payment_ach_source_ref", "creditor_id", "source_ref", postgresql_where=text("channel = 'ach'")),
        Index("ix_payment_ach_trace", "creditor_id", "ach_trace", postgresql_where=text("ach_trace IS NOT NULL")),
    )

    payment_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    account_id: UUID
    core_account_number: str | None = None
    """As sent with the pair; null when the payment named an account id alone."""
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    effective_on: date
    posted_on: date | None = None
    """Null only while held for a creditor that has no business date yet."""
    channel: str
    source: str
    source_ref: str
    ach_trace: str | None = None
    origin: str
    booked_on: date | None = None
    """For a payment of ours: the day on which the core booked it, from the core's echo."""
    status: str
    unapplied_reason: str | None = None
    allocation_basis: str | None = None
    """Null while held, unless the payment was directed."""
    arrangements_completed: list[UUID] = Field(
        default_factory=list, sa_type=ARRAY(Uuid), sa_column_kwargs={"server_default": text("'{}'")}
    )
    reallocation_of: UUID | None = None
    """The misapplied payment whose money this is."""
    review_reasons: list[str] = Field(
        default_factory=list, sa_type=ARRAY(String), sa_column_kwargs={"server_default": text("'{}'")}
    )
    """The restrictions that stood on the account when it was posted: a person should look at it."""
    taken_at: datetime = Field(sa_type=DateTime(timezone=True))
    taken_by: str | None = None


class Allocation(Base, table=True):
    """What a payment paid, per component. The lines sum to its amount; a held payment has them if it was directed."""

    __tablename__ = "allocation"
    __table_args__ = (CheckConstraint("amount_minor > 0", name="amount_positive"),)

    payment_id: UUID = Field(primary_key=True)
    component: str = Field(primary_key=True)
    line: int
    """The place in the order in which the components were paid."""
    amount_minor: int = Field(sa_type=BigInteger)


class Reversal(Base, table=True):
    """The one reversal of a payment: it takes back the whole amount, line by line."""

    __tablename__ = "reversal"
    __table_args__ = (Index("ix_reversal_account_id", "account_id"),)

    reversal_id: UUID = Field(primary_key=True)
    payment_id: UUID = Field(unique=True)
    creditor_id: UUID
    account_id: UUID
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    reason: str
    effective_on: date
    posted_on: date | None = None
    """Null only while its payment is held for a creditor that has no business date yet."""
    origin: str
    booked_on: date | None = None
    taken_at: datetime = Field(sa_type=DateTime(timezone=True))
    taken_by: str | None = None


class SourceReference(Base, table=True):
    """`(creditor_id, source, source_ref)` is used once, for ever: what came first under it, and a hash of its content.

    `payment_id` is what a payment or an echo stands for. A reversal has none: only its arrival is recorded, so that a
    second reversal of the same payment leaves its trace too.
    """

    __tablename__ = "source_reference"
    __table_args__ = (CheckConstraint("kind IN ('payment', 'echo', 'reversal')", name="kind"),)

    creditor_id: UUID = Field(primary_key=True)
    source: str = Field(primary_key=True)
    source_ref: str = Field(primary_key=True)
    kind: str
    content_hash: bytes = Field(sa_type=LargeBinary)
    payment_id: UUID | None = None


class HeldReversal(Base, table=True):
    """A reversal from the core that does not fit a payment yet: mostly, its payment is not here. It waits, visibly."""

    __tablename__ = "held_reversal"
    __table_args__ = (Index("ix_held_reversal_original", "creditor_id", "reversal_of"),)

    creditor_id: UUID = Field(primary_key=True)
    source_ref: str = Field(primary_key=True)
    reversal_of: str
    account_id: UUID
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    reason: str
    effective_on: date
    posted_on: date
    received_at: datetime = Field(sa_type=DateTime(timezone=True))
    held_reason: str = Field(sa_column_kwargs={"server_default": text("'payment-unknown'")})
    """The code of what does not fit yet; `payment-unknown` when its payment is not here."""


class AccountView(Base, table=True):
    """What payments knows of an account: the last state that accounts published (older versions are ignored)."""

    __tablename__ = "account_view"
    __table_args__ = (Index("ix_account_view_creditor_id", "creditor_id"),)

    account_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    aggregate_version: int = Field(sa_type=BigInteger)
    product_class: str
    status: str
    stage: str
    currency: str = Field(max_length=3)
    balance_minor: int = Field(sa_type=BigInteger)
    past_due_minor: int = Field(sa_type=BigInteger)
    oldest_unpaid_due_on: date | None = None
    business_date: date
    snapshot_on: date
    principal_minor: int | None = Field(default=None, sa_type=BigInteger)
    interest_minor: int | None = Field(default=None, sa_type=BigInteger)
    fees_minor: int | None = Field(default=None, sa_type=BigInteger)
    charged_off_on: date | None = None
    paid_off_on: list[date] = Field(
        default_factory=list, sa_type=ARRAY(Date), sa_column_kwargs={"server_default": text("'{}'")}
    )
    owed_again_on: list[date | None] = Field(
        default_factory=list, sa_type=ARRAY(Date), sa_column_kwargs={"server_default": text("'{}'")}
    )
    """The days on which something was owed again after each of `paid_off_on`, in their order; null: not yet."""
    reversed_payments: list[UUID] | None = Field(default=None, sa_type=ARRAY(Uuid))
    """The payments that accounts knew to be reversed when it told these days; null: it did not say."""
    restrictions: list[str] = Field(
        default_factory=list, sa_type=ARRAY(String), sa_column_kwargs={"server_default": text("'{}'")}
    )
    restricted_since: list[date] = Field(
        default_factory=list, sa_type=ARRAY(Date), sa_column_kwargs={"server_default": text("'{}'")}
    )
    """The day of each of `restrictions`, in their order."""
    ended_by: list[str] | None = Field(default=None, sa_type=ARRAY(String))
    """The stays and discharges that ended what was promised; null: accounts did not say."""
    ended_on: list[date] | None = Field(default=None, sa_type=ARRAY(Date))
    """The first day of each of `ended_by`, in their order."""


class CreditorView(Base, table=True):
    """What payments knows of a creditor. The business date only grows; the rest follows the aggregate's version."""

    __tablename__ = "creditor_view"

    creditor_id: UUID = Field(primary_key=True)
    aggregate_version: int = Field(default=-1, sa_type=BigInteger)
    currency: str | None = Field(default=None, max_length=3)
    time_zone: str | None = None
    business_date: date | None = None


class NachaFile(Base, table=True):
    """A Nacha return file that was taken, once per creditor and content, with the counts of its report."""

    __tablename__ = "nacha_file"
    __table_args__ = (Index("uq_nacha_file_content", "creditor_id", "content_hash", unique=True),)

    file_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    content_hash: bytes = Field(sa_type=LargeBinary)
    counts: dict[str, Any] = Field(sa_type=JSONB)
    taken_at: datetime = Field(sa_type=DateTime(timezone=True))
    taken_by: str | None = None


class NachaEntry(Base, table=True):
    """One entry of a Nacha file and what became of it. `line` is the entry's line in the file."""

    __tablename__ = "nacha_entry"

    file_id: UUID = Field(primary_key=True, foreign_key="nacha_file.file_id")
    line: int = Field(primary_key=True)
    result: str
    detail: str
    kind: str
    transaction_code: str
    amount_minor: int = Field(sa_type=BigInteger)
    individual_id: str | None = None
    return_code: str | None = None
    original_trace: str | None = None
    effective_on: date | None = None
    payment_id: UUID | None = None
    reversal_id: UUID | None = None


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


PAYMENT = _table("payment")
ALLOCATION = _table("allocation")
REVERSAL = _table("reversal")
SOURCE_REFERENCE = _table("source_reference")
HELD_REVERSAL = _table("held_reversal")
ACCOUNT_VIEW = _table("account_view")
NACHA_FILE = _table("nacha_file")
NACHA_ENTRY = _table("nacha_entry")
