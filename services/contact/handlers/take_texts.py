"""Texts that come in: STOP takes effect at once for the number, whoever has it; each is a contact that the person made.

A new refusal, and a call for help, are answered by one text. What else a person writes, beside a refusal of texts too,
is for a person to read: its words are the note of the attempt, which stays open until somebody says what was heard. A
text that the gateway delivers twice counts once. One from a number that nobody here has is kept as an opt-out, if it is
one, for whoever comes to have the number. Who says that the number is not the person's is told nothing: a confirmation
names a collector, and its debtor, to a third party (1006.6(d)(1)).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contact.domain.attempt import Report, Said
from services.contact.domain.contact_points import value_key
from services.contact.domain.placing import Placing
from services.contact.domain.replies import (
    Meaning,
    asks_to_cease,
    meaning_of,
    refuses_calls,
    says_more,
    says_wrong_number,
)
from services.contact.domain.shipped_templates import HELP, OPT_OUT_CONFIRMED
from services.contact.handlers.close_attempts import CloseAttempt, close_attempts
from services.contact.handlers.marks import OptOutSaid, PointInvalid, invalidate, opt_out
from services.contact.handlers.queue_message import QueueMessage, queue_reply
from services.contact.handlers.record_inbound import InboundContact, record_inbound
from services.contact.settings import ContactSettings
from services.contact.store.cases import load_points
from services.contact.tables.messages import IN_MESSAGE
from shared.db.locks import lock
from shared.db.sets import insert_rows
from shared.db.transaction import Tx
from shared.http.free_text import without_card_numbers
from shared.ids import new_id

_GATEWAY = "text-gateway"
_SENDERS = """
SELECT p.contact_point_id, p.party_id, p.creditor_id, p.value_key,
  ARRAY(
    SELECT a.account_id FROM account_view a WHERE a.party_id = p.party_id
    UNION SELECT a.account_id FROM account_part t JOIN account_view a USING (account_id) WHERE t.party_id = p.party_id
    ORDER BY 1
  ) AS account_ids
FROM contact_point p WHERE p.kind = 'phone' AND p.value_key = $1
"""


@dataclass(frozen=True, slots=True)
class IncomingText:
    """A text as the gateway gives it.

    `is_refused`: the gateway itself has taken it for an opt-out. `is_answered`: it has answered it, too.
    """

    ref: str
    sender: str
    body: str
    is_refused: bool
    is_answered: bool
    at: datetime


async def take_text(tx: Tx, settings: ContactSettings, text: IncomingText) -> bool:
    """Keep one text, and queue its answer if it is to have one; False when it was here before."""
    key = value_key("phone", text.sender)
    meaning: Meaning = "refusal" if text.is_refused else meaning_of(text.body)
    is_refusal = meaning == "refusal"
    row = {
        "gateway": _GATEWAY,
        "ref": text.ref,
        "value_key": key,
        "is_opt_out": is_refusal,
        "received_at": text.at,
    }
    if not await insert_rows(tx, IN_MESSAGE, [row], on_conflict="nothing", returning=["ref"]):
        return False
    senders = [sender for sender in await tx.fetch(_SENDERS, key) if sender["account_ids"]]
    await lock(
        tx,
        creditors={sender["creditor_id"] for sender in senders},
        accounts={sender["contact_point_id"] for sender in senders},
    )
    points = await load_points(tx, [sender["contact_point_id"] for sender in senders])
    is_new = is_refusal and not all(point.facts.is_refused("sms") for point in points.values())
    if is_refusal:
        await opt_out(tx, [OptOutSaid("sms", "phone", key, "reply", text.at)])
    await _record(tx, text, senders, meaning)
    is_answerable = not text.is_answered and not says_wrong_number(text.body)
    if senders and is_answerable and (is_new or meaning == "help"):
        await _answer(tx, settings, text, senders[0], OPT_OUT_CONFIRMED if is_refusal else HELP)
    return True


async def _answer(tx: Tx, settings: ContactSettings, text: IncomingText, sender: Any, template: str) -> None:
    """One text goes back to the number, whoever shares it: the refusal is of the number."""
    if template == OPT_OUT_CONFIRMED and sender["creditor_id"] in settings.unconfirmed_creditors:
        return
    placing = Placing(sender["party_id"], tuple(sender["account_ids"]), "sms", sender["contact_point_id"], "reply")
    command = QueueMessage(placing, template, None, _GATEWAY)
    await queue_reply(tx, settings, command, sender["creditor_id"], text.sender)


async def _record(tx: Tx, text: IncomingText, senders: Sequence[Any], meaning: Meaning) -> None:
    """The same text may be of several parties that share a number: it is a contact of each."""
    contacts = [
        InboundContact(
            attempt_id=new_id(),
            placing=Placing(
                sender["party_id"], tuple(sender["account_ids"]), "sms", sender["contact_point_id"], "service"
            ),
            actor=_GATEWAY,
            at=text.at,
            note=_words(text),
        )
        for sender in senders
    ]
    results = zip(contacts, senders, await record_inbound(tx, contacts), strict=True)
    made = [(contact, sender) for contact, sender, result in results if isinstance(result, UUID)]
    if meaning == "other":
        return
    if _is_to_be_read(text, meaning):
        if says_wrong_number(text.body):
            await invalidate(tx, [_wrong(contact, sender) for contact, sender in made])
        return
    commands = [
        CloseAttempt(
            contact.attempt_id, Report("inbound_message", heard=_heard(contact, text, meaning)), _GATEWAY, at=text.at
        )
        for contact, _ in made
    ]
    await close_attempts(tx, commands)


def _wrong(contact: InboundContact, sender: Any) -> PointInvalid:
    """The mark of a number that is said to be wrong, which waits for nobody to read the rest of the text."""
    return PointInvalid(
        sender["contact_point_id"],
        sender["party_id"],
        sender["creditor_id"],
        "phone",
        sender["value_key"],
        "wrong_number",
        contact.at,
        contact.placing.account_ids[0],
        contact.attempt_id,
    )


def _is_to_be_read(text: IncomingText, meaning: Meaning) -> bool:
    """Refused texts and a wrong number have taken effect by marks of the number; more takes effect by the outcome."""
    is_of_texts = meaning == "refusal" and not refuses_calls(text.body) and not asks_to_cease(text.body)
    return is_of_texts and says_more(text.body)


def _words(text: IncomingText) -> str | None:
    """What the person wrote, as it may be kept: no card number, and nothing that the database cannot hold."""
    return without_card_numbers(text.body.replace("\0", "")).strip() or None


def _heard(contact: InboundContact, text: IncomingText, meaning: Meaning) -> tuple[Said, ...]:
    """What a text has told: no texts to its number, which is wrong; no calls; no communication."""
    if meaning != "refusal":
        return ()
    heard = [Said("stop_medium", "sms", contact.placing.contact_point_id)]
    if says_wrong_number(text.body):
        heard.append(Said("wrong_number", contact_point_id=contact.placing.contact_point_id))
    if refuses_calls(text.body):
        heard.append(Said("stop_medium", "phone"))
    if asks_to_cease(text.body):
        heard.append(Said("cease"))
    return tuple(heard)
