"""Closes attempts with their outcomes, a batch in one transaction, with the marks they leave and what comes next.

The restrictions that were heard are told to compliance before (`hearing.py`) and once more by the event; what follows
inside of contact (wrong numbers, opt-outs, callbacks, verified numbers) commits with the outcome.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from services.contact.domain.attempt import Outcome, Report, judge_outcome
from services.contact.domain.contact_points import KIND_OF
from services.contact.domain.placing import DebtFacts, PointOfParty
from services.contact.handlers.callbacks import NewCallback, keep_due, schedule
from services.contact.handlers.marks import invalidate, opt_out
from services.contact.handlers.outcome_facts import CloseAttempt, Closed, Row, closed_row, publish
from services.contact.handlers.outcome_marks import invalid_points, opt_outs, points_of
from services.contact.store.attempts import load_attempts, locks_of_attempts, to_attempt, update_attempts
from services.contact.store.cases import load_debts, load_points
from services.contact.store.marks import Learnt, learn
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal

__all__ = ["CloseAttempt", "Closed", "close_attempts", "judge"]


async def judge(tx: Tx, commands: Sequence[CloseAttempt]) -> list[tuple[Row, Outcome] | Refusal]:
    """Say of each command what its outcome would mean.

    Refuses: `attempt-unknown`, `contact-point-mismatch`, and as `judge_outcome`.
    """
    rows = await load_attempts(tx, {command.attempt_id for command in commands})
    debts = await load_debts(tx, {debt for command in commands for debt in _debts(command.report)})
    points = await load_points(tx, {point for command in commands for point in _points(command.report)})
    found: list[tuple[Row, Outcome] | Refusal] = []
    for command in commands:
        row = rows.get(command.attempt_id)
        if row is None or (command.creditors is not None and row["creditor_id"] not in command.creditors):
            found.append(Refusal("attempt-unknown", "There is no such contact attempt."))
            continue
        outcome = judge_outcome(to_attempt(row), command.report)
        if isinstance(outcome, Refusal):
            found.append(outcome)
        else:
            strange = _refuse_debts(row, command.report, debts) or _refuse_points(row, command.report, points)
            found.append(strange or (row, outcome))
    return found


async def close_attempts(tx: Tx, commands: Sequence[CloseAttempt]) -> list[Closed | Refusal]:
    """Close the attempts of a batch; the first outcome of an attempt stands. Refuses as `judge`."""
    fixed = await locks_of_attempts(tx, [command.attempt_id for command in commands])
    points = [row["contact_point_id"] for row in fixed if row["contact_point_id"] is not None]
    named = [point for command in commands for point in _points(command.report)]
    await lock(
        tx,
        creditors={row["creditor_id"] for row in fixed},
        accounts=[*(row["attempt_id"] for row in fixed), *points, *named],
    )
    now = tx.clock.now()
    results: list[Closed | Refusal] = []
    seen: set[UUID] = set()
    for command, judged in zip(commands, await judge(tx, commands), strict=True):
        if isinstance(judged, Refusal):
            results.append(judged)
        elif command.attempt_id in seen:
            results.append(Refusal("attempt-closed", "The attempt is closed twice."))
        else:
            seen.add(command.attempt_id)
            row, outcome = judged
            results.append(Closed(command, row, outcome, command.at or now, command.next_step_id))
    closed = await _with_callbacks(tx, [one for one in results if isinstance(one, Closed)])
    await _save(tx, list(closed.values()))
    return [closed[one.command.attempt_id] if isinstance(one, Closed) else one for one in results]


async def _with_callbacks(tx: Tx, closed: Sequence[Closed]) -> dict[UUID, Closed]:
    """Keep the callbacks that were due, and schedule those that were agreed."""
    reached = [(one.row["party_id"], one.command.attempt_id) for one in closed if one.outcome.meaning.is_right_party]
    await keep_due(tx, reached, tx.clock.now())
    agreed = [one for one in closed if one.command.callback_at is not None]
    made = await schedule(tx, [_callback(one) for one in agreed])
    ids = {one.command.attempt_id: callback_id for one, callback_id in zip(agreed, made, strict=True)}
    return {
        one.command.attempt_id: replace(one, next_step_id=ids.get(one.command.attempt_id, one.next_step_id))
        for one in closed
    }


def _callback(closed: Closed) -> NewCallback:
    row, command = closed.row, closed.command
    assert command.callback_at is not None  # noqa: S101 - the caller has chosen these
    return NewCallback(
        creditor_id=row["creditor_id"],
        party_id=row["party_id"],
        account_ids=closed.outcome.report.debts_discussed or tuple(row["account_ids"]),
        channel=row["channel"] if row["channel"] != "voicemail" else "phone",
        contact_point_id=row["contact_point_id"],
        callback_at=command.callback_at,
        is_requested=True,
        actor=command.actor,
        made_in=command.attempt_id,
    )


async def _save(tx: Tx, closed: Sequence[Closed]) -> None:
    await update_attempts(tx, [closed_row(one) for one in closed])
    visits = dict(await tx.fetch(_VISITED, [one.command.attempt_id for one in closed]))
    for one in closed:
        publish(tx, one, visits.get(one.command.attempt_id))
    points = await load_points(tx, points_of(closed))
    at_point = [one for one in closed if one.row["contact_point_id"] in points]
    await learn(
        tx,
        [
            Learnt(
                row["contact_point_id"], row["party_id"], row["creditor_id"], one.completed_at, "right_party_contact"
            )
            for one in at_point
            if (row := one.row) and one.outcome.meaning.is_right_party and row["direction"] == "outbound"
        ],
    )
    await invalidate(tx, [invalid for one in closed for invalid in invalid_points(one, points)])
    await opt_out(tx, [said for one in closed for said in opt_outs(one, points)])


_VISITED = """
UPDATE field_visit SET status = 'completed' WHERE attempt_id = ANY($1::uuid[]) AND status = 'begun'
RETURNING attempt_id, field_visit_id
"""


def _debts(report: Report) -> set[UUID]:
    return {*report.debts_discussed, *(debt for said in report.heard for debt in said.account_ids)}


def _points(report: Report) -> set[UUID]:
    return {said.contact_point_id for said in report.heard if said.contact_point_id is not None}


def _refuse_debts(row: Row, report: Report, debts: Mapping[UUID, DebtFacts]) -> Refusal | None:
    if all(_is_of(row, debt, debts.get(debt)) for debt in _debts(report)):
        return None
    return Refusal("debts-discussed-invalid", "A debt is not the party's.", "debts_discussed")


def _refuse_points(row: Row, report: Report, points: Mapping[UUID, PointOfParty]) -> Refusal | None:
    """What was said of a contact point is of the party's own, and a medium is refused at one of its kind."""
    for said in report.heard:
        if said.contact_point_id is None:
            continue
        point = points.get(said.contact_point_id)
        if point is None or point.party_id != row["party_id"]:
            return Refusal("contact-point-mismatch", "A contact point is not the party's.", "heard")
        if said.kind == "stop_medium" and point.facts.kind != KIND_OF[said.channel or row["channel"]]:
            return Refusal("contact-point-mismatch", "A contact point is not of the channel.", "heard")
    return None


def _is_of(row: Row, account_id: UUID, debt: DebtFacts | None) -> bool:
    """A debt that the attempt was made about stays its debt, whoever has it now."""
    return account_id in row["account_ids"] or (debt is not None and row["party_id"] in debt.parties)
