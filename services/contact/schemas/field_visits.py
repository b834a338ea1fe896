"""HTTP models of field visits."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from services.contact.domain.field_visit import FieldVisitStatus
from services.contact.schemas.model import AccountIds, Model
from shared.events.payload import Day


class FieldVisitRequest(Model):
    """A visit that somebody is to make."""

    account_ids: AccountIds
    party_id: UUID
    contact_point_id: UUID | None = Field(default=None, description="An address; default: that of the party.")
    scheduled_on: Day


class FieldVisitView(Model):
    """A field visit. Its outcome is that of its attempt: `POST /v1/contact-attempts/{attempt_id}/outcome`."""

    field_visit_id: UUID
    creditor_id: UUID
    party_id: UUID
    account_ids: tuple[UUID, ...]
    contact_point_id: UUID | None
    scheduled_on: date
    status: FieldVisitStatus
    attempt_id: UUID | None
    ordered_at: datetime
    ordered_by: str
