"""What becomes of messages: after the hand-over, after a receipt, or when their time is over. A batch at a time.

Each step moves a message along its transitions or not at all, closes the attempt of the hand-over, and publishes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from services.contact.domain.attempt import Report
from services.contact.domain.contact_points import KIND_OF, value_key
from services.contact.domain.message import (
    RECEIPT_WITHIN,
    RETURNED_LATE,
    SENT_RESULT,
    TERMINAL,
    MessageStatus,
    Result,
    is_late_return,
    is_overdue,
    may_become,
    next_try_at,
    settled_without_receipt,
    status_after,
)
from services.contact.domain.placing import Placing
from services.contact.domain.receipts import Receipt, decisive
from services.contact.domain.shipped_templates import OPT_OUT_CONFIRMED, REPLIES
from services.contact.handlers.close_attempts import CloseAttempt, close_attempts
from services.contact.handlers.marks import OptOutSaid, PointInvalid, invalidate, opt_out
from services.contact.handlers.record_blocks import Blocked, record_blocks
from services.contact.store.messages import (
    keep_early,
    load_by_ref,
    load_messages,
    lock_messages,
    take_early,
    update_messages,
)
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.events.contact import MessageBounced, MessageSent

Row = Mapping[str, Any]

_REFS = UUID("6a0b7f4e-9f55-5d0c-8c0b-3d9d6e7f2a10")
"""The namespace of the locks of gateways' ids."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A message that was handed over, and what the gateway said."""

    message_id: UUID
    result: Result


async def settle_handed(tx: Tx, handed: Sequence[Handed]) -> None:
    """Keep what gateways said of messages that are `sending`; a receipt may have overtaken it."""
    await lock(tx, accounts=[_ref_lock(ref) for one in handed for ref in _names(one.message_id, one.result.ref)])
    rows = await load_messages(tx, [one.message_id for one in handed])
    moves = [
        (rows[one.message_id], one.result)
        for one in handed
        if one.message_id in rows and may_become(rows[one.message_id]["status"], status_after(one.result))
    ]
    # Unless it is known that nothing left, it counts as sent.
    did_leave = {row["message_id"]: result.handover in ("taken", "unknown") for row, result in moves}
    await _close(tx, [(row, did_leave[row["message_id"]]) for row, _ in moves])
    await update_messages(tx, [_after(row, result, tx.clock.now()) for row, result in moves])
    for row, result in moves:
        if result.handover == "taken":
            _publish(tx, "message.sent", MessageSent, row)
    await _learn(tx, [(row, status_after(result), result.reason, result.is_permanent) for row, result in moves])
    taken = [(row, result.ref) for row, result in moves if result.handover == "taken"]
    refs = [(row["channel"], name) for row, ref in taken for name in _names(row["message_id"], ref)]
    await _apply_receipts(tx, await take_early(tx, refs))


async def take_receipts(tx: Tx, receipts: Sequence[Receipt], creditors: Collection[UUID] | None = None) -> int:
    """Keep what became of messages that were sent; return how many moved. Only a return counts after another receipt.

    One that comes before the answer to its hand-over was stored waits for it: both hold the locks of the message's
    names. `creditors`: whose messages it may speak of, None for all; what it says of others is not kept.
    """
    await lock(tx, accounts=[_ref_lock(one.ref) for one in receipts])
    rows = await load_by_ref(tx, [(one.channel, one.ref) for one in receipts])
    strange = {ref for row in rows if not _reaches(creditors, row) for ref in _refs(row)}
    ours = [one for one in receipts if (one.channel, one.ref) not in strange]
    answered = {ref for row in rows if row["status"] != "sending" for ref in _refs(row)}
    early = [one for one in ours if (one.channel, one.ref) not in answered]
    waiting = await take_early(tx, [(one.channel, one.ref) for one in early])
    await keep_early(tx, decisive([*waiting, *early]))
    return await _apply_receipts(tx, ours)


def _reaches(creditors: Collection[UUID] | None, row: Row) -> bool:
    return creditors is None or row["creditor_id"] in creditors


async def _apply_receipts(tx: Tx, receipts: Sequence[Receipt]) -> int:
    told = {(one.channel, one.ref): one for one in decisive(receipts)}
    moves: list[tuple[Row, Receipt]] = []
    late: list[tuple[Row, Receipt]] = []
    for row in await load_by_ref(tx, list(told)):
        receipt = next((told[ref] for ref in _refs(row) if ref in told), None)
        if receipt is None:
            continue
        # What is still queued or being handed over cannot have come to an end by a receipt.
        if row["status"] == "sent" and may_become(row["status"], receipt.status):
            moves.append((row, receipt))
        elif is_late_return(row["channel"], row["status"], row["reason"], receipt.status):
            late.append((row, receipt))
    await update_messages(
        tx, [_ended(row["message_id"], receipt.status, receipt.reason, receipt.at) for row, receipt in moves]
    )
    await update_messages(tx, [{"message_id": row["message_id"], "reason": RETURNED_LATE} for row, _ in late])
    learnt = [(row, receipt.status, receipt.reason, receipt.is_permanent) for row, receipt in (*moves, *late)]
    await _learn(tx, learnt)
    return len(learnt)


