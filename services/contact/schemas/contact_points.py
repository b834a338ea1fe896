"""HTTP models of contact points and callbacks."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool

from services.contact.domain.callback import CallbackStatus
from services.contact.domain.contact_points import PointKind, PointStatus
from services.contact.schemas.model import A_PARTY, AccountIds, Model
from shared.events.contact import ContactChannel
from shared.events.payload import Moment

Label = Literal["mobile", "home", "work", "other"]


class ContactPointRequest(Model):
    """A way to reach a party that somebody named in a contact."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "party_id": A_PARTY,
                    "kind": "phone",
                    "value": "+16175550123",
                    "label": "mobile",
                    "given_by": "consumer",
                }
            ]
        }
    )

    party_id: UUID
    kind: PointKind
    value: Annotated[str, Field(min_length=3, max_length=320)]
    label: Label = "other"
    given_by: Literal["consumer", "collector"] = "consumer"
    attempt_id: UUID | None = Field(
        default=None,
        description="The contact in which it was given: what the person says, verified in it, is verified.",
    )


class InvalidRequest(Model):
    """Why a contact point does not reach the party."""

    reason: Literal["wrong_number", "not_in_service", "undeliverable"]


class OptOutRequest(Model):
    """The person wants no more of a channel at this number or address. It holds for the value, whoever has it."""

    channel: ContactChannel


class ContactPointView(Model):
    """A way to reach a party: who names it, what is known of it, and by which channels it may be used.

    `usable_channels` is what contact knows; whether a contact may be made is compliance's to decide, each time.
    """

    contact_point_id: UUID
    creditor_id: UUID
    party_id: UUID
    kind: PointKind
    value: str
    label: str
    sources: tuple[str, ...]
    status: PointStatus
    usable_channels: tuple[ContactChannel, ...]
    opted_out: tuple[ContactChannel, ...]
    verified_at: datetime | None
    verified_by: str | None
    invalid_at: datetime | None
    invalid_reason: str | None
    given_in: UUID | None = Field(description="The contact in which it was given.")
    confidence: int | None
    first_seen_on: date | None
    last_seen_on: date | None


class CallbackRequest(Model):
    """When a person is to be contacted."""

    account_ids: AccountIds
    party_id: UUID
    channel: ContactChannel = "phone"
    contact_point_id: UUID | None = None
    callback_at: Moment
    is_requested: StrictBool = Field(default=False, description="The person asked for it.")


class CallbackMove(Model):
    """The new time of a callback."""

    callback_at: Moment


class CallbackView(Model):
    """A callback as it stands. `is_due`: its time has come and nobody has kept it."""

    callback_id: UUID
    creditor_id: UUID
    party_id: UUID
    account_ids: tuple[UUID, ...]
    channel: ContactChannel
    contact_point_id: UUID | None
    callback_at: datetime
    is_requested: bool
    status: CallbackStatus
    is_due: bool
    made_in: UUID | None
    done_by: UUID | None
    made_at: datetime
    made_by: str
    version: int
