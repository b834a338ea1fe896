"""The dialer at work: a record is released by a permit when it is about to be dialled, and its result comes in a batch.

The number is given with the release and nowhere else: a dialer cannot call what was not checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.contact.domain.attempt import Report
from services.contact.domain.dialing import may_become
from services.contact.domain.placing import Placing
from services.contact.domain.result_codes import MEANINGS
from services.contact.handlers.actor import Actor
from services.contact.handlers.close_attempts import CloseAttempt, close_attempts
from services.contact.handlers.place_attempts import PlaceAttempt, Placed, place_attempts
from services.contact.store.dialing import Row, load_list, load_records, update_records
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.events.contact import ResultCode

Told = Literal["taken", "already", "conflict", "unknown", "not-released", "refused"]


@dataclass(frozen=True, slots=True)
class DialResult:
    """What came of one released record."""

    record_id: UUID
    result_code: ResultCode
    at: datetime | None


async def find_record(tx: Tx, actor: Actor, dial_list_id: UUID, record_id: UUID) -> Row | Refusal:
    """A record that may be checked, with the traits of its list.

    Refuses: `dial-list-unknown`, `dial-record-unknown`, `dial-record-used`.
    """
    wanted = await load_list(tx, dial_list_id)
    if wanted is None:
        return Refusal("dial-list-unknown", "There is no such dial list.")
    row = (await load_records(tx, [record_id])).get(record_id)
    if row is None or row["dial_list_id"] != dial_list_id or not actor.may_see(row["creditor_id"]):
        return Refusal("dial-record-unknown", "There is no such record on the list.")
    if not may_become(row["status"], "released"):
        return Refusal("dial-record-used", f"The record is {row['status']}.")
    return {**row, "traits": wanted["traits"]}


def placing_of(row: Row) -> Placing:
    """The call that a record is."""
    traits = tuple(row["traits"])
    return Placing(row["party_id"], (row["account_id"],), "phone", row["contact_point_id"], "collection", traits=traits)


async def release(tx: Tx, record_id: UUID, command: PlaceAttempt) -> Placed | Refusal:
    """Place the call of a record and release it, in one transaction. Refuses: `dial-record-used`, and as there."""
    locked = await tx.fetchrow("SELECT status FROM dial_record WHERE record_id = $1 FOR UPDATE", record_id)
    if not may_become(locked["status"], "released"):
        return Refusal("dial-record-used", f"The record is {locked['status']}.")
    placed = (await place_attempts(tx, [command]))[0]
    if isinstance(placed, Placed):
        change = {"record_id": record_id, "status": "released", "attempt_id": command.attempt_id, "rules": []}
        await update_records(tx, [change])
    return placed


async def keep_block(tx: Tx, record_id: UUID, problem: Problem) -> None:
    """Keep why a record was not released, unless it was meanwhile."""
    locked = await tx.fetchrow("SELECT status FROM dial_record WHERE record_id = $1 FOR UPDATE", record_id)
    if may_become(locked["status"], "blocked"):
        not_before = problem.members.get("not_before")
        change = {
            "record_id": record_id,
            "status": "blocked",
            "rules": problem.members.get("rules", []),
            "not_before": None if not_before is None else datetime.fromisoformat(not_before),
        }
        await update_records(tx, [change])


async def take_results(tx: Tx, actor: Actor, dial_list_id: UUID, results: Sequence[DialResult]) -> list[Told]:
    """Keep what came of released records, each once: the first result of a record stands."""
    rows = await load_records(tx, {result.record_id for result in results})
    told: dict[int, Told] = {}
    commands: dict[int, CloseAttempt] = {}
    seen: dict[UUID, ResultCode] = {}
    for place, result in enumerate(results):
        row = rows.get(result.record_id)
        if row is None or row["dial_list_id"] != dial_list_id or not actor.may_see(row["creditor_id"]):
            told[place] = "unknown"
        elif (known := seen.get(result.record_id) or row["result_code"]) is not None:
            told[place] = _told_before(result.result_code, known)
        elif not may_become(row["status"], "done"):
            told[place] = "not-released"
        elif not MEANINGS[result.result_code].is_for_dialer:
            told[place] = "refused"
        else:
            seen[result.record_id] = result.result_code
            report = Report(result.result_code)
            commands[place] = CloseAttempt(row["attempt_id"], report, actor.sub, at=result.at)
    closed = dict(zip(commands, await close_attempts(tx, list(commands.values())), strict=True))
    refused = [results[place] for place, outcome in closed.items() if isinstance(outcome, Refusal)]
    # The same batch may have been taken while this one waited for its attempts.
    meanwhile = await load_records(tx, {result.record_id for result in refused})
    done = []
    for place, outcome in closed.items():
        record_id, code = results[place].record_id, results[place].result_code
        if isinstance(outcome, Refusal):
            told[place] = _told_before(code, meanwhile[record_id]["result_code"])
        else:
            told[place] = "taken"
            done.append({"record_id": record_id, "status": "done", "result_code": code})
    await update_records(tx, done)
    return [told[place] for place in range(len(results))]


def _told_before(code: ResultCode, kept: ResultCode | None) -> Told:
    return "already" if kept == code else "conflict"
