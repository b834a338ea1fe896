"""The account row: the cache of a pure function of an account's facts (`domain/account.py`).

It can always be recomputed: every writer recomputes it whole, under the account's lock.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, Index, String, Table, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, DATEMULTIRANGE, TIMESTAMP
from sqlmodel import Field

from services.accounts.domain.calling_hours import UNKNOWN
from services.accounts.tables.registry import Base, table_of

_AT = TIMESTAMP(timezone=True)


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
        # A page of the list is read in the order of its index, whichever of these it is filtered by.
        Index(
            "ix_account_creditor_id_queue",
            "creditor_id",
            "queue",
            "account_id",
            postgresql_where=text("queue IS NOT NULL"),
        ),
        Index(
            "ix_account_creditor_id_stage",
            "creditor_id",
            "stage",
            "account_id",
            postgresql_where=text("oldest_unpaid_due_on IS NOT NULL"),
        ),
        Index(
            "ix_account_creditor_id_bucket",
            "creditor_id",
            "bucket",
            "account_id",
            postgresql_where=text("oldest_unpaid_due_on IS NOT NULL"),
        ),
        Index("ix_account_creditor_id_product_class", "creditor_id", "product_class", "account_id"),
        Index(
            "ix_account_restrictions_turn_on",
            "restrictions_turn_on",
            "creditor_id",
            postgresql_where=text("restrictions_turn_on IS NOT NULL"),
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
    charged_off_on: date | None = Field(default=None, description="The day of the charge-off that stands, if one does.")
    paid_off_on: list[date] | None = Field(
        default=None,
        sa_column=Column(ARRAY(Date)),
        description="The days on which times with nothing owed began; null where it has no arrangement.",
    )
    owed_again_on: list[date | None] | None = Field(
        default=None,
        sa_column=Column(ARRAY(Date)),
        description="The snapshots that ended them, in their order; null for a time that lasts.",
    )
    reversed_payments: list[UUID] | None = Field(
        default=None,
        sa_column=Column(ARRAY(Uuid)),
        description="The payments that were known to be reversed when these times were told; null without any.",
    )
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
    # the work list's own and the pauses' (their handlers write these; a recomputation leaves them alone)
    escalated_at: datetime | None = Field(default=None, sa_type=_AT)
    restrictions: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(String), nullable=False, server_default="{}")
    )
    restricted_since: list[date] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Date), nullable=False, server_default="{}"),
        description="The day of each of `restrictions`, in their order.",
    )
    restrictions_turn_on: date | None = Field(
        default=None, description="The day, of the creditor's calendar, on which one begins or ends by itself."
    )
    ended_by: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(String), nullable=False, server_default="{}")
    )
    """The stays and discharges that have held, over or not: each ended what was promised."""
    ended_on: list[date] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Date), nullable=False, server_default="{}"),
        description="The first day of each of `ended_by`, in their order.",
    )
    calling_group: str = Field(
        default=UNKNOWN,
        sa_column_kwargs={"server_default": UNKNOWN},
        description="That of its primary party: when `next` may offer it.",
    )
    paused: list[Any] = Field(
        default_factory=list,
        sa_column=Column(DATEMULTIRANGE, nullable=False, server_default="{}"),
        description="The days that its pauses cover.",
    )
    queue: str | None = None
    version: int = Field(default=0, sa_type=BigInteger)


ACCOUNT: Table = table_of(Account)
