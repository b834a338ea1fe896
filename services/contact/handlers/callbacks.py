"""Callbacks: scheduled in a talk or by hand, moved, cancelled, and done by the attempt that keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contact.domain.callback import CallbackStatus, may_become
from services.contact.handlers.actor import Actor
from services.contact.tables.parties import CALLBACK
from shared.db.locks import lock
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.events.contact import CallbackState
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class NewCallback:
    """A callback that is agreed or planned. `is_requested`: the person asked for it."""

    creditor_id: UUID
    party_id: UUID
    account_ids: tuple[UUID, ...]
    channel: str
    contact_point_id: UUID | None
    callback_at: datetime
    is_requested: bool
    actor: str
    made_in: UUID | None = None


async def schedule(tx: Tx, drafts: Sequence[NewCallback]) -> list[UUID]:
    """Schedule callbacks and publish them; return their ids."""
    now = tx.clock.now()
    rows: list[dict[str, Any]] = [
        {
            "callback_id": new_id(),
            "creditor_id": draft.creditor_id,
            "party_id": draft.party_id,
            "account_ids": list(draft.account_ids),
            "channel": draft.channel,
            "contact_point_id": draft.contact_point_id,
            "callback_at": draft.callback_at,
            "is_requested": draft.is_requested,
            "status": "scheduled",
            "made_in": draft.made_in,
            "done_by": None,
            "made_at": now,
            "made_by": draft.actor,
            "version": tx.least_version + 1,
        }
        for draft in drafts
    ]
    await insert_rows(tx, CALLBACK, rows)
    _publish(tx, rows)
    return [row["callback_id"] for row in rows]


async def change(
    tx: Tx, actor: Actor, callback_id: UUID, status: CallbackStatus, *, callback_at: datetime | None = None
) -> UUID | Refusal:
    """Move a callback to another time, or cancel it; return its id.

    Refuses: `callback-unknown`, `callback-in-past`, `transition-refused`.
    """
    found = await load_rows(tx, CALLBACK, "callback_id", [callback_id])
    if not found or not actor.may_see(found[0]["creditor_id"]):
        return Refusal("callback-unknown", "There is no such callback.")
    await lock(tx, creditors=[found[0]["creditor_id"]], accounts=[callback_id])
    row = dict((await load_rows(tx, CALLBACK, "callback_id", [callback_id]))[0])
    if not may_become(row["status"], status):
        return Refusal("transition-refused", f"The callback is {row['status']}.")
    if callback_at is not None and callback_at <= tx.clock.now():
        return Refusal("callback-in-past", "The time has passed.", "callback_at")
    await _save(tx, [row | {"status": status, "callback_at": callback_at or row["callback_at"]}])
    return callback_id


_DUE = """
SELECT * FROM callback WHERE status = 'scheduled' AND party_id = ANY($1::uuid[]) AND callback_at <= $2 FOR UPDATE
"""


async def keep_due(tx: Tx, reached: Sequence[tuple[UUID, UUID]], before: datetime) -> None:
    """A talk with the right party keeps the callbacks that were due: (party, attempt) of each talk."""
    attempts = dict(reached)
    rows = await tx.fetch(_DUE, list(attempts), before) if attempts else []
    await _save(tx, [dict(row) | {"status": "done", "done_by": attempts[row["party_id"]]} for row in rows])


async def _save(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        row["version"] = max(row["version"], tx.least_version) + 1
    changed = ("callback_id", "status", "callback_at", "done_by", "version")
    await update_rows(tx, CALLBACK, [{name: row[name] for name in changed} for row in rows], key=["callback_id"])
    _publish(tx, rows)


def _publish(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        state = {
            "creditor_id": row["creditor_id"],
            "account_id": row["account_ids"][0],
            "account_ids": tuple(row["account_ids"]),
            "party_id": row["party_id"],
            "callback_id": row["callback_id"],
            "status": row["status"],
            "attempt_id": row["made_in"],
            "channel": row["channel"],
            "contact_point_id": row["contact_point_id"],
            "callback_at": row["callback_at"],
            "is_requested": row["is_requested"],
            "made_at": row["made_at"],
        }
        tx.emit("callback.scheduled", CallbackState.model_validate(state), version=row["version"])