def _refs(row: Row) -> list[tuple[str, str]]:
    return [(row["channel"], name) for name in _names(row["message_id"], row["ref"])]


def _names(message_id: UUID, ref: str | None) -> list[str]:
    """The ids by which a receipt may name a message: the gateway's, and our own."""
    return [name for name in (ref, str(message_id)) if name is not None]


def _ref_lock(ref: str) -> UUID:
    return uuid5(_REFS, ref)


async def end_overdue(tx: Tx, message_ids: Sequence[UUID]) -> None:
    """Bring messages whose time has run out to their end."""
    now = tx.clock.now()
    rows = [
        row
        for row in (await lock_messages(tx, message_ids)).values()
        if is_overdue(row["status"], now, lease_until=row["lease_until"], give_up_at=row["give_up_at"])
    ]
    await _close(tx, [(row, True) for row in rows if row["status"] == "sending"])
    await record_blocks(tx, [unused(row) for row in rows if row["permit_id"] is not None])
    await update_messages(tx, [_ended(row["message_id"], *_out_of_time(row), now) for row in rows])


def _out_of_time(row: Row) -> tuple[MessageStatus, str]:
    if row["status"] == "sent":
        return settled_without_receipt(row["channel"])
    return ("failed", "outcome-unknown") if row["status"] == "sending" else ("failed", "gave-up")


def unused(row: Row) -> Blocked:
    """The block of a message whose permit ran out before it left."""
    return Blocked(
        row["creditor_id"],
        placing_of(row),
        "permit_expired",
        row["queued_by"],
        attempt_id=row["asked_attempt_id"],
        permit_id=row["permit_id"],
        decision_id=row["decision_id"],
    )


def placing_of(row: Row) -> Placing:
    """The contact that a message is."""
    return Placing(
        row["party_id"],
        tuple(row["account_ids"]),
        row["channel"],
        row["contact_point_id"],
        row["purpose"],
        confirms_opt_out=row["template"] == OPT_OUT_CONFIRMED,
    )


async def _close(tx: Tx, moves: Sequence[tuple[Row, bool]]) -> None:
    """Close the attempts of hand-overs: what did not leave was not connected, and counts for nothing."""
    await close_attempts(
        tx,
        [
            CloseAttempt(
                row["attempt_id"],
                Report(SENT_RESULT[row["channel"]], () if row["template"] in REPLIES else tuple(row["account_ids"]))
                if did_leave
                else Report("network_failure"),
                "sender",
            )
            for row, did_leave in moves
            if row["attempt_id"] is not None
        ],
    )


def _after(row: Row, result: Result, now: datetime) -> dict[str, Any]:
    status = status_after(result)
    change = _ended(row["message_id"], status, result.reason, now if status in TERMINAL else None)
    if status == "queued":
        return change | {"next_try_at": next_try_at(now, row["tries"])}
    if status == "sent":
        return change | {"ref": result.ref, "sent_at": now, "lease_until": now + RECEIPT_WITHIN[row["channel"]]}
    return change


def _ended(message_id: UUID, status: MessageStatus, reason: str | None, at: datetime | None) -> dict[str, Any]:
    return {"message_id": message_id, "status": status, "reason": reason, "ended_at": at}


async def _learn(tx: Tx, moves: Sequence[tuple[Row, MessageStatus, str | None, bool]]) -> None:
    """Publish bounces; what is permanent, and every refusal, marks the contact point."""
    now = tx.clock.now()
    invalid: list[PointInvalid] = []
    refused: list[OptOutSaid] = []
    for row, status, reason, is_permanent in moves:
        kind = KIND_OF[row["channel"]]
        key = value_key(kind, row["recipient"])
        if status in ("bounced", "undeliverable"):
            facts = {"is_permanent": is_permanent or row["channel"] == "letter", "reason": (reason or status)[:64]}
            _publish(tx, "message.bounced", MessageBounced, row, **facts)
            if facts["is_permanent"] and row["contact_point_id"] is not None:
                why = "bounced" if row["channel"] != "letter" else "undeliverable"
                invalid.append(
                    PointInvalid(
                        row["contact_point_id"], row["party_id"], row["creditor_id"], kind, key, why, now,
                        row["account_ids"][0], row["attempt_id"],
                    )
                )  # fmt: skip
        if status == "opted_out":
            refused.append(OptOutSaid(row["channel"], kind, key, "gateway", now, row["message_id"]))
    await invalidate(tx, invalid)
    await opt_out(tx, refused)


def _publish(tx: Tx, topic: str, model: Any, row: Row, **facts: Any) -> None:
    event = {
        "creditor_id": row["creditor_id"],
        "account_id": row["account_ids"][0],
        "account_ids": tuple(row["account_ids"]),
        "party_id": row["party_id"],
        "message_id": row["message_id"],
        "attempt_id": row["attempt_id"],
        "channel": row["channel"],
        "contact_point_id": row["contact_point_id"],
        "template": row["template"],
        "language": row["language"],
        "at": tx.clock.now(),
    }
    tx.emit(topic, model.model_validate(event | facts))
