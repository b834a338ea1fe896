"""Queues a message that has its permit: written now, with what the decision demands, sent by the worker at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.contact.domain.envelope import PostalAddress, envelope
from services.contact.domain.message import GIVE_UP_AFTER, REPLY_WITHIN
from services.contact.domain.placing import Placing
from services.contact.domain.shipped_templates import REPLIES
from services.contact.handlers.permits import Permitted
from services.contact.handlers.write_message import Draft, Written, write_message
from services.contact.settings import ContactSettings
from services.contact.store.cases import load_points
from services.contact.store.messages import insert_message
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id

_HEARD_WITHIN: Final = timedelta(seconds=1)
"""Compliance hears of the text that is answered by its event; a reply that comes too soon answers nothing there."""


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message that somebody wants to send. `language` None: what the party speaks."""

    placing: Placing
    template: str
    language: str | None
    actor: str


async def queue_message(
    tx: Tx, settings: ContactSettings, command: QueueMessage, permitted: Permitted
) -> UUID | Refusal:
    """Write and queue a message; return its id.

    Refuses: as `write_message`, `contact-point-unknown`, `validation-error` (not in the language that was asked for).
    """
    placing, decision = command.placing, permitted.decision
    if command.template in REPLIES:
        return Refusal("template-unknown", f"{command.template} answers texts; nobody sends it by hand.", "template")
    draft = Draft(
        message_id=new_id(),
        creditor_id=permitted.creditor_id,
        party_id=placing.party_id,
        account_ids=placing.account_ids,
        channel=placing.channel,  # type: ignore[arg-type] # the route takes message channels only
        template=command.template,
        disclosures=decision.disclosures,
        decided_language=decision.language,
        language=command.language,
    )
    written = await write_message(tx, settings, draft)
    if isinstance(written, Refusal):
        return written
    if command.language not in (None, written.template.language):
        detail = f"It would be in {written.template.language}: the party's language is kept, or no other text is here."
        return Refusal("validation-error", detail, "language")
    recipient = await _recipient(tx, placing.contact_point_id, written)
    if isinstance(recipient, Refusal):
        return recipient
    permit = {
        "permit_id": permitted.permit.id,
        "decision_id": decision.decision_id,
        "permit_expires_at": permitted.permit.expires_at,
        "asked_attempt_id": permitted.attempt_id,
    }
    row = _row(draft, command, written, recipient, tx.clock.now())
    await insert_message(tx, row | permit | {"give_up_at": tx.clock.now() + GIVE_UP_AFTER})
    return draft.message_id


async def queue_reply(
    tx: Tx, settings: ContactSettings, command: QueueMessage, creditor_id: UUID, recipient: str
) -> UUID | Refusal:
    """Write and queue the answer to a text, to the number that it came from. It gets its permit when it is sent.

    Refuses: as `write_message`.
    """
    placing = command.placing
    draft = Draft(
        message_id=new_id(),
        creditor_id=creditor_id,
        party_id=placing.party_id,
        account_ids=placing.account_ids,
        channel="sms",
        template=command.template,
        disclosures=(),
        decided_language=None,
        language=command.language,
    )
    written = await write_message(tx, settings, draft)
    if isinstance(written, Refusal):
        return written
    now = tx.clock.now()
    row = _row(draft, command, written, recipient, now)
    await insert_message(tx, row | {"next_try_at": now + _HEARD_WITHIN, "give_up_at": now + REPLY_WITHIN})
    return draft.message_id


def _row(draft: Draft, command: QueueMessage, written: Written, recipient: str, now: datetime) -> dict[str, object]:
    return {
        "message_id": draft.message_id,
        "creditor_id": draft.creditor_id,
        "party_id": draft.party_id,
        "account_ids": list(draft.account_ids),
        "channel": draft.channel,
        "contact_point_id": command.placing.contact_point_id,
        "recipient": recipient,
        "purpose": command.placing.purpose,
        **_text_of(written, draft),
        "template": draft.template,
        "status": "queued",
        "tries": 0,
        "next_try_at": now,
        "queued_at": now,
        "queued_by": command.actor,
    }


def _text_of(written: Written, draft: Draft) -> dict[str, object]:
    """The columns that hold what a message says."""
    return {
        "template_version": written.template.version,
        "language": written.template.language,
        "subject": written.rendered.subject,
        "body": written.rendered.body,
        "disclosures": list(draft.disclosures),
    }


async def rewrite_message(
    tx: Tx, settings: ContactSettings, draft: Draft, contact_point_id: UUID | None
) -> dict[str, object] | Refusal:
    """Write a message anew, as things are now; return the columns that change. Refuses: as `queue_message`.

    An amount that was true when it was queued may be paid since (1006.18(b)(2), 1006.22(b)), and a person may move.
    """
    written = await write_message(tx, settings, draft)
    if isinstance(written, Refusal):
        return written
    if draft.channel != "letter":
        return _text_of(written, draft)
    recipient = await _recipient(tx, contact_point_id, written)
    return recipient if isinstance(recipient, Refusal) else _text_of(written, draft) | {"recipient": recipient}


async def _recipient(tx: Tx, contact_point_id: UUID | None, written: Written) -> str | Refusal:
    """The number or e-mail it goes to; of a letter the lines of the envelope. Refuses: `contact-point-unknown`."""
    address: PostalAddress | None = written.address
    if contact_point_id is not None:
        point = (await load_points(tx, [contact_point_id])).get(contact_point_id)
        if point is not None and point.address is None:
            return point.value
        address = None if point is None else point.address
    lines = () if address is None else envelope(written.name, address)
    if lines:
        return "\n".join(lines)
    return Refusal("contact-point-unknown", "The party has no address that is known.", "contact_point_id")
