"""Creditors, parties, accounts, and the facts that an account's state is computed from.

The account row is a cache of a pure function of its snapshots, entries, reversals, promises and arrangements
(`domain/account.py`): it can always be recomputed, and every writer recomputes it whole, under the account's lock.
Facts carry no foreign key to the account: they may come before it.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Computed, Date, Identity, Index, String, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlmodel import Field

from services.accounts.tables.registry import Base, table_of

_AT = TIMESTAMP(timezone=True)

# The first snapshot date that contains a booking: the core's own from the day it was posted, ours from the day the
# core echoed it, ours without an echo from the day after (surface.md, "entries and snapshots").
_CONTAINED_ON = "COALESCE(booked_on, CASE WHEN origin = 'core' THEN posted_on ELSE posted_on + 1 END)"


class Creditor(Base, table=True):
    """Whose debts these are. Its row is locked exclusively while its business date moves."""

    __tablename__ = "creditor"

    creditor_id: UUID = Field(primary_key=True)
    name: str
    kind: str
    currency: str = Field(sa_type=String(3))
    time_zone: str
    business_date: date | None = None
    version: int = Field(default=0, sa_type=BigInteger)


class AgingPolicy(Base, table=True):
    """From which day past due each stage begins, per creditor and product: the data behind `stage`."""

    __tablename__ = "aging_policy"

    creditor_id: UUID = Field(primary_key=True)
    product_class: str = Field(primary_key=True)
    early_from: int
    mid_from: int
    late_from: int
    pre_charge_off_from: int


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
    version: int = Field(default=0, sa_type=BigInteger)


class ContactPoint(Base, table=True):
    """A way to reach a party, as one account's row states it.

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


class AccountParty(Base, table=True):
    """Who has which part in a debt."""

    __tablename__ = "account_party"
    __table_args__ = (Index("ix_account_party_party_id", "party_id"),)

    account_id: UUID = Field(primary_key=True)
    party_id: UUID = Field(primary_key=True)
    role: str = Field(primary_key=True)


class Account(Base, table=True):
    """The state of an account at its creditor's business date, and the facts that queue predicates read.

    `days_past_due` is not here: it is `business_date - oldest_unpaid_due_on` (0 when null), derived when read, so that
    a night writes only the accounts whose bucket, stage or queue changed.
    """

    __tablename__ = "account"
    __table_args__ = (
        Index("ix_account_creditor_id_core_account_number", "creditor_id", "core_account_number", unique=True),
        # The nightly scan walks a creditor's book in this order.
        Index("ix_account_creditor_id_account_id", "creditor_id", "account_id"),
        Index(
            "ix_account_creditor_id_next_aging_on",
            "creditor_id",
            "next_aging_on",
            postgresql_where=text("next_aging_on IS NOT NULL"),
        ),
        Index(
            "ix_account_creditor_id_oldest_unpaid_due_on",
            "creditor_id",
            "oldest_unpaid_due_on",
            postgresql_where=text("oldest_unpaid_due_on IS NOT NULL"),
        ),
        # Half-empty pages keep an account's new version on its own page (HOT), where no indexed column changed.
        {"postgresql_with": {"fillfactor": "85"}},
    )

    account_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    core_account_number: str
    party_id: UUID
    product_class: str
    currency: str = Field(sa_type=String(3))
    status: str
    opened_on: date | None = None
    charged_off_on: date | None = None
    credit_limit_minor: int | None = Field(default=None, sa_type=BigInteger)
    # as of the ruling snapshot
    snapshot_on: date
    is_absent: bool = False
    principal_minor: int | None = Field(default=None, sa_type=BigInteger)
    interest_minor: int | None = Field(default=None, sa_type=BigInteger)
    fees_minor: int | None = Field(default=None, sa_type=BigInteger)
    # now
    balance_minor: int = Field(sa_type=BigInteger)
    past_due_minor: int = Field(sa_type=BigInteger)
    oldest_unpaid_due_on: date | None = None
    bucket: str
    stage: str
    next_due_on: date | None = Field(default=None, description="The first due date with something unpaid, from today.")
    next_aging_on: date | None = Field(
        default=None,
        description="The first business date on which bucket, stage or past due change by themselves.",
    )
    # promises and arrangements, as predicates read them
    open_promise_due_on: date | None = None
    broken_promise_on: date | None = None
    broken_promise_count: int = 0
    arrangement_status: str | None = None
    follow_up_due_on: date | None = Field(
        default=None, description="The earliest unpaid date of an open promise or arrangement."
    )
    # the work list's own (handlers of queues and work items write these; a recomputation leaves them alone)
    escalated_at: datetime | None = Field(default=None, sa_type=_AT)
    restrictions: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(String), nullable=False, server_default="{}")
    )
    queue: str | None = None
    version: int = Field(default=0, sa_type=BigInteger)


