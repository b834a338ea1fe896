"""Places contacts: each uses its permit, for ever, in the transaction that lets it out. A batch is one insert.

What contact itself knows is checked here once more, under the lock of the contact point: a STOP that came since the
permit was given stops the contact. An attempt that was told of as never placed stays so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contact.domain.placing import Block, Placing, check
from services.contact.store.attempts import insert_attempts, take_asked
from services.contact.store.cases import load_case
from shared.db.locks import Locks
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.contact import ContactAttempted

_GIVEN_UP = Refusal("contact-blocked", "contact.given_up: The attempt was told of as not placed; it took too long.")


@dataclass(frozen=True, slots=True)
class PlaceAttempt:
    """A contact that has its permit and is to be placed before `expires_at`."""

    attempt_id: UUID
    creditor_id: UUID
    placing: Placing
    permit_id: UUID
    decision_id: UUID | None
    expires_at: datetime
    actor: str
    disclosures: tuple[str, ...] = ()
    language: str | None = None
    is_dialer: bool = False
    message_id: UUID | None = None
    cause: UUID | None = None
    """The correlation of the request, under which its event goes out."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A contact that may be made now. `value`: the number or address to use, None for an address of the party."""

    command: PlaceAttempt
    placed_at: datetime
    value: str | None


def locks_of(command: PlaceAttempt) -> Locks:
    """Whoever places and whoever marks a contact point hold the point; without one, the party."""
    held = command.placing.contact_point_id or command.placing.party_id
    return Locks(creditors=frozenset({command.creditor_id}), accounts=frozenset({held}))


async def place_attempts(tx: Tx, commands: Sequence[PlaceAttempt]) -> list[Placed | Refusal]:
    """Place the contacts of a batch.

    Refuses: `contact-blocked` (its permit has expired, its contact point is no longer good, or it was given up),
    `permit-used`, and as `domain.placing.check`.
    """
    case = await load_case(tx, [command.placing for command in commands])
    now = tx.clock.now()
    refusals = [_refusal(command, check(command.placing, case), now) for command in commands]
    good = [command for command, refusal in zip(commands, refusals, strict=True) if refusal is None]
    asked = await take_asked(tx, {command.attempt_id for command in good})
    made = await insert_attempts(tx, [_row(command, now) for command in good if command.attempt_id in asked])
    results: list[Placed | Refusal] = []
    for command, refusal in zip(commands, refusals, strict=True):
        if refusal is not None:
            results.append(refusal)
        elif command.attempt_id not in asked:
            results.append(_GIVEN_UP)
        elif command.attempt_id not in made:
            results.append(Refusal("permit-used", "The permit was used before."))
        else:
            _publish(tx, command, now)
            point_id = command.placing.contact_point_id
            results.append(Placed(command, now, None if point_id is None else case.points[point_id].value))
    return results


def _refusal(command: PlaceAttempt, found: Refusal | Block | None, now: datetime) -> Refusal | None:
    if isinstance(found, Block):
        return Refusal("contact-blocked", f"{found.rule_id}: {found.detail}")
    if found is None and now >= command.expires_at:
        return Refusal("contact-blocked", "contact.permit_expired: The permit has expired.")
    return found


def _row(command: PlaceAttempt, now: datetime) -> dict[str, Any]:
    placing = command.placing
    return {
        "attempt_id": command.attempt_id,
        "permit_id": command.permit_id,
        "decision_id": command.decision_id,
        "creditor_id": command.creditor_id,
        "party_id": placing.party_id,
        "account_ids": list(placing.account_ids),
        "direction": "outbound",
        "channel": placing.channel,
        "purpose": placing.purpose,
        "contact_point_id": placing.contact_point_id,
        "is_dialer": command.is_dialer,
        "disclosures": list(command.disclosures),
        "language": command.language,
        "status": "placed",
        "placed_at": now,
        "placed_by": command.actor,
        "message_id": command.message_id,
    }


def _publish(tx: Tx, command: PlaceAttempt, now: datetime) -> None:
    placing = command.placing
    event = ContactAttempted(
        creditor_id=command.creditor_id,
        account_id=placing.account_ids[0],
        account_ids=placing.account_ids,
        party_id=placing.party_id,
        attempt_id=command.attempt_id,
        permit_id=command.permit_id,
        direction="outbound",
        channel=placing.channel,
        purpose=placing.purpose,
        contact_point_id=placing.contact_point_id,
        at=now,
        is_dialer=command.is_dialer,
    )
    tx.emit("contact.attempted", event, causation=command.cause)
