"""HTTP models of messages, templates and receipts."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool

from services.contact.domain.message import MessageStatus
from services.contact.domain.receipts import ReceiptStatus
from services.contact.schemas.model import A_PARTY, A_POINT, AN_ACCOUNT, AccountIds, Model
from shared.events.contact import ContactPurpose, MessageChannel
from shared.events.payload import Moment

TemplateCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}$", examples=["payment_due"])]
Language = Literal["en", "es"]
_AN_ID = "0192f3a4-5b6c-7d8e-9f0a-1b2c3d4e5f60"
_RECEIPTS = [{"message_id": _AN_ID, "channel": "email", "status": "bounced", "is_permanent": True}]


class MessageRequest(Model):
    """An e-mail, a text or a letter. It is written now and sent at once, under a permit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_ids": [AN_ACCOUNT],
                    "party_id": A_PARTY,
                    "channel": "email",
                    "contact_point_id": A_POINT,
                    "purpose": "collection",
                    "template": "payment_due",
                }
            ]
        }
    )

    account_ids: AccountIds
    party_id: UUID
    channel: MessageChannel
    contact_point_id: UUID | None = Field(default=None, description="Needed but for a letter to the party's address.")
    purpose: ContactPurpose = "collection"
    template: TemplateCode
    language: Language | None = Field(
        default=None, description="Default: what they speak, which is kept where it is known."
    )


class LetterRequest(Model):
    """A letter: a message by post."""

    account_ids: AccountIds
    party_id: UUID
    contact_point_id: UUID | None = None
    purpose: ContactPurpose = "collection"
    template: TemplateCode
    language: Language | None = None


class MessageView(Model):
    """A message and where it stands: every one reaches a status that it never leaves."""

    message_id: UUID
    creditor_id: UUID
    party_id: UUID
    account_ids: tuple[UUID, ...]
    channel: MessageChannel
    contact_point_id: UUID | None
    purpose: ContactPurpose
    template: str
    template_version: int
    language: str
    subject: str | None
    body: str
    disclosures: tuple[str, ...]
    status: MessageStatus
    reason: str | None
    attempt_id: UUID | None
    tries: int
    next_try_at: datetime | None
    queued_at: datetime
    queued_by: str
    sent_at: datetime | None
    ended_at: datetime | None


class TemplateRequest(Model):
    """A template: plain text in which `{{ names }}` are filled in. Disclosures and opt-out lines are added by us."""

    channel: MessageChannel
    language: Language
    creditor_id: UUID | None = Field(default=None, description="Default: for every creditor.")
    subject: Annotated[str, Field(max_length=200)] | None = None
    body: Annotated[
        str, Field(min_length=1, max_length=20_000, examples=["Hello {{ given_name }}, please call {{ phone }}."])
    ]


class TemplateView(Model):
    """A template, ours or the deployment's own."""

    code: str
    channel: MessageChannel
    language: Language
    creditor_id: UUID | None
    version: int
    is_shipped: bool
    subject: str | None
    body: str


class ReceiptIn(Model):
    """What a mail system or a print vendor says became of a message."""

    message_id: UUID
    channel: MessageChannel
    status: ReceiptStatus
    reason: Annotated[str, Field(pattern=r"^[a-zA-Z0-9._ -]{1,64}$")] | None = None
    is_permanent: StrictBool = False
    at: Moment | None = None


class ReceiptsRequest(Model):
    """Up to 1,000 receipts; one that came before changes nothing."""

    receipts: Annotated[tuple[ReceiptIn, ...], Field(min_length=1, max_length=1000, examples=[_RECEIPTS])]


class ReceiptsTaken(Model):
    """How many messages moved."""

    taken: int