class AccountSnapshot(Base, table=True):
    """One account at the close of one day, as the core stated it; or the mark that a complete file left it out.

    One row per day and kind: of one day the last received counts. A row that arrives takes away the mark of its day,
    so a mark that stands beside a row of the same day came after it.
    """

    __tablename__ = "account_snapshot"

    account_id: UUID = Field(primary_key=True)
    is_absent: bool = Field(primary_key=True)
    business_date: date = Field(primary_key=True)
    party_id: UUID | None = None
    product_class: str
    status: str
    opened_on: date | None = None
    charged_off_on: date | None = None
    credit_limit_minor: int | None = Field(default=None, sa_type=BigInteger)
    balance_minor: int = Field(sa_type=BigInteger)
    principal_minor: int | None = Field(default=None, sa_type=BigInteger)
    interest_minor: int | None = Field(default=None, sa_type=BigInteger)
    fees_minor: int | None = Field(default=None, sa_type=BigInteger)
    past_due_minor: int = Field(sa_type=BigInteger)
    oldest_unpaid_due_on: date | None = None
    installment_minor: int | None = Field(default=None, sa_type=BigInteger)
    frequency: str | None = None
    next_due_on: date | None = None


class Entry(Base, table=True):
    """A payment, as `payment.posted` states it: applied once by its id, for ever. Only `booked_on` is ever added."""

    __tablename__ = "entry"
    __table_args__ = (Index("ix_entry_account_id_contained_on", "account_id", "contained_on"),)

    payment_id: UUID = Field(primary_key=True)
    account_id: UUID
    creditor_id: UUID
    amount_minor: int = Field(sa_type=BigInteger)
    dues_minor: int = Field(sa_type=BigInteger, description="The part that pays dues: see `domain.ledger.paying_dues`.")
    currency: str = Field(sa_type=String(3))
    effective_on: date
    posted_on: date
    origin: str
    booked_on: date | None = None
    contained_on: date = Field(sa_column=Column(Date, Computed(_CONTAINED_ON, persisted=True), nullable=False))
    channel: str
    source: str
    source_ref: str
    allocation: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))  # minor units by component
    received_at: datetime = Field(sa_type=_AT)


class Reversal(Base, table=True):
    """The return of a payment, as `payment.reversed` states it: one per payment. It may come before its payment."""

    __tablename__ = "reversal"
    __table_args__ = (Index("ix_reversal_account_id_contained_on", "account_id", "contained_on"),)

    payment_id: UUID = Field(primary_key=True)
    reversal_id: UUID
    account_id: UUID
    creditor_id: UUID
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=String(3))
    reason: str
    effective_on: date
    posted_on: date
    origin: str
    booked_on: date | None = None
    contained_on: date = Field(sa_column=Column(Date, Computed(_CONTAINED_ON, persisted=True), nullable=False))
    received_at: datetime = Field(sa_type=_AT)


class PromiseView(Base, table=True):
    """The latest state of a promise that payments published."""

    __tablename__ = "promise_view"
    __table_args__ = (Index("ix_promise_view_account_id", "account_id"),)

    promise_id: UUID = Field(primary_key=True)
    account_id: UUID
    creditor_id: UUID
    status: str
    amount_minor: int = Field(sa_type=BigInteger)
    paid_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=String(3))
    due_on: date
    grace_days: int
    tolerance_minor: int = Field(sa_type=BigInteger)
    made_on: date
    made_at: datetime = Field(sa_type=_AT)
    resolved_on: date | None = None
    version: int = Field(sa_type=BigInteger)


class ArrangementView(Base, table=True):
    """The latest state of an arrangement that payments published."""

    __tablename__ = "arrangement_view"
    __table_args__ = (Index("ix_arrangement_view_account_id", "account_id"),)

    arrangement_id: UUID = Field(primary_key=True)
    account_id: UUID
    creditor_id: UUID
    status: str
    currency: str = Field(sa_type=String(3))
    total_minor: int = Field(sa_type=BigInteger)
    paid_minor: int = Field(sa_type=BigInteger)
    tolerance_minor: int = Field(sa_type=BigInteger)
    grace_days: int
    made_on: date
    made_at: datetime = Field(sa_type=_AT)
    next_due_on: date | None = None
    resolved_on: date | None = None
    terms: dict[str, Any] = Field(
        sa_column=Column(JSONB, nullable=False),
        description='{"installments": [...]}: an object, for an array of JSON arrays would be taken for a matrix.',
    )
    version: int = Field(sa_type=BigInteger)


class HeldSnapshot(Base, table=True):
    """A snapshot whose creditor is not known yet: held and visible, applied when the creditor is made."""

    __tablename__ = "held_snapshot"
    __table_args__ = (Index("ix_held_snapshot_creditor_id", "creditor_id"),)

    held_no: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    creditor_id: UUID
    core_account_number: str
    business_date: date
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    received_at: datetime = Field(sa_type=_AT)


CREDITOR: Table = table_of(Creditor)
AGING_POLICY: Table = table_of(AgingPolicy)
PARTY: Table = table_of(Party)
CONTACT_POINT: Table = table_of(ContactPoint)
ACCOUNT_PARTY: Table = table_of(AccountParty)
ACCOUNT: Table = table_of(Account)
ACCOUNT_SNAPSHOT: Table = table_of(AccountSnapshot)
ENTRY: Table = table_of(Entry)
REVERSAL: Table = table_of(Reversal)
PROMISE_VIEW: Table = table_of(PromiseView)
ARRANGEMENT_VIEW: Table = table_of(ArrangementView)
HELD_SNAPSHOT: Table = table_of(HeldSnapshot)
