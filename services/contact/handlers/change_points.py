"""Contact points by hand: one that somebody gave, one that is wrong, a channel that is refused at one."""

import re
from collections.abc import Awaitable
from dataclasses import dataclass
from uuid import UUID

import phonenumbers

from services.contact.domain.contact_points import CHANNELS_OF, PointKind, value_key
from services.contact.domain.placing import PointOfParty
from services.contact.handlers.actor import Actor
from services.contact.handlers.marks import OptOutSaid, PointInvalid, invalidate, opt_out, publish_marks
from services.contact.store.cases import load_points
from services.contact.tables.parties import CONTACT_POINT
from shared.db.locks import lock
from shared.db.sets import insert_rows, update_rows
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.contact import ContactChannel, InvalidReason
from shared.ids import contact_point_id

Change = Awaitable[UUID | Refusal]
"""A change under way: the id of the contact point that it changes, or why it does not."""
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class NewPoint:
    """A way to reach a party that somebody named."""

    party_id: UUID
    kind: PointKind
    value: str
    label: str
    given_by: str


async def add_point(tx: Tx, actor: Actor, draft: NewPoint) -> UUID | Refusal:
    """Keep a contact point; one that is here already is only named once more. Refuses: `party-unknown`, `invalid`."""
    creditor_id = await tx.fetchval("SELECT creditor_id FROM party_view WHERE party_id = $1", draft.party_id)
    if creditor_id is None or not actor.may_see(creditor_id):
        return Refusal("party-unknown", "There is no such party.", "party_id")
    value = normalised(draft.kind, draft.value)
    if value is None:
        return Refusal("validation-error", f"This is no {draft.kind}.", "value")
    point_id = contact_point_id(draft.party_id, draft.kind, value)
    await lock(tx, creditors=[creditor_id], accounts=[draft.party_id, point_id])
    named = {"added_by": draft.given_by, "added_at": tx.clock.now()}
    row = {
        "contact_point_id": point_id,
        "creditor_id": creditor_id,
        "party_id": draft.party_id,
        "kind": draft.kind,
        "value": value,
        "value_key": value_key(draft.kind, value),
        "label": draft.label,
        **named,
    }
    if await insert_rows(tx, CONTACT_POINT, [row], on_conflict="nothing", returning=["contact_point_id"]):
        await publish_marks(tx, [point_id])
    else:
        await update_rows(tx, CONTACT_POINT, [{"contact_point_id": point_id, **named}], key=["contact_point_id"])
    return point_id


async def mark_invalid(tx: Tx, actor: Actor, point_id: UUID, reason: InvalidReason) -> UUID | Refusal:
    """Keep that a contact point does not reach its party. Refuses: `contact-point-unknown`."""
    found = await _locked(tx, actor, point_id)
    if isinstance(found, Refusal):
        return found
    point, creditor_id = found
    key = value_key(point.facts.kind, point.value)
    await invalidate(
        tx, [PointInvalid(point_id, point.party_id, creditor_id, point.facts.kind, key, reason, tx.clock.now())]
    )
    return point_id


async def refuse_channel(tx: Tx, actor: Actor, point_id: UUID, channel: ContactChannel) -> UUID | Refusal:
    """Keep that a channel is refused at a value. Refuses: `contact-point-unknown`, `contact-point-mismatch`."""
    found = await _locked(tx, actor, point_id)
    if isinstance(found, Refusal):
        return found
    point, _ = found
    kind = point.facts.kind
    if channel not in CHANNELS_OF[kind]:
        return Refusal("contact-point-mismatch", f"{channel} does not go to a {kind}.", "channel")
    await opt_out(tx, [OptOutSaid(channel, kind, value_key(kind, point.value), "collector", tx.clock.now())])
    return point_id


async def _locked(tx: Tx, actor: Actor, point_id: UUID) -> tuple[PointOfParty, UUID] | Refusal:
    creditor_id = await tx.fetchval("SELECT creditor_id FROM contact_point WHERE contact_point_id = $1", point_id)
    if creditor_id is None or not actor.may_see(creditor_id):
        return Refusal("contact-point-unknown", "There is no such contact point.")
    await lock(tx, creditors=[creditor_id], accounts=[point_id])
    points = await load_points(tx, [point_id])
    return points[point_id], creditor_id


def normalised(kind: PointKind, value: str) -> str | None:
    """The one form of a value (E.164, an e-mail with its domain in lower case, an address on one line), or None."""
    text = " ".join(value.split())
    if kind == "address":
        return text or None
    if kind == "email":
        local, _, domain = text.rpartition("@")
        return f"{local}@{domain.lower()}" if _MAIL.fullmatch(text) else None
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
