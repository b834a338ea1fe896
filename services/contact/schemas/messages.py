"""HTTP models of messages, templates, receipts and dial lists."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.contact.domain.dialing import MAX_RECORDS, DialListStatus
from services.contact.domain.message import MessageStatus
from services.contact.domain.receipts import ReceiptStatus
from services.contact.schemas.attempts import AccountIds, Model
from shared.events.contact import ContactPurpose, MessageChannel, ResultCode
from shared.events.payload import Moment

TemplateCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}$", examples=["payment_due"])]
Language = Literal["en", "es"]


_AN_ID = "0192f3a4-5b6c-7d8e-9f0a-1b2c3d4e5f60"
_RECEIPTS = [{"message_id": _AN_ID, "channel": "email", "status": "bounced", "is_permanent": True}]
_DIAL_RESULTS = [{"record_id": _AN_ID, "result_code": "no_answer"}]


class MessageRequest(Model):
    """An e-mail, a text or a letter. It is written now and sent at once, under a permit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_ids": ["0a7c3d0e-6f1b-5f0a-9a43-6d0f5a1f2b3c"],
                    "party_id": "5d1f4a3c-2b1e-5c0d-8f7a-6b5c4d3e2f10",
                    "channel": "email",
                    "contact_point_id": "7e2d1c0b-9a8f-5e6d-8c7b-5a4f3e2d1c0b",
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
    language: Language | None = Field(default=None, description="Default: what the decision demands, or they speak.")


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
    is_permanent: bool = False
    at: Moment | None = None


class ReceiptsRequest(Model):
    """Up to 1,000 receipts; one that came before changes nothing."""

    receipts: Annotated[tuple[ReceiptIn, ...], Field(min_length=1, max_length=1000, examples=[_RECEIPTS])]


class ReceiptsTaken(Model):
    """How many messages moved."""

    taken: int


class DialListRequest(Model):
    """A list of whom to call, from a work queue, the best first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"queue": "early_stage", "size": 500}]})

    queue: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,48}$")]
    size: Annotated[int, Field(ge=1, le=MAX_RECORDS, strict=True)]


class DialListView(Model):
    """A dial list. Read its records when it is `ready`."""

    dial_list_id: UUID
    queue: str
    size: int
    status: DialListStatus
    reason: str | None
    listed: int
    excluded: int
    made_at: datetime
    made_by: str


class DialRecord(Model):
    """One line of a dial list. The number is given when the record is released, and not before."""

    record_id: UUID
    position: int
    account_id: UUID
    party_id: UUID
    contact_point_id: UUID
    status: Literal["listed", "blocked"]
    not_before: datetime | None


class DialResultIn(Model):
    """What came of a released record."""

    record_id: UUID
    result_code: ResultCode
    at: Moment | None = None


class DialResultsRequest(Model):
    """Up to 1,000 results. The same again changes nothing; the first result of a record stands."""

    results: Annotated[tuple[DialResultIn, ...], Field(min_length=1, max_length=1000, examples=[_DIAL_RESULTS])]


class DialResultTold(Model):
    """What became of one result; `conflict`: the record has another."""

    record_id: UUID
    told: Literal["taken", "already", "conflict", "unknown", "not-released", "refused"]


class DialResultsTaken(Model):
    """One answer per result, in their order."""

    results: list[DialResultTold]
