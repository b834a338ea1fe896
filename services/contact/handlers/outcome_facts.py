"""An outcome as it is kept and published: what it means by law goes out with it, so that nobody needs the codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contact.domain.attempt import Outcome, Report
from shared.db.transaction import Tx
from shared.events.contact import ContactCompleted, FieldVisitCompleted, Heard

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CloseAttempt:
    """The outcome of one attempt. `creditors`: those that the token reaches, None for all."""

    attempt_id: UUID
    report: Report
    actor: str
    creditors: frozenset[UUID] | None = None
    callback_at: datetime | None = None
    next_step_id: UUID | None = None
    refusal_reason: str | None = None
    note: str | None = None
    at: datetime | None = None
    """When it ended; None: now."""


@dataclass(frozen=True, slots=True)
class Closed:
    """An attempt that is closed: its row as it was, its outcome, and the id of its next step."""

    command: CloseAttempt
    row: Row
    outcome: Outcome
    completed_at: datetime
    next_step_id: UUID | None


def closed_row(closed: Closed) -> dict[str, Any]:
    """The columns that an outcome sets."""
    report = closed.outcome.report
    return {
        "attempt_id": closed.command.attempt_id,
        "status": "closed",
        "result_code": report.result_code,
        "completed_at": closed.completed_at,
        "completed_by": closed.command.actor,
        "debts_discussed": list(report.debts_discussed),
        "heard": [heard.model_dump(mode="json") for heard in _heard(closed)],
        "next_step": report.next_step,
        "next_step_id": closed.next_step_id,
        "refusal_reason": closed.command.refusal_reason,
        "note": "\n\n".join(note for note in (closed.row["note"], closed.command.note) if note) or None,
    }


def _heard(closed: Closed) -> tuple[Heard, ...]:
    return tuple(
        Heard(
            kind=said.kind,
            channel=said.channel or (closed.row["channel"] if said.kind == "stop_medium" else None),
            contact_point_id=said.contact_point_id,
            account_ids=said.account_ids,
            not_before=said.not_before,
        )
        for said in closed.outcome.heard
    )


def publish(tx: Tx, closed: Closed, field_visit_id: UUID | None) -> None:
    """Publish the outcome, and that a field visit is completed, if it was one."""
    row, meaning, report = closed.row, closed.outcome.meaning, closed.outcome.report
    shared = {
        "creditor_id": row["creditor_id"],
        "account_id": row["account_ids"][0],
        "account_ids": tuple(row["account_ids"]),
        "party_id": row["party_id"],
        "attempt_id": row["attempt_id"],
        "contact_point_id": row["contact_point_id"],
    }
    is_outbound_call = row["direction"] == "outbound" and row["channel"] in ("phone", "voicemail")
    event = {
        **shared,
        "permit_id": row["permit_id"],
        "direction": row["direction"],
        "channel": row["channel"],
        "purpose": row["purpose"],
        "at": row["placed_at"],
        "completed_at": closed.completed_at,
        "result_code": report.result_code,
        "is_connected": meaning.is_connected,
        "counts_as_call": meaning.counts_as_call and is_outbound_call,
        "is_conversation": meaning.is_conversation,
        "is_communication": meaning.is_communication,
        "is_right_party": meaning.is_right_party,
        "is_excluded_party": meaning.is_excluded_party,
        "debts_discussed": report.debts_discussed,
        "heard": _heard(closed),
        "next_step": report.next_step,
        "next_step_id": closed.next_step_id,
        "callback_at": closed.command.callback_at,
        "refusal_reason": closed.command.refusal_reason,
    }
    tx.emit("contact.completed", ContactCompleted.model_validate(event))
    if field_visit_id is not None:
        visit = {
            **shared,
            "field_visit_id": field_visit_id,
            "result_code": report.result_code,
            "at": closed.completed_at,
        }
        tx.emit("field_visit.completed", FieldVisitCompleted.model_validate(visit))
