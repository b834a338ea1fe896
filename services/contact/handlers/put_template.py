"""Makes or changes a template of the deployment; what cannot be filled in is refused before it is kept."""

from services.contact.domain.templates import TemplateText, refuse_template
from services.contact.handlers.actor import Actor
from services.contact.schemas.messages import TemplateRequest, TemplateView
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id

_PUT = """
INSERT INTO template AS t
  (template_id, code, channel, language, creditor_id, version, subject, body, updated_at, updated_by)
VALUES ($1, $2, $3, $4, $5, 2, $6, $7, $8, $9)
ON CONFLICT (code, channel, language, creditor_id) DO UPDATE SET
  version = t.version + 1, subject = excluded.subject, body = excluded.body, updated_at = excluded.updated_at,
  updated_by = excluded.updated_by
RETURNING *
"""
"""Version 1 of every name is the shipped one."""


async def put_template(tx: Tx, actor: Actor, code: str, request: TemplateRequest) -> TemplateView | Refusal:
    """Keep a template. Refuses: `template-invalid`, `creditor-unknown`.

    One for every creditor is for whoever reaches every creditor.
    """
    if request.creditor_id is None and actor.creditors is not None:
        return Refusal("creditor-unknown", "Name one of your creditors.", "creditor_id")
    if request.creditor_id is not None and not actor.may_see(request.creditor_id):
        return Refusal("creditor-unknown", "There is no such creditor.", "creditor_id")
    text = TemplateText(code, request.channel, request.language, 0, request.subject, request.body)
    refusal = refuse_template(text)
    if refusal is not None:
        return refusal
    row = await tx.fetchrow(
        _PUT,
        new_id(),
        code,
        request.channel,
        request.language,
        request.creditor_id,
        request.subject,
        request.body,
        tx.clock.now(),
        actor.sub,
    )
    shown = {name: row[name] for name in TemplateView.model_fields if name != "is_shipped"}
    return TemplateView.model_validate(shown | {"is_shipped": False})
