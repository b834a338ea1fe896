"""Keeps that an attempt is about to be asked for, after contact itself found nothing against it; gives up those lost.

An attempt has its id before compliance hears of it, and the wish to make it is committed first: whatever breaks between
the question and the call, a permit that may have been reserved is found by that id, and taken back once.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.contact.domain.placing import Block, Case, Placing, check
from services.contact.handlers.record_blocks import Blocked, record_blocks
from services.contact.store.attempts import ask_attempts, load_lost
from services.contact.store.cases import load_case
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.contact import BlockReason
from shared.ids import new_id

LOST_AFTER: Final = timedelta(minutes=5)
"""Nobody waits so long for an answer of compliance, nor then for the call: what was asked for is given up."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Ask:
    """A contact that somebody wants to make. `wish` names it: asked again, it is the same attempt.

    `creditors`: those that the asker reaches, None for all.
    """

    placing: Placing
    wish: str
    actor: str
    creditors: AbstractSet[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """An attempt that compliance may be asked for."""

    attempt_id: UUID
    creditor_id: UUID


@dataclass(frozen=True, slots=True)
class Stopped:
    """A contact that contact itself stopped; it is kept as blocked."""

    rule: dict[str, Any]
    reason: BlockReason


async def ask_for(tx: Tx, asks: Sequence[Ask]) -> list[Asked | Stopped | Refusal]:
    """Keep the attempts of a batch. Refuses: `account-unknown`, and as `domain.placing.check`."""
    case = await load_case(tx, [ask.placing for ask in asks])
    found = [_unseen(ask, case) or check(ask.placing, case) for ask in asks]
    going = [ask for ask, stop in zip(asks, found, strict=True) if stop is None]
    ids = await ask_attempts(tx, [_row(ask, case, tx.clock.now()) for ask in going])
    stopped = [(ask, stop) for ask, stop in zip(asks, found, strict=True) if isinstance(stop, Block)]
    await record_blocks(tx, [_blocked(ask, stop, case) for ask, stop in stopped])
    return [_result(ask, stop, case, ids) for ask, stop in zip(asks, found, strict=True)]


async def give_up_lost(tx: Tx) -> int:
    """Tell that what was asked for long ago is not placed; return how many."""
    lost = await load_lost(tx, tx.clock.now() - LOST_AFTER, _AT_ONCE)
    blocks = [
        Blocked(
            row["creditor_id"],
            Placing(
                row["party_id"], tuple(row["account_ids"]), row["channel"], row["contact_point_id"], row["purpose"]
            ),
            "not_placed",
            row["asked_by"],
            ({"id": "contact.answer_lost", "result": "fail"},),
            attempt_id=row["attempt_id"],
        )
        for row in lost
    ]
    await record_blocks(tx, blocks)
    return len(blocks)


def _unseen(ask: Ask, case: Case) -> Refusal | None:
    first = case.debts.get(ask.placing.account_ids[0])
    if first is None or ask.creditors is None or first.creditor_id in ask.creditors:
        return None
    return Refusal("account-unknown", "There is no such account.", "account_ids")


def _result(ask: Ask, stop: Refusal | Block | None, case: Case, ids: dict[str, UUID]) -> Asked | Stopped | Refusal:
    if isinstance(stop, Refusal):
        return stop
    if isinstance(stop, Block):
        return Stopped(_rule(stop), stop.reason)
    return Asked(ids[ask.wish], _creditor(ask, case))


def _rule(stop: Block) -> dict[str, Any]:
    return {"id": stop.rule_id, "result": "fail", "detail": stop.detail}


def _creditor(ask: Ask, case: Case) -> UUID:
    return case.debts[ask.placing.account_ids[0]].creditor_id


def _blocked(ask: Ask, stop: Block, case: Case) -> Blocked:
    return Blocked(_creditor(ask, case), ask.placing, stop.reason, ask.actor, (_rule(stop),))


def _row(ask: Ask, case: Case, now: datetime) -> dict[str, Any]:
    placing = ask.placing
    return {
        "attempt_id": new_id(),
        "wish": ask.wish,
        "creditor_id": _creditor(ask, case),
        "party_id": placing.party_id,
        "account_ids": list(placing.account_ids),
        "channel": placing.channel,
        "purpose": placing.purpose,
        "contact_point_id": placing.contact_point_id,
        "asked_at": now,
        "asked_by": ask.actor,
    }
