"""Messages on their way, and templates. A message's text and address are personal data, gone when a party is erased."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, Index, String, Table, Uuid, text
from sqlmodel import Field

from services.contact.tables.registry import Base


class OutMessage(Base, table=True):
    """An e-mail, text or letter. While `queued` it waits for `next_try_at`; while `sending`, for `lease_until`."""

    __tablename__ = "out_message"
    __table_args__ = (
        CheckConstraint(
            "status IN ('queued', 'sending', 'sent', 'delivered', 'bounced', 'undeliverable', 'opted_out', 'blocked',"
            " 'failed')",
            name="status",
        ),
        CheckConstraint("status <> 'queued' OR next_try_at IS NOT NULL", name="queued_is_due"),
        CheckConstraint("status NOT IN ('sending', 'sent') OR lease_until IS NOT NULL", name="open_ends"),
        Index("ix_out_message_queued", "next_try_at", "message_id", postgresql_where=text("status = 'queued'")),
        Index("ix_out_message_open", "lease_until", postgresql_where=text("status IN ('sending', 'sent')")),
        Index("ix_out_message_give_up", "give_up_at", postgresql_where=text("status = 'queued'")),
        Index("ix_out_message_party_id", "party_id", "message_id"),
        Index("ix_out_message_creditor_id", "creditor_id", "message_id"),
        Index("uq_out_message_ref", "channel", "ref", unique=True, postgresql_where=text("ref IS NOT NULL")),
    )

    message_id: UUID = Field(primary_key=True)
    creditor_id: UUID
    party_id: UUID
    account_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    channel: str
    contact_point_id: UUID | None = None
    recipient: str
    """The number, e-mail or postal address it goes to."""
    purpose: str
    template: str
    template_version: int
    language: str
    subject: str | None = None
    body: str
    disclosures: list[str] = Field(sa_type=ARRAY(String))
    status: str
    reason: str | None = None
    permit_id: UUID | None = None
    """A permit that was given for the next hand-over and is not used yet."""
    decision_id: UUID | None = None
    permit_expires_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    asked_attempt_id: UUID | None = None
    """The attempt that this permit is for."""
    attempt_id: UUID | None = None
    """The attempt of the last hand-over."""
    tries: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    next_try_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    lease_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """While `sending`: when the hand-over is over. While `sent`: when a receipt is no longer waited for."""
    ref: str | None = None
    """The gateway's own id."""
    queued_at: datetime = Field(sa_type=DateTime(timezone=True))
    queued_by: str
    give_up_at: datetime = Field(
        sa_type=DateTime(timezone=True), sa_column_kwargs={"server_default": text("now() + interval '24 hours'")}
    )
    """When it has failed, if it was not handed over by then."""
    sent_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class InMessage(Base, table=True):
    """A text that came in, known by the gateway's id, so that one sent twice counts once.

    Its words are the note of its attempt, which is forgotten with the party.
    """

    __tablename__ = "in_message"

    gateway: str = Field(primary_key=True)
    ref: str = Field(primary_key=True)
    value_key: str
    is_opt_out: bool
    received_at: datetime = Field(sa_type=DateTime(timezone=True))


class EarlyReceipt(Base, table=True):
    """What a gateway said of a message before its own answer to the hand-over was stored; it waits for that."""

    __tablename__ = "early_receipt"

    channel: str = Field(primary_key=True)
    ref: str = Field(primary_key=True)
    status: str
    reason: str | None = None
    is_permanent: bool
    at: datetime = Field(sa_type=DateTime(timezone=True))


class Template(Base, table=True):
    """A template of this deployment, for one creditor or for all; it comes before the shipped one of the same name."""

    __tablename__ = "template"
    __table_args__ = (
        Index(
            "uq_template_name",
            "code",
            "channel",
            "language",
            "creditor_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    template_id: UUID = Field(primary_key=True)
    code: str
    channel: str
    language: str
    creditor_id: UUID | None = None
    version: int
    subject: str | None = None
    body: str
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_by: str


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


OUT_MESSAGE = _table("out_message")
IN_MESSAGE = _table("in_message")
EARLY_RECEIPT = _table("early_receipt")
TEMPLATE = _table("template")
