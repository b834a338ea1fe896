"""Contacts that the person made: kept as attempts without a permit, so that their outcome counts as any other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contact.domain.contact_points import KIND_OF
from services.contact.domain.placing import Case, Placing, check_parts
from services.contact.store.attempts import insert_attempts
from services.contact.store.cases import load_case
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.contact import ContactAttempted


@dataclass(frozen=True, slots=True)
class InboundContact:
    """A call, text, e-mail, letter or visit of a person whom somebody has recognised."""

    attempt_id: UUID
    placing: Placing
    actor: str
    at: datetime
    creditors: frozenset[UUID] | None = None
    note: str | None = None


async def record_inbound(tx: Tx, contacts: Sequence[InboundContact]) -> list[UUID | Refusal]:
    """Keep and publish what came in; return the attempt ids. One that is here already is not made twice.

    Refuses: `account-not-here`, `account-unknown`, `party-unknown`, `party-not-on-account`, `contact-point-mismatch`.
    """
    case = await load_case(tx, [contact.placing for contact in contacts])
    results = [_refusal(contact, case) or contact.attempt_id for contact in contacts]
    going = [contact for contact, result in zip(contacts, results, strict=True) if not isinstance(result, Refusal)]
    made = await insert_attempts(tx, [_row(contact, case) for contact in going])
    for contact in going:
        if contact.attempt_id in made:
            _publish(tx, contact, case)
    return results


def _refusal(contact: InboundContact, case: Case) -> Refusal | None:
    placing = contact.placing
    debts = [case.debts.get(account_id) for account_id in placing.account_ids]
    if not all(debts):
        return Refusal("account-not-here", "An account is not known here yet; it arrives with its first snapshot.")
    known = [debt for debt in debts if debt is not None]
    if contact.creditors is not None and any(debt.creditor_id not in contact.creditors for debt in known):
        return Refusal("account-unknown", "There is no such account.", "account_ids")
    if placing.party_id not in case.parties:
        return Refusal("party-unknown", "There is no such party.", "party_id")
    if (refusal := check_parts(placing.party_id, known)) is not None:
        return refusal
    point = case.points.get(placing.contact_point_id) if placing.contact_point_id else None
    if placing.contact_point_id is not None and (
        point is None or point.party_id != placing.party_id or point.facts.kind != KIND_OF[placing.channel]
    ):
        return Refusal("contact-point-mismatch", "The contact point is not the party's, or not of this channel.")
    return None


def _row(contact: InboundContact, case: Case) -> dict[str, Any]:
    placing = contact.placing
    return {
        "attempt_id": contact.attempt_id,
        "creditor_id": case.debts[placing.account_ids[0]].creditor_id,
        "party_id": placing.party_id,
        "account_ids": list(placing.account_ids),
        "direction": "inbound",
        "channel": placing.channel,
        "purpose": placing.purpose,
        "contact_point_id": placing.contact_point_id,
        "is_dialer": False,
        "disclosures": [],
        "status": "placed",
        "placed_at": contact.at,
        "placed_by": contact.actor,
        "note": contact.note,
    }


def _publish(tx: Tx, contact: InboundContact, case: Case) -> None:
    placing = contact.placing
    event = ContactAttempted(
        creditor_id=case.debts[placing.account_ids[0]].creditor_id,
        account_id=placing.account_ids[0],
        account_ids=placing.account_ids,
        party_id=placing.party_id,
        attempt_id=contact.attempt_id,
        permit_id=None,
        direction="inbound",
        channel=placing.channel,
        purpose=placing.purpose,
        contact_point_id=placing.contact_point_id,
        at=contact.at,
    )
    tx.emit("contact.attempted", event)
