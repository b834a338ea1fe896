"""Reads of messages and templates."""

from typing import Any
from uuid import UUID

from services.contact.domain.shipped_templates import SHIPPED
from services.contact.schemas.messages import MessageView, TemplateView
from shared.db.transaction import Tx

_MESSAGES = """
SELECT * FROM out_message
WHERE ($1::uuid[] IS NULL OR creditor_id = ANY($1::uuid[])) AND ($2::uuid IS NULL OR party_id = $2)
  AND ($3::varchar IS NULL OR status = $3) AND ($4::varchar IS NULL OR channel = $4)
  AND ($5::uuid IS NULL OR message_id < $5)
ORDER BY message_id DESC LIMIT $6
"""
_TEMPLATES = """
SELECT * FROM template WHERE creditor_id IS NULL OR $1::uuid[] IS NULL OR creditor_id = ANY($1::uuid[])
ORDER BY code, channel, language, creditor_id
"""


async def get_message(tx: Tx, message_id: UUID) -> MessageView | None:
    """One message, or None."""
    row = await tx.fetchrow("SELECT * FROM out_message WHERE message_id = $1", message_id)
    return None if row is None else _message(row)


async def list_messages(
    tx: Tx,
    *,
    creditors: list[UUID] | None,
    party_id: UUID | None,
    status: str | None,
    channel: str | None,
    before: UUID | None,
    limit: int,
) -> list[MessageView]:
    """Messages, newest first."""
    rows = await tx.fetch(_MESSAGES, creditors, party_id, status, channel, before, limit)
    return [_message(row) for row in rows]


async def list_templates(tx: Tx, creditors: list[UUID] | None) -> list[TemplateView]:
    """The deployment's own templates that a token reaches, then those that come with the service."""
    own = [_template(row) for row in await tx.fetch(_TEMPLATES, creditors)]
    shipped = [
        TemplateView.model_validate(
            {
                "code": one.code,
                "channel": one.channel,
                "language": one.language,
                "creditor_id": None,
                "version": one.version,
                "is_shipped": True,
                "subject": one.subject,
                "body": one.body,
            }
        )
        for one in SHIPPED
    ]
    return own + shipped


def _message(row: Any) -> MessageView:
    return MessageView.model_validate({name: row[name] for name in MessageView.model_fields})


def _template(row: Any) -> TemplateView:
    own = {name: row[name] for name in TemplateView.model_fields if name != "is_shipped"}
    return TemplateView.model_validate(own | {"is_shipped": False})
