"""Keeps and publishes contacts that were not made. A permit named there was not used and stops counting.

Nor is one that was given for an attempt named there: contact itself may not know of it, for answers are lost. Such an
attempt is told of once, and can be placed no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contact.domain.placing import Placing
from services.contact.store.attempts import insert_blocks, take_asked
from shared.db.transaction import Tx
from shared.events.contact import BlockReason, ContactBlocked
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class Blocked:
    """A contact that was not made, and why. `rules` as they were answered, those that did not pass.

    `attempt_id`: the attempt that was asked for; without one, contact stopped it before it asked.
    """

    creditor_id: UUID
    placing: Placing
    reason: BlockReason
    actor: str
    rules: tuple[dict[str, Any], ...] = ()
    attempt_id: UUID | None = None
    permit_id: UUID | None = None
    decision_id: UUID | None = None
    not_before: datetime | None = None
    block_id: UUID = field(default_factory=new_id)


async def record_blocks(tx: Tx, blocks: Sequence[Blocked]) -> None:
    """Save and publish a batch of them, but those of attempts that were placed or told of before."""
    now = tx.clock.now()
    asked = await take_asked(tx, {block.attempt_id for block in blocks if block.attempt_id is not None})
    ended = [block for block in blocks if block.attempt_id is None or block.attempt_id in asked]
    await insert_blocks(tx, [_row(block, now) for block in ended])
    for block in ended:
        placing = block.placing
        tx.emit(
            "contact.blocked",
            ContactBlocked(
                creditor_id=block.creditor_id,
                account_id=placing.account_ids[0],
                block_id=block.block_id,
                # Rules that refused gave no permit: there is nothing to take back.
                attempt_id=None if block.reason == "rules" else block.attempt_id,
                account_ids=placing.account_ids,
                party_id=placing.party_id,
                permit_id=block.permit_id,
                decision_id=block.decision_id,
                channel=placing.channel,
                purpose=placing.purpose,
                contact_point_id=placing.contact_point_id,
                reason=block.reason,
                rules=tuple(str(rule.get("id"))[:64] for rule in block.rules),
                not_before=block.not_before,
                at=now,
            ),
        )


def _row(block: Blocked, now: datetime) -> dict[str, Any]:
    placing = block.placing
    return {
        "block_id": block.block_id,
        "permit_id": block.permit_id,
        "decision_id": block.decision_id,
        "creditor_id": block.creditor_id,
        "party_id": placing.party_id,
        "account_ids": list(placing.account_ids),
        "channel": placing.channel,
        "purpose": placing.purpose,
        "contact_point_id": placing.contact_point_id,
        "reason": block.reason,
        "rules": list(block.rules),
        "not_before": block.not_before,
        "blocked_at": now,
        "asked_by": block.actor,
    }
