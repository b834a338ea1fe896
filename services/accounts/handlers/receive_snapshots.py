"""Takes `core.account.snapshot` from Kafka, and what was held for a creditor that was not known then.

A snapshot of an unknown creditor is held and visible, never a failure. One that cannot be taken is refused alone, with
the code that the same line of a file would get. Core banking's event ids are not trusted: the account and the date
are the key, so the same message again changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from services.accounts.handlers.apply_snapshots import SnapshotLine, apply_snapshots
from services.accounts.handlers.snapshot_rows import Examined, Issue, examine
from services.accounts.store.creditors import Creditor, load_creditors, move_business_date
from services.accounts.store.snapshots import drop_held
from services.accounts.tables.snapshots import HELD_SNAPSHOT
from shared.db.locks import Locks, lock
from shared.db.sets import insert_rows
from shared.db.transaction import Tx
from shared.errors import PROBLEMS, Refusal
from shared.events.snapshot import CoreAccountSnapshot
from shared.ids import account_id, party_id
from shared.jobs import ChunkResult, Job
from shared.messaging.message import Message, Rejected

HELD_CHUNK = 500
_STILL_HELD = "SELECT held_no FROM held_snapshot WHERE held_no = ANY($1::bigint[])"


def snapshot_locks(payloads: Iterable[Any]) -> Locks:
    """The creditors, the accounts, and the parties that the rows name."""
    creditors: set[UUID] = set()
    ids: set[UUID] = set()
    for payload in payloads:
        creditor_id = payload.creditor_id
        creditors.add(creditor_id)
        ids.add(account_id(creditor_id, payload.core_account_number))
        for number in (payload.party_number, *(each.party_number for each in payload.parties)):
            if number:
                ids.add(party_id(creditor_id, number))
    return Locks(frozenset(creditors), frozenset(ids))


async def receive_snapshots(tx: Tx, messages: Sequence[Message[Any]], *, version_epoch: int = 0) -> Sequence[Rejected]:
    """Applies a batch of snapshots, each under its own creditor and date."""
    lines, rejected = await _lines(tx, messages)
    await drop_held(tx, {line.day_of_account for line in lines})
    if lines:
        await apply_snapshots(tx, lines, version_epoch=version_epoch)
    return rejected


async def _lines(tx: Tx, messages: Sequence[Message[Any]]) -> tuple[list[SnapshotLine], list[Rejected]]:
    """The rows that can be taken, and what was refused. What is of an unknown creditor is held."""
    creditors = await _creditors(tx, [message.payload for message in messages])
    lines: list[SnapshotLine] = []
    held: list[Any] = []
    rejected: list[Rejected] = []
    for message in messages:
        creditor = creditors.get(message.payload.creditor_id)
        if creditor is None:
            held.append(message.payload)
            continue
        taken = _take(tx, message.payload, creditor)
        if isinstance(taken, Refusal):
            rejected.append(Rejected(message, taken))
        else:
            lines.append(SnapshotLine(creditor.creditor_id, taken, message.event_id))
    await _hold(tx, held)
    return lines, rejected


def _take(tx: Tx, payload: Any, creditor: Creditor) -> Examined | Refusal:
    today = tx.clock.today(creditor.time_zone)
    if payload.business_date > today:
        detail = f"{payload.business_date} lies after today in the creditor's zone, {today}"
        return Refusal("business-date-in-future", detail, "business_date")
    taken = examine(payload, creditor.creditor_id, creditor.currency, payload.business_date)
    if isinstance(taken, Issue):
        code = taken.code if taken.code in PROBLEMS else "message-invalid"
        return Refusal(code, taken.message, taken.field)
    return taken


async def _creditors(tx: Tx, payloads: Sequence[Any]) -> Mapping[UUID, Creditor]:
    """The creditors of a batch, each with a business date: a book begins with the first that it is sent."""
    creditors = await load_creditors(tx, [payload.creditor_id for payload in payloads])
    for payload in payloads:
        creditor = creditors.get(payload.creditor_id)
        if creditor is None or creditor.business_date is not None:
            continue
        if isinstance(_take(tx, payload, creditor), Refusal):
            continue
        moved = await move_business_date(tx, creditor, payload.business_date)
        if moved is None:  # another batch has begun the book meanwhile
            moved = (await load_creditors(tx, [payload.creditor_id]))[payload.creditor_id]
        creditors[payload.creditor_id] = moved
    return creditors


async def _hold(tx: Tx, payloads: Sequence[Any]) -> None:
    now = tx.clock.now()
    rows = [
        {
            "creditor_id": payload.creditor_id,
            "core_account_number": payload.core_account_number,
            "business_date": payload.business_date,
            "body": payload.model_dump(mode="json", exclude_defaults=True),
            "received_at": now,
        }
        for payload in payloads
    ]
    await insert_rows(tx, HELD_SNAPSHOT, rows)


async def release_held_snapshots(tx: Tx, job: Job, *, version_epoch: int = 0) -> ChunkResult:
    """One chunk of what was held for a creditor, oldest first. What cannot be taken stays held.

    It is read again under the locks: what was received of the same day meanwhile has dropped it.
    """
    creditor_id, after = UUID(job.params["creditor_id"]), (job.cursor or {}).get("after", -1)
    rows = await tx.fetch(
        "SELECT held_no, body FROM held_snapshot WHERE creditor_id = $1 AND held_no > $2 ORDER BY held_no LIMIT $3",
        creditor_id,
        after,
        HELD_CHUNK,
    )
    done: dict[str, Any] = {"released": job.progress.get("released", 0)}
    if not rows:
        return ChunkResult(None, done)
    payloads = {row["held_no"]: payload for row in rows if (payload := _read(row["body"])) is not None}
    await lock(tx, creditors=[creditor_id], accounts=snapshot_locks(payloads.values()).accounts)
    kept = {row[0] for row in await tx.fetch(_STILL_HELD, list(payloads))}
    messages = {
        held_no: Message(topic="core.account.snapshot", payload=payload)
        for held_no, payload in payloads.items()
        if held_no in kept
    }
    lines, rejected = await _lines(tx, list(messages.values()))
    if lines:
        await apply_snapshots(tx, lines, version_epoch=version_epoch)
    refused = {id(each.message) for each in rejected}
    released = [held_no for held_no, message in messages.items() if id(message) not in refused]
    await tx.execute("DELETE FROM held_snapshot WHERE held_no = ANY($1::bigint[])", released)
    return ChunkResult({"after": rows[-1]["held_no"]}, {"released": done["released"] + len(released)})


def _read(body: Any) -> CoreAccountSnapshot | None:
    """None for one that was held under a rule that took more than the one of now: it holds up no other."""
    try:
        return CoreAccountSnapshot.model_validate(body)
    except ValidationError:
        return None
