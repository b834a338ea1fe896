"""Contact points by hand: one that somebody gave, one that is wrong, a channel that is refused at one."""

from collections.abc import Awaitable
from dataclasses import dataclass
from uuid import UUID

from services.contact.domain.contact_points import CHANNELS_OF, PointKind, value_key
from services.contact.domain.placing import PointOfParty
from services.contact.handlers.actor import Actor
from services.contact.handlers.marks import OptOutSaid, PointInvalid, invalidate, opt_out, publish_marks
from services.contact.handlers.publish_given import publish_given
from services.contact.store.cases import load_points
from services.contact.store.marks import Learnt, learn
from services.contact.tables.parties import CONTACT_POINT
from shared.contact_points import normalised
from shared.db.locks import lock
from shared.db.sets import insert_rows, update_rows
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.contact import ContactChannel, InvalidReason
from shared.ids import contact_point_id

Change = Awaitable[UUID | Refusal]
"""A change under way: the id of the contact point that it changes, or why it does not."""
_SPOKEN = "SELECT party_id, verified_at FROM contact_attempt WHERE attempt_id = $1"


@dataclass(frozen=True, slots=True)
class NewPoint:
    """A way to reach a party that somebody named, in the contact `attempt_id` where one is given."""

    party_id: UUID
    kind: PointKind
    value: str
    label: str
    given_by: str
    attempt_id: UUID | None = None


async def add_point(tx: Tx, actor: Actor, draft: NewPoint) -> UUID | Refusal:
    """Keep a contact point and publish it; one that is here already is only named once more.

    What a person says who was verified in the contact is verified by that. Refuses: `party-unknown`,
    `validation-error`, `attempt-unknown`.
    """
    creditor_id = await tx.fetchval("SELECT creditor_id FROM party_view WHERE party_id = $1", draft.party_id)
    if creditor_id is None or not actor.may_see(creditor_id):
        return Refusal("party-unknown", "There is no such party.", "party_id")
    value = normalised(draft.kind, draft.value)
    if value is None:
        return Refusal("validation-error", f"This is no {draft.kind}.", "value")
    spoken = None if draft.attempt_id is None else await tx.fetchrow(_SPOKEN, draft.attempt_id)
    if draft.attempt_id is not None and (spoken is None or spoken["party_id"] != draft.party_id):
        return Refusal("attempt-unknown", "There is no such contact with the party.", "attempt_id")
    point_id = contact_point_id(draft.party_id, draft.kind, value)
    await lock(tx, creditors=[creditor_id], accounts=[draft.party_id, point_id])
    now = tx.clock.now()
    is_vouched = draft.given_by == "consumer" and spoken is not None and spoken["verified_at"] is not None
    named = {
        "added_by": draft.given_by,
        "added_at": now,
        "added_in": draft.attempt_id,
        "is_vouched": is_vouched,
    }
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
    if is_vouched:
        await learn(tx, [Learnt(point_id, draft.party_id, creditor_id, now, "right_party_contact")])
    await publish_given(tx, draft.party_id, creditor_id)
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
